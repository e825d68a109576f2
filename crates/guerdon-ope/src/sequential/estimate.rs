//! What a sequential estimator says, or the reasons why it says nothing.

use super::SequentialEstimator;
use crate::Status;
use serde::{Deserialize, Serialize};

/// What an estimator says of a policy's value per episode, in major units of money. The shape of
/// [`Estimate`](crate::Estimate), with weights and counts of episodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SequentialEstimate {
    /// Which estimator.
    pub estimator: SequentialEstimator,
    /// Whether the numbers may be used. If not, value, lower and upper are absent.
    pub status: Status,
    /// The estimate.
    pub value: Option<f64>,
    /// Lower end of the interval.
    pub lower: Option<f64>,
    /// Upper end of the interval.
    pub upper: Option<f64>,
    /// Nominal coverage of the interval, in (0, 1).
    pub confidence: f64,
    /// Effective sample size (Σw)² / Σw², in episodes, of the cumulative weights at the ends of the episodes. For MIS: the
    /// same ratio over all decisions with its marginal weights, as a share of the decisions, times the episodes.
    pub ess: f64,
    /// Largest of those weights.
    pub max_weight: f64,
    /// Mean of those weights. Of cumulative weights it is near 1 where propensities are right and support is full.
    pub mean_weight: f64,
    /// Episodes.
    pub n: u64,
    /// Members.
    pub members: u64,
    /// Why it was refused, or what a reader must know of an accepted number.
    pub reasons: Vec<String>,
}

impl SequentialEstimate {
    /// Whether the numbers may be used.
    pub fn is_ok(&self) -> bool {
        self.status == Status::Ok
    }
}
