//! Detector: what in a plain string names a person or gives away a secret.
//!
//! They look for shapes and are often wrong about numbers: so they ask for more than digits.

use crate::check::{Direction, Parameter, Value};

pub(super) const DETECTORS: Parameter = Parameter::new(
    "detectors",
    || {
        let all = ["email", "phone", "national-id", "medical-record", "secret", "ip-address"];
        Value::Ids(all.map(str::to_owned).to_vec())
    },
    Direction::Larger,
    "detectors that run over what is not sealed",
);

/// The first of the wanted detectors that finds something.
pub(super) fn find(text: &str, wanted: &[String]) -> Option<&'static str> {
    ALL.iter()
        .find(|(name, finds)| wanted.iter().any(|own| own == name) && finds(text))
        .map(|(name, _)| *name)
}

/// Whether what it finds is worse than a name.
pub(super) fn is_grave(name: &str) -> bool {
    matches!(name, "medical-record" | "national-id" | "secret")
}

type Detector = (&'static str, fn(&str) -> bool);

const ALL: [Detector; 6] = [
    ("secret", secret),
    ("national-id", national),
    ("medical-record", medical),
    ("email", email),
    ("phone", phone),
    ("ip-address", address),
];

/// The beginnings that issuers give to their tokens and keys, with enough behind them.
fn secret(text: &str) -> bool {
    const KNOWN: [&str; 9] =
        ["AKIA", "ASIA", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "sk_live_"];
    pieces(text).any(|piece| {
        KNOWN.iter().any(|start| {
            piece.strip_prefix(start).is_some_and(|rest| {
                rest.len() >= 16 && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            })
        })
    })
}

/// A number of the United States' social security: three, two and four digits.
fn national(text: &str) -> bool {
    groups(text, &[3, 2, 4])
}

/// `mrn` and a number behind it.
fn medical(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let mut found = lower.split("mrn").skip(1);
    found.any(|rest| {
        let digits = rest.trim_start_matches(['-', '_', ':', '.', '#', '/']);
        digits.bytes().take_while(u8::is_ascii_digit).count() >= 6
    })
}

/// An address with its sign spelled out or in percent; the sign itself is not in the grammar.
fn email(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["@", "%40", "_at_", "-at-", ".at."].iter().any(|sign| {
        lower.split_once(sign).is_some_and(|(name, domain)| {
            let name = name.rsplit(['/', ':']).next().unwrap_or_default();
            let last = domain.rsplit('.').next().unwrap_or_default();
            !name.is_empty()
                && domain.contains('.')
                && (2..=6).contains(&last.len())
                && last.bytes().all(|b| b.is_ascii_alphabetic())
        })
    })
}

/// A plus and ten to fifteen digits.
fn phone(text: &str) -> bool {
    text.split('+').skip(1).any(|rest| {
        let digits = rest.bytes().filter(u8::is_ascii_digit).count();
        let others = rest.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b'.');
        others && (10..=15).contains(&digits)
    })
}

/// Four numbers below 256 between dots, and nothing else.
fn address(text: &str) -> bool {
    text.split(['/', ':']).any(|piece| {
        let parts: Vec<&str> = piece.split('.').collect();
        let small = |part: &&str| part.len() <= 3 && part.parse::<u8>().is_ok();
        parts.len() == 4 && parts.iter().all(small)
    })
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(['/', ':', '.', '#', '+'])
}

/// Groups of digits of these lengths with hyphens between them, and nothing else around.
fn groups(text: &str, lengths: &[usize]) -> bool {
    pieces(text).any(|piece| {
        let parts: Vec<&str> = piece.split('-').collect();
        parts.len() == lengths.len()
            && parts.iter().zip(lengths).all(|(part, length)| {
                part.len() == *length && part.bytes().all(|b| b.is_ascii_digit())
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_told_apart() {
        let wanted = DETECTORS.default;
        let Value::Ids(wanted) = wanted() else { panic!("ids") };
        for (text, name) in [
            ("ghp_0123456789abcdefABCDEF", Some("secret")),
            ("deploy/AKIA0123456789ABCDEF", Some("secret")),
            ("078-05-1120", Some("national-id")),
            ("patient/MRN-00482913", Some("medical-record")),
            ("ada_at_example.org", Some("email")),
            ("+49-30-1234567890", Some("phone")),
            ("10.0.12.7", Some("ip-address")),
            ("PAY-42", None),
            ("2026-07-01", None),
            ("1.2.3.4567", None),
            ("build+20260701", None),
            ("sha256:0bf474896363505e5ea5e5d6ace8ebfb13a760a409b1fb467d428fc716f9f284", None),
            ("look_at_me", None),
        ] {
            assert_eq!(find(text, &wanted), name, "{text}");
        }
    }
}
