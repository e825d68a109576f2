//! Names as small numbers: the events that a programme knows, and a cache from name to number.

use guerdon_core::{Environment, FeatureSource};
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

/// The events that the funnel, the economics or a feature reads, in alphabetical order. An event's index is its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventNames(Vec<String>);

impl EventNames {
    /// The events that `environment` reads.
    pub fn of(environment: &Environment) -> Self {
        let mut names = BTreeSet::new();
        names.extend(environment.funnel.stages.iter().filter_map(|stage| stage.event.clone()));
        names.extend(environment.economics.revenue_event.clone());
        names.extend(environment.economics.redeem_event.clone());
        names.extend(environment.features.iter().filter_map(|feature| match &feature.source {
            FeatureSource::Recency { event }
            | FeatureSource::Count { event, .. }
            | FeatureSource::Sum { event, .. }
            | FeatureSource::Mean { event, .. } => Some(event.clone()),
            _ => None,
        }));
        EventNames(names.into_iter().collect())
    }

    /// The index of the event called `name`.
    pub fn index_of(&self, name: &str) -> Option<u16> {
        self.0.binary_search_by(|known| known.as_str().cmp(name)).ok().map(|index| index as u16)
    }

    /// All names in order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// From name to index, quick for many rows with few names.
pub(crate) struct NameIndex {
    map: HashMap<String, u16, BuildHasherDefault<Fnv>>,
}

/// FNV-1a (Fowler, Noll & Vo 1991): quicker for short names than the standard hash, which guards against keys that are
/// chosen to collide; the names here are a programme's own.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl NameIndex {
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let map = names.into_iter().enumerate().map(|(index, name)| (name.to_owned(), index as u16)).collect();
        NameIndex { map }
    }

    /// The index of `name`.
    pub(crate) fn get(&self, name: &str) -> Option<u16> {
        self.map.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_and_another_is_not() {
        let names = NameIndex::new(["a", "b"]);
        assert_eq!([names.get("a"), names.get("b"), names.get("c")], [Some(0), Some(1), None]);
    }
}
