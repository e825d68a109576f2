//! Names as small numbers: the events that a programme knows, and a cache from name to number.

use guerdon_core::{Environment, FeatureSource};
use std::collections::{BTreeSet, HashMap};

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

/// From name to index, quick for long runs of rows with few names.
pub(crate) struct NameIndex {
    map: HashMap<String, u16>,
    last: Option<(String, u16)>,
}

impl NameIndex {
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let map = names.into_iter().enumerate().map(|(index, name)| (name.to_owned(), index as u16)).collect();
        NameIndex { map, last: None }
    }

    /// The index of `name`; the name before it is looked at first.
    pub(crate) fn get(&mut self, name: &str) -> Option<u16> {
        if let Some((last, index)) = &self.last
            && last == name
        {
            return Some(*index);
        }
        let index = *self.map.get(name)?;
        match &mut self.last {
            Some((last, known)) => {
                last.clear();
                last.push_str(name);
                *known = index;
            }
            None => self.last = Some((name.to_owned(), index)),
        }
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_whatever_was_asked_before() {
        let mut names = NameIndex::new(["a", "b"]);
        assert_eq!([names.get("a"), names.get("a"), names.get("b"), names.get("c")], [Some(0), Some(0), Some(1), None]);
        assert_eq!(names.get("a"), Some(0));
    }
}
