//! The members of an object built in memory, in their canonical order.

use std::borrow::Cow;
use std::mem;

use super::Value;

/// The name of a member: nearly all are words of this library, and need no memory of their own.
pub type Name = Cow<'static, str>;

/// Members, each name once, in the order of their names: the canonical one, since names are ASCII.
///
/// A sorted list, not a tree: events are many small objects, and each is one piece of memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object(Vec<(Name, Value)>);

impl Object {
    /// Without members.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The member of that name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.place(name).ok().and_then(|at| self.0.get(at)).map(|(_, value)| value)
    }

    /// The member of that name, to change.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        let at = self.place(name).ok()?;
        self.0.get_mut(at).map(|(_, value)| value)
    }

    /// Whether there is a member of that name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    /// Puts a member in its place; gives the one that it replaces.
    pub fn insert(&mut self, name: impl Into<Name>, value: Value) -> Option<Value> {
        let name = name.into();
        match self.place(&name) {
            Ok(at) => self.0.get_mut(at).map(|(_, old)| mem::replace(old, value)),
            Err(at) => {
                self.0.insert(at, (name, value));
                None
            }
        }
    }

    /// The member of that name, which is made where there is none.
    pub fn or_insert_with(
        &mut self,
        name: impl Into<Name>,
        value: impl FnOnce() -> Value,
    ) -> Option<&mut Value> {
        let name = name.into();
        let at = match self.place(&name) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, (name, value()));
                at
            }
        };
        self.0.get_mut(at).map(|(_, value)| value)
    }

    /// Takes a member out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.place(name).ok().map(|at| self.0.remove(at).1)
    }

    /// Keeps the members that are to be kept.
    pub fn retain(&mut self, mut kept: impl FnMut(&str, &mut Value) -> bool) {
        self.0.retain_mut(|(name, value)| kept(name, value));
    }

    /// The members.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Value)> + ExactSizeIterator {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// The members, to change what they say.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Value)> {
        self.0.iter_mut().map(|(name, value)| (&**name, value))
    }

    /// Their names.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    /// What they say.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().map(|(_, value)| value)
    }

    /// What they say, to change it.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(found, _)| (**found).cmp(name))
    }
}

/// Of members that have one name the last counts.
impl<N: Into<Name>> FromIterator<(N, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(members: I) -> Self {
        let mut all: Vec<(Name, Value)> =
            members.into_iter().map(|(name, value)| (name.into(), value)).collect();
        if !all.is_sorted_by(|(one, _), (next, _)| one < next) {
            all.sort_by(|(one, _), (next, _)| one.cmp(next));
            all.dedup_by(|next, one| {
                let same = next.0 == one.0;
                if same {
                    mem::swap(next, one);
                }
                same
            });
        }
        Self(all)
    }
}

impl<N: Into<Name>, const COUNT: usize> From<[(N, Value); COUNT]> for Object {
    fn from(members: [(N, Value); COUNT]) -> Self {
        members.into_iter().collect()
    }
}

impl<N: Into<Name>> Extend<(N, Value)> for Object {
    fn extend<I: IntoIterator<Item = (N, Value)>>(&mut self, members: I) {
        for (name, value) in members {
            self.insert(name, value);
        }
    }
}

impl IntoIterator for Object {
    type Item = (Name, Value);
    type IntoIter = std::vec::IntoIter<(Name, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Object {
    type Item = (&'a str, &'a Value);
    type IntoIter = std::iter::Map<
        std::slice::Iter<'a, (Name, Value)>,
        fn(&'a (Name, Value)) -> (&'a str, &'a Value),
    >;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// It is what a map would be, whatever is done to it.
        #[test]
        fn it_is_an_ordered_map(
            first in proptest::collection::vec(("[a-d]{1,2}", 0i64..9), 0..12),
            then in proptest::collection::vec(("[a-d]{1,2}", 0i64..9, any::<bool>()), 0..12),
        ) {
            let value = |number: &i64| Value::Integer(*number);
            let mut object: Object =
                first.iter().map(|(name, number)| (name.clone(), value(number))).collect();
            let mut map: BTreeMap<String, Value> =
                first.iter().map(|(name, number)| (name.clone(), value(number))).collect();
            for (name, number, put) in &then {
                if *put {
                    prop_assert_eq!(
                        object.insert(name.clone(), value(number)),
                        map.insert(name.clone(), value(number))
                    );
                } else {
                    prop_assert_eq!(object.remove(name), map.remove(name));
                }
                prop_assert_eq!(object.get(name), map.get(name));
                prop_assert_eq!(object.contains_key(name), map.contains_key(name));
            }
            prop_assert_eq!(object.len(), map.len());
            let same = object.iter().zip(&map).all(|(one, two)| one.0 == two.0 && one.1 == two.1);
            prop_assert!(same);
        }
    }
}
