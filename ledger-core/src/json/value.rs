//! A value built in memory, and its one canonical spelling.

use super::{Kind, Name, Object, View};

/// A JSON value of the restricted domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// An integer, |n| ≤ 2^53 − 1.
    Integer(i64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// An object.
    Object(Object),
}

impl Value {
    /// An object of the given members.
    pub fn object<N: Into<Name>>(members: impl IntoIterator<Item = (N, Value)>) -> Self {
        Self::Object(members.into_iter().collect())
    }

    /// A string.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// An integer from a count or position; saturates far beyond any that is legal.
    pub fn count(count: u64) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// The canonical text.
    pub fn to_canonical(&self) -> String {
        let mut out = String::with_capacity(self.room());
        self.write(&mut out);
        out
    }

    /// The length of the canonical text, if nothing in it is escaped.
    fn room(&self) -> usize {
        match self {
            Self::Bool(_) => 5,
            Self::Integer(value) => {
                value.unsigned_abs().checked_ilog10().map_or(1, |digits| digits as usize + 2)
            }
            Self::Text(text) => text.len() + 2,
            Self::List(items) => items.iter().map(|item| item.room() + 1).sum::<usize>() + 2,
            Self::Object(members) => {
                members.iter().map(|(name, value)| name.len() + value.room() + 4).sum::<usize>() + 2
            }
        }
    }

    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Integer(value) => out.push_str(&value.to_string()),
            Self::Text(text) => quote(text, out),
            Self::List(items) => {
                out.push('[');
                for (position, item) in items.iter().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (position, (name, value)) in members.iter().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    quote(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// The member of that name, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Object(members) => members.get(name),
            _ => None,
        }
    }

    /// The members to change, if this is an object.
    pub fn members_mut(&mut self) -> Option<&mut Object> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The string, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl From<View<'_>> for Value {
    fn from(view: View<'_>) -> Self {
        match view.kind() {
            Kind::Bool => Self::Bool(view.boolean().unwrap_or_default()),
            Kind::Integer => Self::Integer(view.integer().unwrap_or_default()),
            Kind::Text => Self::Text(view.text().unwrap_or_default().into_owned()),
            Kind::List => Self::List(view.items().map(Self::from).collect()),
            Kind::Object => Self::object(
                view.members().map(|(name, value)| (name.to_owned(), Self::from(value))),
            ),
        }
    }
}

/// Writes the canonical string literal of `text` (RFC 8785, section 3.2.2.2).
pub fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    // nearly every text has nothing to escape, and is copied as a whole
    while let Some(at) = rest.bytes().position(is_escaped) {
        let (plain, after) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = after.chars();
        if let Some(char) = chars.next() {
            escape(char, out);
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn is_escaped(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

fn escape(char: char, out: &mut String) {
    match char {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        control => {
            out.push_str("\\u00");
            let code = u32::from(control);
            out.extend(
                [code >> 4, code & 15].iter().filter_map(|&digit| char::from_digit(digit, 16)),
            );
        }
    }
}
