//! Typed: what readers of the log get from an event, and the shape that each Rust type stands for.
//!
//! Values own what they say: facts outlive the line they were read from.
//!
//! A person comes with the pseudonym of the entry, if somebody was resolved there; if not, questions
//! about them have no answer.

use std::iter::Peekable;
use std::ops::Deref;

use super::Shape;
use super::at::At;
use crate::capability::Capability;
use crate::encoding;
use crate::hash::Sha256;
use crate::json::{Members, View};
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// A Rust type that stands for what may stand in a field.
pub trait Typed: Sized {
    /// What may stand there.
    const SHAPE: Shape;
    /// Whether something must.
    const REQUIRED: bool = true;

    /// Reads what stands there; none if it has another shape.
    fn read(place: Place<'_, '_>) -> Option<Self>;

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

    fn items<T: Typed>(&self) -> Option<Vec<T>> {
        let item = |(position, view)| T::read(Place { at: self.at.item(position), view, ..*self });
        self.view.items().enumerate().map(item).collect()
    }
}

/// One walk over the members of an object.
pub(super) struct Walk<'p, 'a> {
    place: &'p Place<'p, 'a>,
    rest: Peekable<Members<'a>>,
}

impl Walk<'_, '_> {
    /// The member of that name, which comes after those taken before.
    pub(super) fn take<T: Typed>(&mut self, name: &str) -> Option<T> {
        match self.rest.next_if(|(found, _)| *found == name) {
            Some((_, view)) => T::read(Place { at: self.place.at.name(name), view, ..*self.place }),
            None => T::absent(),
        }
    }
}

impl<T: Typed> Typed for Option<T> {
    const SHAPE: Shape = T::SHAPE;
    const REQUIRED: bool = false;

    fn read(place: Place<'_, '_>) -> Option<Self> {
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
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The text as it stands in the event.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Typed for $name {
            const SHAPE: Shape = Shape::$shape;

            fn read(place: Place<'_, '_>) -> Option<Self> {
                place.text().map(Self::from)
            }
        }
    )*};
}

texts! {
    /// A restricted id.
    Id => Id,
    /// A restricted id, or the beginning of some with a final `*`.
    Pattern => Pattern,
    /// A duration, ISO 8601.
    Duration => Duration,
    /// A decimal number.
    Decimal => Decimal,
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
pub struct Attached {
    /// The attachment's digest.
    pub attachment: Sha256,
    /// How many items it has.
    pub count: u64,
}

/// A list of at least one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled<T>(Vec<T>);

/// Values by restricted names, in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<T>(Vec<(Box<str>, T)>);

impl<T> Deref for Filled<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> Deref for Map<T> {
    type Target = [(Box<str>, T)];

    fn deref(&self) -> &[(Box<str>, T)] {
        &self.0
    }
}

/// Values that are read in one expression.
macro_rules! values {
    ($($type:ty => $shape:ident, $place:ident, $read:expr;)*) => {$(
        impl Typed for $type {
            const SHAPE: Shape = Shape::$shape;

            fn read($place: Place<'_, '_>) -> Option<Self> {
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
    Sha256 => Digest, place, Sha256::from_reference(place.text()?);
    Sealed => Sealed, place, Some(Sealed { commitment: commitment(place)? });
    Person => Person, place, Some(Person {
        commitment: commitment(place)?,
        pseudonym: place.persons.iter().find(|(at, _)| place.at.is(at)).map(|(_, who)| *who),
    });
}

fn commitment(place: Place<'_, '_>) -> Option<[u8; 32]> {
    encoding::from_base64(place.view.get("sealed")?.plain()?.as_bytes()).ok()
}

impl Typed for Flag {
    const SHAPE: Shape = Shape::Flag;
    const REQUIRED: bool = false;

    fn read(place: Place<'_, '_>) -> Option<Self> {
        place.view.boolean().map(Self)
    }

    fn absent() -> Option<Self> {
        Some(Self(false))
    }
}

impl Typed for Attached {
    const SHAPE: Shape = Shape::Attached;

    fn read(place: Place<'_, '_>) -> Option<Self> {
        let attachment = Sha256::from_reference(place.view.get("attachment")?.plain()?)?;
        Some(Self { attachment, count: place.view.get("count")?.unsigned()? })
    }
}

impl<T: Typed> Typed for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);

    fn read(place: Place<'_, '_>) -> Option<Self> {
        place.items()
    }
}

impl<T: Typed> Typed for Filled<T> {
    const SHAPE: Shape = Shape::Filled(&T::SHAPE);

    fn read(place: Place<'_, '_>) -> Option<Self> {
        place.items().map(Self)
    }
}

impl<T: Typed> Typed for Map<T> {
    const SHAPE: Shape = Shape::Map(&T::SHAPE);

    fn read(place: Place<'_, '_>) -> Option<Self> {
        let member = |(name, view)| {
            T::read(Place { at: place.at.name(name), view, ..place })
                .map(|value| (Box::from(name), value))
        };
        place.view.members().map(member).collect::<Option<_>>().map(Self)
    }
}
