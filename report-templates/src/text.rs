//! Text: what an event says, as a reader may see it.

use std::fmt::Write as _;

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

/// A sentence with its moments to the minute.
pub fn told(sentence: &str) -> String {
    let mut out = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some(at) = rest.find(".000000Z") {
        let (before, after) = rest.split_at(at);
        let time = before.len().checked_sub(19).and_then(|from| before.split_at_checked(from));
        match time {
            Some((words, time)) if is_moment(time) => {
                let (day, clock) = time.split_once('T').unwrap_or((time, ""));
                out.push_str(words);
                out.push_str(day);
                out.push(' ');
                out.push_str(clock.get(..5).unwrap_or(clock));
            }
            _ => {
                out.push_str(before);
                out.push_str(".000000Z");
            }
        }
        rest = after.get(8..).unwrap_or_default();
    }
    out.push_str(rest);
    escaped(&out)
}

fn is_moment(text: &str) -> bool {
    let fits =
        |(byte, form): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { byte == form };
    text.len() == 19 && text.bytes().zip(*b"0000-00-00T00:00:00").all(fits)
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

/// Seconds by their two largest units.
pub fn span(seconds: u64) -> String {
    ledger_core::check::span(seconds.saturating_mul(1_000_000))
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
        assert_eq!(number(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(number(12), "12");
        let sentence = "due 2026-07-10T10:00:30.000000Z, not .000000Z <";
        assert_eq!(told(sentence), "due 2026-07-10 10:00, not .000000Z &lt;");
    }
}
