//! Typed: what readers of the log get from an event, and the shape that each Rust type stands for.
//!
//! A person comes with the pseudonym of the entry, if somebody was resolved there; if not, questions
//! about them have no answer.

use std::iter::Peekable;
use std::ops::Deref;

use super::Shape;
use super::at::At;
use crate::capability::Capability;
use crate::encoding;
use crate::json::{Members, View};
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// A Rust type that stands for what may stand in a field.
pub trait Typed<'a>: Sized {
    /// What may stand there.
    const SHAPE: Shape;
    /// Whether something must.
    const REQUIRED: bool = true;

    /// Reads what stands there; none if it has another shape.
    fn read(place: Place<'_, 'a>) -> Option<Self>;

    /// What it means that nothing stands there; none if something must.
    fn absent() -> Option<Self> {
        None
    }
}

/// A value of an event and its place, with the persons that the entry resolves.
#[derive(Clone, Copy)]
pub struct Place<'p, 'a> {
    at: At<'p>,
    view: View<'a>,
    persons: &'p [(&'a str, Pseudonym)],
}

impl std::fmt::Debug for Place<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {:?}", self.at, self.view)
    }
}

impl<'p, 'a> Place<'p, 'a> {
    /// The value of a member of the event itself.
    pub(super) fn top(name: &'p str, view: View<'a>, persons: &'p [(&'a str, Pseudonym)]) -> Self {
        Self { at: At::top(name), view, persons }
    }

    /// The value itself.
    pub fn view(&self) -> View<'a> {
        self.view
    }

    /// The members of the object here, to be taken in ascending order.
    pub(super) fn members(&'p self) -> Walk<'p, 'a> {
        Walk { place: self, rest: self.view.members().peekable() }
    }

    fn text(&self) -> Option<&'a str> {
        self.view.plain()
    }

    fn items<T: Typed<'a>>(&self) -> Option<Vec<T>> {
        let item = |(position, view)| T::read(Place { at: self.at.item(position), view, ..*self });
        self.view.items().enumerate().map(item).collect()
    }
}

/// One walk over the members of an object.
pub(super) struct Walk<'p, 'a> {
    place: &'p Place<'p, 'a>,
    rest: Peekable<Members<'a>>,
}

impl<'a> Walk<'_, 'a> {
    /// The member of that name, which comes after those taken before.
    pub(super) fn take<T: Typed<'a>>(&mut self, name: &str) -> Option<T> {
        match self.rest.next_if(|(found, _)| *found == name) {
            Some((_, view)) => T::read(Place { at: self.place.at.name(name), view, ..*self.place }),
            None => T::absent(),
        }
    }
}

impl<'a, T: Typed<'a>> Typed<'a> for Option<T> {
    const SHAPE: Shape = T::SHAPE;
    const REQUIRED: bool = false;

    fn read(place: Place<'_, 'a>) -> Option<Self> {
        T::read(place).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// Strings of a grammar: the text as it stands.
macro_rules! texts {
    ($($(#[doc = $doc:literal])* $name:ident => $shape:ident),* $(,)?) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name<'a>(&'a str);

        impl<'a> $name<'a> {
            /// The text as it stands in the event.
            pub fn as_str(self) -> &'a str {
                self.0
            }
        }

        impl std::fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.0)
            }
        }

        impl<'a> Typed<'a> for $name<'a> {
            const SHAPE: Shape = Shape::$shape;

            fn read(place: Place<'_, 'a>) -> Option<Self> {
                place.text().map(Self)
            }
        }
    )*};
}

texts! {
    /// A restricted id.
    Id => Id,
    /// A restricted id, or the beginning of some with a final `*`.
    Pattern => Pattern,
    /// `sha256:` and 64 hex digits.
    Digest => Digest,
    /// A duration, ISO 8601.
    Duration => Duration,
    /// A decimal number.
    Decimal => Decimal,
}

impl<'a> Id<'a> {
    /// A subject reference, whose grammar the schema has found to hold.
    pub(super) fn of(text: &'a str) -> Self {
        Self(text)
    }
}

