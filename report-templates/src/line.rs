//! Line: words, each with how it stands. A page on a screen and one on paper show the same lines; as
//! text of a template a line is HTML, escaped.

use std::fmt;

use crate::text::{escaped, glyph, minute, number, person, short, span, told, words};

/// Words that stand in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// As they are.
    Plain(String),
    /// A sentence of the report: moments to the minute, digests short.
    Told(String),
    /// The same, apart from the direction of the words around it.
    Apart(String),
    /// A name, apart; a short one is never broken.
    Name(String),
    /// The same, which breaks anywhere.
    Spelled(String),
    /// In bold.
    Strong(String),
    /// What goes on in a smaller size.
    Small(String),
    /// What is read by a machine.
    Code(String),
    /// The same, however long: it breaks anywhere.
    Whole(String),
    /// A text by its first and last characters; the whole beside it.
    Short(String),
    /// A digest by its first and last digits.
    Digest(String),
    /// A person by the first characters of the pseudonym.
    Person(String),
    /// A moment to the minute.
    Time(String),
    /// A number of things.
    Count(u64),
    /// A length of time in seconds.
    Seconds(u64),
    /// A state: glyph, words, colour.
    State(String),
    /// The glyph of a state, which says nothing to those who do not see it.
    Glyph(String),
    /// A severity.
    Severity(String),
    /// The same in bold, whatever it is.
    Weight(String),
    /// A place on the page, or a page beside it.
    Link(String, String),
    /// The end of a line.
    Break,
    /// What only a screen shows.
    Screen(Line),
}

/// Words that follow each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line(pub(crate) Vec<Span>);

impl Line {
    /// Words as they are.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self(vec![Span::Plain(text.into())])
    }

    /// A sentence of the report.
    pub(crate) fn told(text: impl Into<String>) -> Self {
        Self(vec![Span::Told(text.into())])
    }

    /// One span.
    pub(crate) fn of(span: Span) -> Self {
        Self(vec![span])
    }

    /// The same with words as they are behind it.
    #[must_use]
    pub(crate) fn and(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Plain(text.into()));
        self
    }

    /// The same with a span behind it.
    #[must_use]
    pub(crate) fn with(mut self, span: Span) -> Self {
        self.0.push(span);
        self
    }

    /// The same with another line behind it.
    #[must_use]
    pub(crate) fn join(mut self, other: &Self) -> Self {
        self.0.extend(other.0.iter().cloned());
        self
    }

    /// The words as they are, without how they stand.
    #[cfg(feature = "pdf")]
    pub(crate) fn text(&self) -> String {
        let text = self.0.iter().filter_map(|span| match span {
            Span::Plain(text) | Span::Told(text) => Some(text.as_str()),
            _ => None,
        });
        text.collect()
    }

    /// Whether it says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.0
            .iter()
            .all(|span| matches!(span, Span::Plain(text) | Span::Told(text) if text.is_empty()))
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Self::plain(text)
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self::plain(text)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|span| span.fmt(f))
    }
}

/// Bytes of a name that is never broken.
const KEPT: usize = 18;

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => f.write_str(&escaped(text)),
            Self::Told(text) => f.write_str(&told(text)),
            Self::Apart(text) => write!(f, "<bdi>{}</bdi>", told(text)),
            Self::Name(text) if text.len() <= KEPT => {
                write!(f, r#"<bdi class="k">{}</bdi>"#, escaped(text))
            }
            Self::Name(text) | Self::Spelled(text) => write!(f, "<bdi>{}</bdi>", escaped(text)),
            Self::Strong(text) => write!(f, "<b>{}</b>", escaped(text)),
            Self::Small(text) => write!(f, "<small>{}</small>", escaped(text)),
            Self::Code(text) => write!(f, "<code>{}</code>", escaped(text)),
            Self::Whole(text) => write!(f, r#"<code class="whole">{}</code>"#, escaped(text)),
            Self::Short(text) => {
                write!(f, r#"<span title="{}">{}</span>"#, escaped(text), escaped(&short(text)))
            }
            Self::Digest(text) => {
                write!(f, r#"<code title="{}">{}</code>"#, escaped(text), escaped(&short(text)))
            }
            Self::Person(text) => {
                let (first, beside) = person(text);
                let (whole, first, beside) = (escaped(text), escaped(first), escaped(beside));
                write!(f, r#"<code title="{whole}">{first}</code>{beside}"#)
            }
            Self::Time(text) => {
                let shown = escaped(&minute(text));
                write!(f, r#"<time datetime="{}">{shown}</time>"#, escaped(text))
            }
            Self::Count(count) => write!(f, r#"<data value="{count}">{}</data>"#, number(*count)),
            Self::Seconds(count) => write!(f, r#"<data value="{count}">{}</data>"#, span(*count)),
            Self::State(state) => write!(
                f,
                r#"<span class="s s-{}"><span aria-hidden="true">{}</span> {}</span>"#,
                escaped(state),
                glyph(state),
                words(state)
            ),
            Self::Glyph(state) => write!(f, r#"<span aria-hidden="true">{}</span>"#, glyph(state)),
            Self::Severity(text) => write!(f, r#"<span class="sev-{0}">{0}</span>"#, escaped(text)),
            Self::Weight(text) => write!(f, r#"<b class="sev-{0}">{0}</b>"#, escaped(text)),
            Self::Link(to, text) => {
                write!(f, r#"<a href="{}">{}</a>"#, escaped(to), escaped(text))
            }
            Self::Break => f.write_str("<br>"),
            Self::Screen(line) => write!(f, r#"<span class="x">{line}</span>"#),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Span};

    #[test]
    fn a_line_is_html_that_is_escaped() {
        let line = Line::plain("<1> ").with(Span::Strong("&".into())).with(Span::Code("\"".into()));
        assert_eq!(line.to_string(), "&lt;1&gt; <b>&amp;</b><code>&quot;</code>");
        let to = Span::Link("#a".into(), "a".into());
        assert_eq!(Line::of(to).to_string(), r##"<a href="#a">a</a>"##);
        assert!(Line::default().is_empty() && Line::plain("").is_empty());
        assert!(!Line::of(Span::Break).is_empty());
        let who = "qfa3mkubk5ghd665leuff2bavq (erased by entry 7)";
        let shown = Line::of(Span::Person(who.into())).to_string();
        assert_eq!(shown, format!(r#"<code title="{who}">qfa3mkub</code> (erased by entry 7)"#));
    }
}
