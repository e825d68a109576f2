//! The difference in value between two policies on the same log, paired decision by decision.

use crate::estimate::normal_interval;
use crate::{ClusterMoments, Estimator, Terms};
use serde::{Deserialize, Serialize};

/// Sums for V̂(first) − V̂(second) with a joint interval: what both share cancels, so it is narrower than the two
/// intervals apart.
#[derive(Debug, Clone)]
pub struct PairedDifference {
    estimator: Estimator,
    moments: ClusterMoments<4>,
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
        PairedDifference { estimator, moments: ClusterMoments::default() }
    }

    /// Adds one decision of `member`, seen for either policy; a member's rows must follow each other.
    pub fn push(&mut self, member: u64, first: &Terms, second: &Terms) {
        let (n1, d1) = self.estimator.ratio_terms(first);
        let (n2, d2) = self.estimator.ratio_terms(second);
        self.moments.push(member, [n1, d1, n2, d2]);
    }

    /// The difference with a normal interval clustered by member, by the delta method over both ratios jointly.
    pub fn difference(&self, confidence: f64) -> Difference {
        let [n1, d1, n2, d2] = self.moments.sums();
        let (v1, v2) = (n1 / d1, n2 / d2);
        let variance = self.moments.variance([1.0 / d1, -v1 / d1, -1.0 / d2, v2 / d2]);
        let value = v1 - v2;
        let (lower, upper) = normal_interval(value, variance, confidence);
        Difference { value, lower, upper }
    }
}
