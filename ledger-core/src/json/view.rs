//! Views: the values of a canonical text, borrowed from it and from the list of its values.

use std::borrow::Cow;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// An integer.
    Integer,
    /// A string.
    Text,
    /// An array.
    List,
    /// An object.
    Object,
}

/// One value in the list: what it is and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Whether a string holds an escape.
    pub(super) escaped: bool,
    pub(super) start: u32,
    pub(super) end: u32,
    /// Index of the node after this one and all below it.
    pub(super) next: u32,
}

/// The values of a text that was read before, so that it need not be scanned again where it stands
/// within another: the event of a line.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub(super) nodes: Box<[Node]>,
}

/// One value of a [`super::Document`], and through it all below it.
#[derive(Clone, Copy)]
pub struct View<'a> {
    text: &'a str,
    nodes: &'a [Node],
    at: usize,
}

impl std::fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.raw_text())
    }
}

impl<'a> View<'a> {
    /// The value of the whole text.
    pub(super) fn root(text: &'a str, nodes: &'a [Node]) -> Self {
        Self { text, nodes, at: 0 }
    }

    /// What the whole text held, for [`super::Document::parse_line`].
    pub fn known(&self) -> Known {
        Known { nodes: self.nodes.into() }
    }

    fn node(&self) -> Option<Node> {
        self.nodes.get(self.at).copied()
    }

    /// What the value is.
    pub fn kind(&self) -> Kind {
        self.node().map_or(Kind::Bool, |node| node.kind)
    }

    /// The canonical bytes of the value itself, as they stand in the text.
    pub fn raw(&self) -> &'a [u8] {
        self.raw_text().as_bytes()
    }

    /// Like [`View::raw`], as text.
    pub fn raw_text(&self) -> &'a str {
        self.node()
            .and_then(|node| self.text.get(node.start as usize..node.end as usize))
            .unwrap_or_default()
    }

    /// The string, unescaped; none for another kind.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        let inner = self.inner()?;
        if self.node()?.escaped {
            Some(Cow::Owned(unescape(inner)))
        } else {
            Some(Cow::Borrowed(inner))
        }
    }

    /// The string if it holds no escape: restricted strings never do.
    pub fn plain(&self) -> Option<&'a str> {
        if self.node()?.escaped { None } else { self.inner() }
    }

    fn inner(&self) -> Option<&'a str> {
        if self.kind() != Kind::Text {
            return None;
        }
        let raw = self.raw_text();
        raw.strip_prefix('"')?.strip_suffix('"')
    }

    /// The integer; none for another kind.
    pub fn integer(&self) -> Option<i64> {
        if self.kind() == Kind::Integer { self.raw_text().parse().ok() } else { None }
    }

    /// The integer if it is not negative.
    pub fn unsigned(&self) -> Option<u64> {
        self.integer().and_then(|value| u64::try_from(value).ok())
    }

    /// The truth value; none for another kind.
    pub fn boolean(&self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.raw() == b"true")
    }

    /// The members of an object in order; nothing for another kind.
    pub fn members(&self) -> Members<'a> {
        Members(self.children(Kind::Object))
    }

    /// The items of an array in order; nothing for another kind.
    pub fn items(&self) -> Items<'a> {
        self.children(Kind::List)
    }

    /// The member of that name.
    pub fn get(&self, name: &str) -> Option<View<'a>> {
        self.members().find_map(|(found, value)| (found == name).then_some(value))
    }

    /// The value at a JSON pointer (RFC 6901) below this one; names here never need `~` escapes.
    pub fn pointer(&self, pointer: &str) -> Option<View<'a>> {
        if pointer.is_empty() {
            return Some(*self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(*self, |value, step| match value.kind() {
            Kind::Object => value.get(step),
            Kind::List => {
                let position: usize = step.parse().ok()?;
                (position.to_string() == step).then(|| value.items().nth(position)).flatten()
            }
            _ => None,
        })
    }

    fn children(&self, kind: Kind) -> Items<'a> {
        let end = match self.node() {
            Some(node) if node.kind == kind => node.next as usize,
            _ => 0,
        };
        Items { text: self.text, nodes: self.nodes, at: self.at + 1, end }
    }
}

/// Items of an array, in order.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    text: &'a str,
    nodes: &'a [Node],
    at: usize,
    end: usize,
}

impl<'a> Iterator for Items<'a> {
    type Item = View<'a>;

    fn next(&mut self) -> Option<View<'a>> {
        if self.at >= self.end {
            return None;
        }
        let view = View { text: self.text, nodes: self.nodes, at: self.at };
        self.at = view.node()?.next as usize;
        Some(view)
    }
}

/// Members of an object, in order.
#[derive(Clone, Debug)]
pub struct Members<'a>(Items<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, View<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let name = self.0.next()?;
        Some((name.inner()?, self.0.next()?))
    }
}

fn unescape(inner: &str) -> String {
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            text.push(char);
            continue;
        }
        match chars.next() {
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('u') => {
                let hex: String = chars.by_ref().take(4).collect();
                text.extend(u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32));
            }
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}
