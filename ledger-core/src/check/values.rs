//! Values: what was read of an item, by name.

use std::fmt::{Display, Write as _};

/// Values by name, in the order of their reading: one text holds them all, since an evaluation has
/// millions of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    text: String,
    /// The name of each, and where it ends in the text.
    ends: Vec<(&'static str, u32)>,
}

impl Values {
    /// Each name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> + '_ {
        let begins = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        self.ends.iter().zip(begins).map(|((name, end), begin)| {
            let range = usize::try_from(begin).ok().zip(usize::try_from(*end).ok());
            let value = range.and_then(|(begin, end)| self.text.get(begin..end));
            (*name, value.unwrap_or_default())
        })
    }

    /// The first value of the name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Adds a value.
    pub(super) fn push(&mut self, name: &'static str, value: impl Display) {
        // a String takes what is written
        let _ = write!(self.text, "{value}");
        self.ends.push((name, u32::try_from(self.text.len()).unwrap_or(u32::MAX)));
    }

    /// Gives back memory that is not used.
    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_stands_under_its_name() {
        let mut values = Values::default();
        assert_eq!(values.iter().count(), 0);
        values.push("class", "normal");
        values.push("empty", "");
        values.push("freeze", "Jahresabschluß");
        values.push("freeze", 7);
        values.shrink();
        let all: Vec<_> = values.iter().collect();
        let wanted =
            [("class", "normal"), ("empty", ""), ("freeze", "Jahresabschluß"), ("freeze", "7")];
        assert_eq!(all, wanted);
        assert_eq!(values.get("freeze"), Some("Jahresabschluß"));
        assert_eq!(values.get("none"), None);
    }
}
