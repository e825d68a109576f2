//! The difference in value between two policies on the same log, paired decision by decision.

use crate::estimate::normal_interval;
use crate::sheet::Sheet;
use crate::{Estimator, JointMoments, Terms};
use serde::{Deserialize, Serialize};

/// Sums for V̂(first) − V̂(second) with a joint interval: what both share cancels, so it is narrower than the two
/// intervals apart.
#[derive(Debug, Clone)]
pub struct PairedDifference {
    estimator: Estimator,
    first: Sheet,
    second: Sheet,
    joint: JointMoments,
    row: Vec<f64>,
}

/// A difference with its interval, in major units per decision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// V̂(first) − V̂(second).
    pub value: f64,
    /// Lower end of the interval; absent with fewer than two members.
    pub lower: Option<f64>,
    /// Upper end of the interval.
    pub upper: Option<f64>,
}

impl PairedDifference {
    /// By this estimator.
    pub fn new(estimator: Estimator) -> Self {
        let sheet = Sheet::new(&[estimator]);
        let width = 2 * sheet.width();
        PairedDifference {
            estimator,
            first: sheet.clone(),
            second: sheet,
            joint: JointMoments::new(width),
            row: vec![0.0; width],
        }
    }

    /// Adds one decision of `member`, seen for either policy; a member's rows must follow each other.
    pub fn push(&mut self, member: u64, first: &Terms, second: &Terms) {
        self.first.push(member, first);
        self.second.push(member, second);
        let (left, right) = self.row.split_at_mut(self.first.width());
        left.copy_from_slice(self.first.last());
        right.copy_from_slice(self.second.last());
        self.joint.push(member, &self.row);
    }

    /// Adds all that `other` saw, of other members.
    pub fn merge(&mut self, other: PairedDifference) {
        self.first.merge(other.first);
        self.second.merge(other.second);
        self.joint.merge(other.joint);
    }

    /// The difference's value and variance by the delta method over both values jointly, clustered by member.
    pub fn moments(&self) -> (f64, Option<f64>) {
        let (first, second) = (self.first.point(self.estimator), self.second.point(self.estimator));
        let gradient: Vec<f64> =
            first.gradient.iter().copied().chain(second.gradient.iter().map(|slope| -slope)).collect();
        (first.value - second.value, self.joint.variance(&gradient))
    }

    /// The difference with a normal interval clustered by member.
    pub fn difference(&self, confidence: f64) -> Difference {
        let (value, variance) = self.moments();
        let (lower, upper) = normal_interval(value, variance, confidence);
        Difference { value, lower, upper }
    }
}
