//! Words: how spans and entries stand in a sentence.

use std::fmt::Write as _;

/// A span in the words of a sentence: its two largest units.
pub fn span(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let Some(first) = units.iter().position(|(length, _)| seconds >= *length) else {
        return "0 s".to_owned();
    };
    let mut text = String::new();
    let mut rest = seconds;
    for (length, unit) in units.iter().skip(first).take(2) {
        let count = rest / length;
        rest %= length;
        if count > 0 {
            let space = if text.is_empty() { "" } else { " " };
            let _ = write!(text, "{space}{count} {unit}");
        }
    }
    text
}

/// `entry 7`, or `entries 7, 8 and 9`.
pub fn entries(indexes: &[u64]) -> String {
    match indexes {
        [] => "no entry".to_owned(),
        [one] => format!("entry {one}"),
        [most @ .., last] => {
            let most: Vec<String> = most.iter().map(u64::to_string).collect();
            format!("entries {} and {last}", most.join(", "))
        }
    }
}
