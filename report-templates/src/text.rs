//! Text: what an event says, as a reader may see it.

use std::fmt::Write as _;

use ledger_core::time::Timestamp;

/// Characters of a text that a page shows; the whole stands in the files.
const SHOWN: usize = 600;

/// The text with everything spelled out that would not be seen, or would turn the text around it:
/// control characters, marks of direction, joiners, private and unassigned signs of format. Longer
/// ones are cut, and say so.
pub fn visible(text: &str) -> String {
    let mut rest = text.chars();
    let mut out = spelled(rest.by_ref().take(SHOWN));
    let more = rest.count();
    if more > 0 {
        let _ = write!(out, "\u{2026} ({} characters in all)", SHOWN + more);
    }
    out
}

/// The characters with everything spelled out that would not be seen, or would turn the text around
/// it.
pub fn spelled(chars: impl Iterator<Item = char>) -> String {
    let mut out = String::with_capacity(chars.size_hint().0);
    for char in chars {
        if hides(char) {
            let _ = write!(out, "\u{27e8}U+{:04X}\u{27e9}", u32::from(char));
        } else {
            out.push(char);
        }
    }
    out
}

/// Whether a character is not seen, or changes how others are seen.
fn hides(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

/// The text between tags or in a quoted attribute.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in visible(text).chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            plain => out.push(plain),
        }
    }
    out
}

/// The text within a string of a style sheet.
pub fn in_style(text: &str) -> String {
    let mut out = String::new();
    for char in visible(text).chars() {
        if char.is_ascii_alphanumeric() || " .,:-".contains(char) {
            out.push(char);
        } else {
            let _ = write!(out, "\\{:06x}", u32::from(char));
        }
    }
    out
}

/// A sentence with its moments to the minute, UTC; to the second where two of them would look alike.
pub fn told(sentence: &str) -> String {
    escaped(&brief(sentence))
}

/// The same, not escaped; digests by their first and last digits.
pub fn brief(sentence: &str) -> String {
    let mut out = String::with_capacity(sentence.len());
    let told = timed(sentence);
    for (number, part) in told.split("sha256:").enumerate() {
        if number > 0 {
            out.push_str("sha256:");
        }
        match part.split_at_checked(64).filter(|_| number > 0) {
            Some((digest, rest)) if digest.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                out.push_str(&short(digest));
                out.push_str(rest);
            }
            _ => out.push_str(part),
        }
    }
    out
}

fn timed(sentence: &str) -> String {
    let moments = moments(sentence);
    let alike = |one: &str, other: &str| one != other && one.get(..16) == other.get(..16);
    let close = moments.iter().any(|(_, one)| moments.iter().any(|(_, other)| alike(one, other)));
    let mut out = String::with_capacity(sentence.len());
    let mut from = 0;
    for (at, moment) in &moments {
        out.push_str(sentence.get(from..*at).unwrap_or_default());
        let (day, clock) = moment.split_once('T').unwrap_or((moment, ""));
        let clock =
            if close { clock.trim_end_matches('Z') } else { clock.get(..5).unwrap_or(clock) };
        let _ = write!(out, "{day} {}Z", clock.strip_suffix(".000000").unwrap_or(clock));
        from = at + moment.len();
    }
    out.push_str(sentence.get(from..).unwrap_or_default());
    out
}

/// The moments in a text, each with its place: `2026-07-10T10:00:30.000000Z`, with or without a part of
/// a second.
fn moments(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find('Z')) {
        let end = from + at + 1;
        let moment = [27, 20].into_iter().find_map(|long| {
            let start = end.checked_sub(long).filter(|start| *start >= from)?;
            let moment = text.get(start..end)?;
            is_moment(moment).then_some((start, moment))
        });
        found.extend(moment);
        from = end;
    }
    found
}

fn is_moment(text: &str) -> bool {
    let fits =
        |(byte, form): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { byte == form };
    let forms: [&[u8]; 2] = [b"0000-00-00T00:00:00Z", b"0000-00-00T00:00:00.000000Z"];
    let known = forms.into_iter().find(|form| form.len() == text.len());
    known.is_some_and(|form| text.bytes().zip(form.iter().copied()).all(fits))
}

/// A digest by its first eight and last four digits.
pub fn short(digest: &str) -> String {
    let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
    match (hex.get(..8), hex.len().checked_sub(4).and_then(|from| hex.get(from..))) {
        (Some(first), Some(last)) if hex.len() > 16 => format!("{first}\u{2026}{last}"),
        _ => hex.to_owned(),
    }
}

