//! Limits: at most, at least, over everyone or within a segment.

use crate::units;
use guerdon_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// A limit on the sum of one resource over the chosen options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// Its name in reports and errors, say "budget" or "sends by e-mail".
    pub name: String,
    /// Which resource (0-based).
    pub resource: usize,
    /// Only members of this segment count (0 to 63); everyone where it is left out.
    pub segment: Option<u32>,
    /// The sum may not be below this, in the resource's units.
    pub at_least: Option<f64>,
    /// The sum may not be above this, in the resource's units.
    pub at_most: Option<f64>,
}

impl Limit {
    /// At most `amount` of a resource over everyone.
    pub fn at_most(name: impl Into<String>, resource: usize, amount: f64) -> Self {
        Limit { name: name.into(), resource, segment: None, at_least: None, at_most: Some(amount) }
    }

    /// At least `amount` of a resource over everyone.
    pub fn at_least(name: impl Into<String>, resource: usize, amount: f64) -> Self {
        Limit { name: name.into(), resource, segment: None, at_least: Some(amount), at_most: None }
    }

    /// The same limit within a segment only.
    pub fn within(mut self, segment: u32) -> Self {
        self.segment = Some(segment);
        self
    }

    /// Whether a member with these segments counts.
    pub(crate) fn counts(&self, segments: u64) -> bool {
        self.segment.is_none_or(|s| segments >> s & 1 == 1)
    }

    /// The least and the most total in parts.
    pub(crate) fn range(&self) -> (i128, i128) {
        (self.at_least.map_or(0, units::total_up), self.at_most.map_or(i128::MAX >> 1, units::total_down))
    }

    /// The error for a limit that can't be met: what was asked and what can be reached.
    pub(crate) fn unmet(&self, floor: bool, reached: f64, how: &str) -> Error {
        let (key, given, most) =
            if floor { ("at_least", self.at_least, "the most") } else { ("at_most", self.at_most, "the least") };
        Error::config(
            "limits",
            format!("{}.{key}", self.name),
            given.unwrap_or(0.0),
            format!("can't be met: {most} that can be reached{how} is {reached}"),
        )
    }

    /// Refuses what no limit can be.
    pub(crate) fn check(&self, resources: usize) -> Result<()> {
        let bad = |key: &str, given: String, wanted: &str| {
            Err(Error::config("limits", format!("{}.{key}", self.name), given, wanted))
        };
        if self.resource >= resources {
            return bad("resource", self.resource.to_string(), &format!("the members have {resources} (from 0)"));
        }
        if self.segment.is_some_and(|s| s > 63) {
            return bad("segment", format!("{:?}", self.segment), "segments are 0 to 63");
        }
        for (key, amount) in [("at_least", self.at_least), ("at_most", self.at_most)] {
            if let Some(x) = amount
                && !(0.0..=1e24).contains(&x)
            {
                return bad(key, x.to_string(), "a limit is a number from 0 to 1e24");
            }
        }
        if let (Some(least), Some(most)) = (self.at_least, self.at_most)
            && least > most
        {
            return bad("at_least", least.to_string(), &format!("it must not be above at_most, {most}"));
        }
        Ok(())
    }
}
