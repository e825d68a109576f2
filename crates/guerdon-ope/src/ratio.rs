//! Ratios of two means estimated jointly, such as ROI: delta method, Fieller 1954, and the Poisson bootstrap.
//!
//! What it does not do: hold the weights against a certificate. Give no ROI of a policy that [`crate::Evaluation`] refuses.

mod fieller;
mod roi;

pub use fieller::Fieller;
pub use roi::{RoiMoments, RoiTerms};

use crate::JointMoments;
use crate::bootstrap::Bootstrap;
use crate::estimate::normal_interval;
use guerdon_core::Seed;
use serde::{Deserialize, Serialize};

/// Sums for the ratio of two means over the same rows, clustered by member. Mergeable.
#[derive(Debug, Clone)]
pub struct RatioMoments {
    /// Numerator, denominator, 1.
    joint: JointMoments,
    bootstrap: Option<Bootstrap>,
}

/// A ratio with its intervals, or the reasons why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// Numerator over denominator; absent where the denominator's interval holds 0.
    pub value: Option<f64>,
    /// The numerator, per decision.
    pub numerator: f64,
    /// The denominator, per decision.
    pub denominator: f64,
    /// Interval by the delta method: good where the denominator is many standard errors from 0.
    pub delta: Option<(f64, f64)>,
    /// Fieller's confidence set: right also for a denominator near 0, where it is not bounded. Given also where the value
    /// is refused; absent with fewer than two members.
    pub fieller: Option<Fieller>,
    /// Percentile interval of the Poisson bootstrap of members, where one was asked for.
    pub bootstrap: Option<(f64, f64)>,
    /// Nominal coverage of each interval, in (0, 1).
    pub confidence: f64,
    /// Decisions.
    pub n: u64,
    /// Members.
    pub members: u64,
    /// Why there is no value, as sentences; empty where there is one.
    pub reasons: Vec<String>,
}

impl Default for RatioMoments {
    fn default() -> Self {
        RatioMoments { joint: JointMoments::new(3), bootstrap: None }
    }
}

impl RatioMoments {
    /// With an interval from `resamples` (at least 2, better 1,000) Poisson bootstraps of members as well. Call before the
    /// first row. Memory: `resamples` times 3 numbers.
    pub fn with_bootstrap(mut self, resamples: usize, seed: Seed) -> Self {
        self.bootstrap = Some(Bootstrap::new(resamples, 3, seed));
        self
    }

    /// Adds one row's contributions; a member's rows must follow each other.
    pub fn push(&mut self, member: u64, numerator: f64, denominator: f64) {
        let row = [numerator, denominator, 1.0];
        self.joint.push(member, &row);
        if let Some(bootstrap) = &mut self.bootstrap {
            bootstrap.push(member, &row);
        }
    }

    /// Adds all that `other` saw, of other members, made with the same bootstrap.
    pub fn merge(&mut self, other: RatioMoments) {
        self.joint.merge(other.joint);
        if let (Some(mine), Some(theirs)) = (&mut self.bootstrap, other.bootstrap) {
            mine.merge(&theirs);
        }
    }

    /// The ratio of the means, with intervals at `confidence` in (0, 1).
    pub fn ratio(&self, confidence: f64) -> Ratio {
        let n = self.joint.sum(2);
        let (numerator, denominator) = (self.joint.sum(0) / n, self.joint.sum(1) / n);
        let gradients = ([1.0 / n, 0.0, -numerator / n], [0.0, 1.0 / n, -denominator / n]);
        let means = Means::new(&self.joint, (numerator, denominator), (&gradients.0, &gradients.1));
        means.ratio(confidence, || match &self.bootstrap {
            Some(bootstrap) => both(bootstrap.percentiles(confidence, |sums| sums[0] / sums[1])),
            None => None,
        })
    }
}

/// Numerator and denominator with their joint variance.
struct Means {
    numerator: f64,
    denominator: f64,
    /// Variances of the numerator, of the denominator, and their covariance; absent with fewer than two members.
    spread: Option<[f64; 3]>,
    rows: u64,
    members: u64,
}

impl Means {
    /// Of two functions of `joint`'s sums, from their values and gradients.
    fn new(joint: &JointMoments, (numerator, denominator): (f64, f64), (g, h): (&[f64], &[f64])) -> Self {
        let spread = match (joint.variance(g), joint.variance(h), joint.covariance(g, h)) {
            (Some(above), Some(below), Some(between)) => Some([above, below, between]),
            _ => None,
        };
        Means { numerator, denominator, spread, rows: joint.rows(), members: joint.clusters() }
    }

    fn ratio(&self, confidence: f64, bootstrap: impl FnOnce() -> Option<(f64, f64)>) -> Ratio {
        let Means { numerator, denominator, spread, .. } = *self;
        let means = (numerator, denominator);
        let mut ratio = Ratio {
            value: None,
            numerator,
            denominator,
            delta: None,
            fieller: spread.map(|spread| Fieller::new(means, spread, confidence)),
            bootstrap: None,
            confidence,
            n: self.rows,
            members: self.members,
            reasons: self.refusals(confidence),
        };
        if !(numerator.is_finite() && denominator.is_finite()) {
            ratio.fieller = None;
        }
        if let (true, Some([above, below, between])) = (ratio.reasons.is_empty(), spread) {
            let value = numerator / denominator;
            let variance = (above - 2.0 * value * between + value * value * below) / (denominator * denominator);
            ratio.value = Some(value);
            ratio.delta = both(normal_interval(value, Some(variance.max(0.0)), confidence));
            ratio.bootstrap = bootstrap();
        }
        ratio
    }

    fn refusals(&self, confidence: f64) -> Vec<String> {
        let Means { numerator, denominator, spread, .. } = *self;
        if self.rows == 0 {
            return vec!["no decisions to estimate from".into()];
        }
        if !(numerator.is_finite() && denominator.is_finite()) {
            return vec![format!(
                "the numerator is {numerator} and the denominator {denominator}: the weights have no sum, or the estimator \
                 lacks its model"
            )];
        }
        let Some([_, below, _]) = spread else {
            return vec!["all decisions belong to one member, so there is no telling how values vary".into()];
        };
        match both(normal_interval(denominator, Some(below), confidence)) {
            Some((lower, upper)) if lower <= 0.0 && upper >= 0.0 => vec![format!(
                "the denominator is {denominator:.4} per decision, with an interval from {lower:.4} to {upper:.4} at {:.0} % \
                 that holds 0, so no ratio can be given; a longer log, or one with more of it, would do",
                100.0 * confidence
            )],
            _ => vec![],
        }
    }
}

fn both(ends: (Option<f64>, Option<f64>)) -> Option<(f64, f64)> {
    ends.0.zip(ends.1)
}
