//! Lazy: a document that is made while it is written, because its tree would not fit into memory.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{Value, quote};

/// Bytes that are handed over at a time.
const PIECE: usize = 1 << 16;

/// Items that one task writes.
const PART: usize = 512;

/// Parts that wait at a time.
const PARTS: usize = 16;

/// A JSON value whose lists are made item by item; its canonical text is that of the [`Value`] with
/// the same members.
pub enum Lazy<'a> {
    /// A value that is there.
    Value(Value),
    /// An array; its items are made as they are written.
    List(Box<dyn Iterator<Item = Lazy<'a>> + 'a>),
    /// An object; the map keeps the canonical order.
    Object(BTreeMap<&'static str, Lazy<'a>>),
    /// An array, some parts of the canonical text of its items at a time: what [`Lazy::written`] makes.
    Written(Box<dyn Iterator<Item = Vec<String>> + 'a>),
}

impl std::fmt::Debug for Lazy<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value(value) => value.fmt(f),
            Self::List(_) | Self::Written(_) => f.write_str("[..]"),
            Self::Object(members) => members.fmt(f),
        }
    }
}

impl From<Value> for Lazy<'_> {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

impl<'a> Lazy<'a> {
    /// An object of the given members.
    pub fn object<V: Into<Self>>(members: impl IntoIterator<Item = (&'static str, V)>) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name, value.into())).collect())
    }

    /// An array of what the iterator gives.
    pub fn list<V: Into<Self> + 'a>(items: impl Iterator<Item = V> + 'a) -> Self {
        Self::List(Box::new(items.map(Into::into)))
    }

    /// An array of what `item` makes of each, written by all cores.
    pub fn written<T: Sync>(items: &'a [T], item: impl Fn(&T) -> Value + Sync + 'a) -> Self {
        let part = move |items: &[T]| {
            let mut text = String::new();
            for (position, known) in items.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                item(known).write(&mut text);
            }
            text
        };
        let some = items.chunks(PARTS * PART);
        Self::Written(Box::new(some.map(move |items| items.par_chunks(PART).map(&part).collect())))
    }

    /// Hands the canonical text over, piece by piece; the first error of `sink` ends it.
    pub fn write<E>(self, sink: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        let mut buffer = String::with_capacity(2 * PIECE);
        self.fill(&mut buffer, sink)?;
        sink(&buffer)
    }

    /// The canonical text, whole.
    pub fn to_canonical(self) -> String {
        let mut text = String::new();
        let whole = self.write(&mut |piece: &str| {
            text.push_str(piece);
            Ok::<(), std::convert::Infallible>(())
        });
        match whole {
            Ok(()) => text,
            Err(never) => match never {},
        }
    }

    fn fill<E>(
        self,
        buffer: &mut String,
        sink: &mut impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Value(value) => value.write(buffer),
            Self::List(items) => {
                buffer.push('[');
                for (position, item) in items.enumerate() {
                    if position > 0 {
                        buffer.push(',');
                    }
                    item.fill(buffer, sink)?;
                }
                buffer.push(']');
            }
            Self::Written(parts) => {
                buffer.push('[');
                for (position, part) in parts.flatten().enumerate() {
                    if position > 0 {
                        buffer.push(',');
                    }
                    sink(buffer)?;
                    buffer.clear();
                    sink(&part)?;
                }
                buffer.push(']');
            }
            Self::Object(members) => {
                buffer.push('{');
                for (position, (name, value)) in members.into_iter().enumerate() {
                    if position > 0 {
                        buffer.push(',');
                    }
                    quote(name, buffer);
                    buffer.push(':');
                    value.fill(buffer, sink)?;
                }
                buffer.push('}');
            }
        }
        if buffer.len() >= PIECE {
            sink(buffer)?;
            buffer.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_that_of_the_value_and_comes_in_pieces() {
        let item = |number: u64| {
            Value::object([("b", Value::count(number)), ("a", Value::text("\"x\"".repeat(10)))])
        };
        let numbers: Vec<u64> = (0..20_000).collect();
        let lazy = Lazy::object([
            ("z", Lazy::list((0..5000).map(item))),
            ("empty", Lazy::list(std::iter::empty::<Value>())),
            ("y", Lazy::written(&numbers, |number| item(*number))),
            ("w", Lazy::written(&[] as &[u64], |number| item(*number))),
            ("a", Lazy::from(Value::Bool(true))),
        ]);
        let value = Value::object([
            ("a", Value::Bool(true)),
            ("empty", Value::List(Vec::new())),
            ("w", Value::List(Vec::new())),
            ("y", Value::List((0..20_000).map(item).collect())),
            ("z", Value::List((0..5000).map(item).collect())),
        ]);
        let (mut text, mut pieces) = (String::new(), 0);
        let written: Result<(), ()> = lazy.write(&mut |piece: &str| {
            text.push_str(piece);
            pieces += 1;
            Ok(())
        });
        assert_eq!(written, Ok(()));
        assert_eq!(text, value.to_canonical());
        assert!(pieces > 2, "written in pieces, not as a whole: {pieces}");
    }

    #[test]
    fn the_first_error_ends_it() {
        let mut made = 0;
        let items = (0..1_000_000).map(|number| {
            made += 1;
            Value::count(number)
        });
        let written = Lazy::list(items).write(&mut |_: &str| Err("full"));
        assert_eq!(written, Err("full"));
        assert!(made < 100_000, "the rest was not made");
    }
}
