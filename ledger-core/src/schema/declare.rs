//! How enumerations, objects and event types are declared: once, for the door and for readers.
//!
//! - `words!` makes an enumeration: a Rust enum, its words, and their parsing.
//! - `object!` makes an object that stands inside of others: its fields and its typed view.
//! - `event!` makes an event type: its row of the table and its typed view.
//!
//! A field is `name: Type`; the Rust type says both what may stand there ([`super::typed::Typed`])
//! and what readers get. `Option` makes it optional. Fields and references are in ascending order,
//! which a test holds. A doc comment on a field becomes its description in the JSON Schema.

/// The member's name as JSON has it: three are words of Rust.
macro_rules! member {
    (r#for) => {
        "for"
    };
    (r#ref) => {
        "ref"
    };
    (r#override) => {
        "override"
    };
    ($field:ident) => {
        stringify!($field)
    };
}

/// What a subject reference is: an artifact is known by its digest, all else by restricted ids.
macro_rules! reference {
    (artifact) => {
        $crate::hash::Sha256
    };
    ($other:ident) => {
        $crate::schema::typed::Id
    };
}

/// The fields as rows of the table.
macro_rules! fields {
    ($($(#[doc = $about:literal])* $field:ident: $type:ty),*) => {
        &[$($crate::schema::Field {
            name: member!($field),
            required: <$type as $crate::schema::typed::Typed>::REQUIRED,
            shape: <$type as $crate::schema::typed::Typed>::SHAPE,
            meaning: concat!($($about),*).trim_ascii_start(),
        }),*]
    };
}

/// `Name { Variant = "word", … }`
macro_rules! words {
    ($(#[doc = $doc:literal])* $name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $word, "`")] $variant,)*
        }

        impl $name {
            /// All words.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// The variant of the word, if it is one.
            pub fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The word.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::schema::typed::Typed for $name {
            const SHAPE: $crate::schema::Shape = $crate::schema::Shape::Enum(Self::WORDS);

            fn read(place: $crate::schema::typed::Place<'_, '_>) -> Option<Self> {
                place.view().plain().and_then(Self::parse)
            }
        }
    };
}

/// `Name { field: Type, … }`
macro_rules! object {
    ($(#[doc = $doc:literal])* $name:ident {
        $($(#[doc = $about:literal])* $field:ident: $type:ty),* $(,)?
    }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            $(
                $(#[doc = $about])*
                #[doc = concat!("(`", member!($field), "`)")]
                pub $field: $type,
            )*
        }

        impl $crate::schema::typed::Typed for $name {
            const SHAPE: $crate::schema::Shape = $crate::schema::Shape::Object(
                fields!($($(#[doc = $about])* $field: $type),*)
            );

            fn read(place: $crate::schema::typed::Place<'_, '_>) -> Option<Self> {
                let mut members = place.members();
                Some(Self { $($field: members.take(member!($field))?,)* })
            }
        }
    };
}

/// `Name = "noun.verb" subject(…) need(Need) own(field)? actor(bool) rules(Rule…)? { field: Type, … }`
///
/// `homonym(…)` is a required reference with the name of a field: it is read from `subject`.
macro_rules! event {
    (
        #[doc = $meaning:literal]
        $name:ident = $kind:literal
        subject($($reference:ident),*) $(homonym($homonym:ident))? need($need:ident)
        $(own($own:ident))? actor($actor:literal)
        $(rules($($rule:expr),* $(,)?))?
        { $($(#[doc = $about:literal])* $field:ident: $type:ty),* $(,)? }
    ) => {
        #[doc = concat!("`", $kind, "`:", $meaning, ".")]
        #[derive(Clone, Debug)]
        pub struct $name {
            /// All references of the event, also those that the type does not demand.
            pub subject: $crate::schema::view::Subject,
            $(
                #[doc = concat!("(`/subject/", stringify!($reference), "`)")]
                pub $reference: reference!($reference),
            )*
            $(
                $(#[doc = $about])*
                #[doc = concat!("(`/data/", member!($field), "`)")]
                pub $field: $type,
            )*
        }

        impl $name {
            /// The row of the table.
            pub const TYPE: $crate::schema::EventType = $crate::schema::EventType {
                name: $kind,
                meaning: $meaning.trim_ascii_start(),
                subject: &[$(stringify!($reference),)* $(stringify!($homonym))?],
                need: $crate::schema::Need::$need,
                own: [$(Some(concat!("/data/", stringify!($own))),)? None][0],
                actor: $actor,
                rules: &[$($($rule),*)?],
                data: fields!($($(#[doc = $about])* $field: $type),*),
            };

            /// The entry's event, if it is of this type; codes `schema-*` if it does not say what
            /// the type may say, or says it in a schema that is not known: then it cannot be told.
            pub fn of(entry: &$crate::entry::Entry<'_>) -> $crate::error::Result<Option<Self>> {
                $crate::schema::view::of(entry, &Self::TYPE, |subject, data| {
                    let mut members = data.members();
                    Some(Self {
                        $($reference: subject.required(stringify!($reference))?,)*
                        subject,
                        $($field: members.take(member!($field))?,)*
                    })
                })
            }
        }
    };
}