/// A moment to the minute, without its zone, which is UTC.
pub fn minute(time: &str) -> String {
    match (time.get(..10), time.get(11..16)) {
        (Some(day), Some(clock)) if time.len() == 27 => format!("{day} {clock}"),
        _ => time.to_owned(),
    }
}

/// A person in a cell: the first characters of the pseudonym, which tell people of one report apart,
/// and what stands beside it.
pub fn person(cell: &str) -> (&str, &str) {
    let (name, beside) = cell.split_at(cell.find(' ').unwrap_or(cell.len()));
    (name.get(..8).unwrap_or(name), beside)
}

/// Seconds by their two largest units.
pub fn span(seconds: u64) -> String {
    ledger_core::check::span(seconds.saturating_mul(1_000_000))
}

/// The numbers of a moment: its year; its month, day, hour, minute and second.
pub(crate) fn numbers(moment: Timestamp) -> (u16, [u8; 5]) {
    let text = moment.to_string();
    let year = text.get(..4).and_then(|digits| digits.parse().ok());
    let part = |from: usize, least: u8| {
        let digits = text.get(from..from + 2);
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(least)
    };
    (year.unwrap_or(1970), [part(5, 1), part(8, 1), part(11, 0), part(14, 0), part(17, 0)])
}

/// A whole number with thin spaces between thousands.
pub fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// The glyph of a state.
pub fn glyph(state: &str) -> &'static str {
    match state {
        "pass" => "\u{25cf}",
        "fail" => "\u{25b2}",
        "indeterminate" => "\u{25c6}",
        "waived" => "\u{25c7}",
        "no_occurrence" => "\u{25cb}",
        _ => "\u{2013}",
    }
}

/// The words of a state, as auditors write them.
pub fn words(state: &str) -> &'static str {
    use ledger_core::check::State;
    let states = [
        State::Fail,
        State::Indeterminate,
        State::Waived,
        State::Pass,
        State::NotApplicable,
        State::NoOccurrence,
    ];
    let known = states.into_iter().find(|known| known.as_str() == state);
    known.map_or("unknown", ledger_core::report::words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides() {
        assert_eq!(visible("a\u{202e}b\u{7}"), "a⟨U+202E⟩b⟨U+0007⟩");
        assert_eq!(escaped("<b>&\"'"), "&lt;b&gt;&amp;&quot;&#39;");
        assert_eq!(in_style("\"; } x"), "\\000022\\00003b \\00007d x");
        let long = visible(&"x".repeat(10_000));
        assert!(long.ends_with("… (10000 characters in all)") && long.len() < 700);
        assert_eq!(visible("日本 🚀"), "日本 🚀");
    }

    #[test]
    fn short_forms() {
        assert_eq!(short(&format!("sha256:{}", "ab".repeat(32))), "abababab…abab");
        assert_eq!(minute("2026-07-10T10:00:30.000000Z"), "2026-07-10 10:00");
        let moment = Timestamp::parse(b"2026-07-10T09:08:30.500000Z").unwrap();
        assert_eq!(numbers(moment), (2026, [7, 10, 9, 8, 30]));
        assert_eq!(number(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(number(12), "12");
        let erased = "qfa3mkubk5ghd665leuff2bavq (erased by entry 7)";
        assert_eq!(person(erased), ("qfa3mkub", " (erased by entry 7)"));
        assert_eq!(person("p-0123456789ab"), ("p-012345", ""));
        assert_eq!(person(""), ("", ""));
        let sentence =
            "due 2026-07-10T10:00:30.123456Z, not .000000Z <, Z\u{e9}2026-07-11T10:00:30Z";
        assert_eq!(
            told(sentence),
            "due 2026-07-10 10:00Z, not .000000Z &lt;, Z\u{e9}2026-07-11 10:00Z"
        );
        let built = format!(
            "nothing says that anybody built sha256:{}, and sha256: is none",
            "ab".repeat(32)
        );
        assert_eq!(
            told(&built),
            "nothing says that anybody built sha256:abababab\u{2026}abab, and sha256: is none"
        );
        let close = "began 2026-07-10T10:00:30.000000Z, approved 2026-07-10T10:00:30.500000Z";
        assert_eq!(told(close), "began 2026-07-10 10:00:30Z, approved 2026-07-10 10:00:30.500000Z");
    }
}
