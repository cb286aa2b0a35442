//! Range: whether a parameter is what a template allows.

use std::fmt::Write as _;

use crate::schema::change::ParameterRange;

/// Digits after the point that a decimal may have.
const DIGITS: usize = 18;

/// Why a parameter is none that these ranges allow; all that a range says must hold.
pub(super) fn outside(ranges: &[ParameterRange], name: &str, value: &str) -> Option<String> {
    let Some(range) = ranges.iter().find(|range| range.name.as_str() == name) else {
        return Some(format!("not for {name}, which it does not name"));
    };
    if range.values.as_ref().is_some_and(|all| all.iter().all(|known| known.as_str() != value)) {
        return Some(format!("not for {name} {value}, which is none of its values"));
    }
    let ends = [range.minimum.as_ref(), range.maximum.as_ref()];
    if ends.iter().all(Option::is_none) {
        return None;
    }
    let Some(number) = whole(value) else {
        return Some(format!("not for {name} {value}, which is no number"));
    };
    let [below, above] = ends.map(|end| end.and_then(|end| whole(end.as_str())));
    if below.is_none_or(|least| least <= number) && above.is_none_or(|most| number <= most) {
        return None;
    }
    let mut words = format!("not for {name} {value}, but");
    for (word, end) in ["from", "to"].into_iter().zip(ends) {
        if let Some(end) = end {
            let _ = write!(words, " {word} {}", end.as_str());
        }
    }
    Some(words)
}

/// A decimal in parts of 10^-18, if it is one.
fn whole(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (front, back) = digits.split_once('.').unwrap_or((digits, "0"));
    let number = |part: &str| {
        let plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if plain { part.parse::<i128>().ok() } else { None }
    };
    if back.is_empty() || front.len() > DIGITS || back.len() > DIGITS {
        return None;
    }
    let parts = number(&format!("{back:0<DIGITS$}"))?;
    Some(sign * (number(front)? * 10_i128.pow(18) + parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_compared_exactly() {
        let order = ["-10.5", "-10.49", "-0.1", "0", "0.000000000000000001", "0.1", "2", "10"];
        for pair in order.windows(2) {
            assert!(whole(pair[0]).unwrap() < whole(pair[1]).unwrap(), "{pair:?}");
        }
        assert_eq!(whole("1.50"), whole("1.5"));
        for wrong in ["", "-", ".5", "5.", "1e3", "+1", "four", "1.2.3", "--1"] {
            assert_eq!(whole(wrong), None, "{wrong}");
        }
    }
}