impl<'a> From<Id<'a>> for Digest<'a> {
    /// A reference to an artifact, which the schema has found to be a digest.
    fn from(id: Id<'a>) -> Self {
        Self(id.0)
    }
}

/// A sealed text: its commitment. What it says is in the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The commitment, 32 bytes.
    pub commitment: [u8; 32],
}

/// A sealed identity: its commitment, and whom the entry resolves it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// The commitment, 32 bytes.
    pub commitment: [u8; 32],
    /// Who it is; none if the door saw no disclosure, and then nothing about them can be told.
    pub pseudonym: Option<Pseudonym>,
}

/// A marker: true where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag(pub bool);

/// A list that travels as an attachment of the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attached<'a> {
    /// The attachment's digest.
    pub attachment: Digest<'a>,
    /// How many items it has.
    pub count: u64,
}

/// A list of at least one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled<T>(Vec<T>);

/// Values by restricted names, in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<'a, T>(Vec<(&'a str, T)>);

impl<T> Deref for Filled<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'a, T> Deref for Map<'a, T> {
    type Target = [(&'a str, T)];

    fn deref(&self) -> &[(&'a str, T)] {
        &self.0
    }
}

/// Values that are read in one expression.
macro_rules! values {
    ($($type:ty => $shape:ident, $place:ident, $read:expr;)*) => {$(
        impl<'a> Typed<'a> for $type {
            const SHAPE: Shape = Shape::$shape;

            fn read($place: Place<'_, 'a>) -> Option<Self> {
                $read
            }
        }
    )*};
}

values! {
    Timestamp => Time, place, Timestamp::parse(place.text()?.as_bytes()).ok();
    u64 => Count, place, place.view.unsigned();
    bool => Boolean, place, place.view.boolean();
    [u8; 32] => Bytes32, place, encoding::from_base64(place.text()?.as_bytes()).ok();
    Capability => Capability, place, Capability::parse(place.text()?).ok();
    Pseudonym => Pseudonym, place, place.text()?.parse().ok();
    Sealed => Sealed, place, Some(Sealed { commitment: commitment(place)? });
    Person => Person, place, Some(Person {
        commitment: commitment(place)?,
        pseudonym: place.persons.iter().find(|(at, _)| place.at.is(at)).map(|(_, who)| *who),
    });
}

fn commitment(place: Place<'_, '_>) -> Option<[u8; 32]> {
    encoding::from_base64(place.view.get("sealed")?.plain()?.as_bytes()).ok()
}

impl<'a> Typed<'a> for Flag {
    const SHAPE: Shape = Shape::Flag;
    const REQUIRED: bool = false;

    fn read(place: Place<'_, 'a>) -> Option<Self> {
        place.view.boolean().map(Self)
    }

    fn absent() -> Option<Self> {
        Some(Self(false))
    }
}

impl<'a> Typed<'a> for Attached<'a> {
    const SHAPE: Shape = Shape::Attached;

    fn read(place: Place<'_, 'a>) -> Option<Self> {
        let attachment = Digest(place.view.get("attachment")?.plain()?);
        Some(Self { attachment, count: place.view.get("count")?.unsigned()? })
    }
}

impl<'a, T: Typed<'a>> Typed<'a> for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);

    fn read(place: Place<'_, 'a>) -> Option<Self> {
        place.items()
    }
}

impl<'a, T: Typed<'a>> Typed<'a> for Filled<T> {
    const SHAPE: Shape = Shape::Filled(&T::SHAPE);

    fn read(place: Place<'_, 'a>) -> Option<Self> {
        place.items().map(Self)
    }
}

impl<'a, T: Typed<'a>> Typed<'a> for Map<'a, T> {
    const SHAPE: Shape = Shape::Map(&T::SHAPE);

    fn read(place: Place<'_, 'a>) -> Option<Self> {
        let member = |(name, view)| {
            T::read(Place { at: place.at.name(name), view, ..place }).map(|value| (name, value))
        };
        place.view.members().map(member).collect::<Option<_>>().map(Self)
    }
}
