//! Foreign XML, as elements and attributes: no entity is expanded but the five of XML itself and
//! those of characters, nothing is fetched, and a document that declares entities is refused.

use std::borrow::Cow;

use encoding_rs::Encoding;
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

use super::Reason;

/// Deepest nesting that is read; nested suites stay below 10.
const MAX_DEPTH: usize = 64;
/// Most elements of a document.
const MAX_ELEMENTS: usize = 2_000_000;

/// An element without its text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// Its name, without a prefix.
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    /// The elements in it.
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The attribute of that name, unless it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The children of that name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Whether there is a child of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }
}

/// Reads a document.
///
/// Codes `xml-encoding`, `xml-syntax`, `xml-entity`, `xml-depth`, `xml-large`.
pub(crate) fn read(bytes: &[u8]) -> Result<Element, Reason> {
    let text = decode(bytes)?;
    let mut reader = Reader::from_str(&text);
    let mut open = vec![Element::default()];
    let mut count = 0;
    loop {
        let event = reader
            .read_event()
            .map_err(|error| syntax(format!("{error}, at byte {}", reader.error_position())))?;
        match event {
            Event::Start(start) => {
                count += 1;
                open.push(element(&start)?);
            }
            Event::Empty(start) => {
                count += 1;
                let element = element(&start)?;
                if let Some(parent) = open.last_mut() {
                    parent.children.push(element);
                }
            }
            Event::End(_) => {
                let element = open.pop();
                if let (Some(element), Some(parent)) = (element, open.last_mut()) {
                    parent.children.push(element);
                }
            }
            Event::DocType(kind) if kind.contains(&b'[') => {
                return Err(Reason::new("xml-entity", "the document declares entities"));
            }
            Event::GeneralRef(name) => known(&name)?,
            Event::Eof => break,
            _ => {}
        }
        if open.len() > MAX_DEPTH {
            return Err(Reason::new("xml-depth", "elements are nested too deep"));
        }
        if count > MAX_ELEMENTS {
            return Err(Reason::new("xml-large", "the document has too many elements"));
        }
    }
    match (open.len(), open.pop().and_then(|mut root| root.children.pop())) {
        (1, Some(root)) => Ok(root),
        (1, None) => Err(syntax("there is no element")),
        _ => Err(syntax("the document ends early")),
    }
}

fn syntax(message: impl std::fmt::Display) -> Reason {
    Reason::new("xml-syntax", format!("the document is not well formed: {message}"))
}

fn known(name: &[u8]) -> Result<(), Reason> {
    let legal =
        name.starts_with(b"#") || matches!(name, b"lt" | b"gt" | b"amp" | b"apos" | b"quot");
    if legal { Ok(()) } else { Err(Reason::new("xml-entity", "the document uses an entity")) }
}

fn element(start: &BytesStart<'_>) -> Result<Element, Reason> {
    let name = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.rsplit(':').next().unwrap_or_default().to_owned()
    };
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(syntax)?;
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|_| Reason::new("xml-entity", "an attribute uses an entity"))?;
        attributes.push((name(attribute.key.as_ref()), value.into_owned()));
    }
    Ok(Element { name: name(start.name().as_ref()), attributes, children: Vec::new() })
}

/// The text, by its byte order mark, by what its declaration says, else as UTF-8.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Reason> {
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(200)).unwrap_or_default());
    let declared = head.strip_prefix("<?xml").and_then(|rest| {
        let declaration = rest.split("?>").next()?;
        let (_, rest) = declaration.split_once("encoding")?;
        let rest = rest.trim_start().strip_prefix('=')?.trim_start();
        rest.get(1..)?.split(['"', '\'']).next()
    });
    let unknown = || Reason::new("xml-encoding", "the document is of an unknown encoding");
    let encoding = match (Encoding::for_bom(bytes), declared) {
        (Some((encoding, _)), _) => encoding,
        (None, Some(label)) => Encoding::for_label(label.as_bytes()).ok_or_else(unknown)?,
        (None, None) => encoding_rs::UTF_8,
    };
    let (text, _, broken) = encoding.decode(bytes);
    if broken {
        let message = format!("the document is not {}", encoding.name());
        return Err(Reason::new("xml-encoding", message));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_letters_and_character_references_are_read() {
        let bytes = b"<?xml version='1.0' encoding='ISO-8859-1'?><a x='\xe9&#65;&lt;'><p:b/></a>";
        let root = read(bytes).unwrap();
        assert_eq!((root.name.as_str(), root.get("x")), ("a", Some("éA<")));
        assert!(root.has("b") && !root.has("c"));
    }

    #[test]
    fn entities_depth_and_broken_documents_are_refused() {
        let deep = "<a>".repeat(1000);
        for (text, code) in [
            ("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "xml-entity"),
            ("<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>", "xml-entity"),
            ("<!DOCTYPE a SYSTEM \"http://example.com/a.dtd\"><a>&b;</a>", "xml-entity"),
            ("<a x=\"&b;\"/>", "xml-entity"),
            (&deep, "xml-depth"),
            ("<a><b></a>", "xml-syntax"),
            ("<a>", "xml-syntax"),
            ("", "xml-syntax"),
            ("<?xml version='1.0' encoding='no-such'?><a/>", "xml-encoding"),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap_err().code, code, "{text}");
        }
        assert_eq!(read(b"<a x='\xff'/>").unwrap_err().code, "xml-encoding");
        // one that is only named is not fetched, and does no harm
        assert!(read(b"<!DOCTYPE a SYSTEM \"a.dtd\"><a/>").is_ok());
    }
}
