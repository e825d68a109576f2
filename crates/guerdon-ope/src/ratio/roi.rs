//! ROI of a policy against a reference on one log: (ΔM − ΔC) / ΔC, ΔM the incremental margin and ΔC the incremental cost
//! per decision, each a difference of two values by one estimator.

use super::{Means, Ratio, both};
use crate::bootstrap::Bootstrap;
use crate::sheet::{Point, Sheet};
use crate::{Estimator, JointMoments, Terms};
use guerdon_core::Seed;

/// One logged decision, seen for the policy and the reference, with the margin (revenue × margin rate) and then the cost of
/// rewards and contact as the reward, both in major units. Where the reference is the logging policy, use
/// [`Selection::logged`](crate::selection::Selection::logged).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RoiTerms {
    /// The policy's terms of the margin.
    pub policy_margin: Terms,
    /// The reference's terms of the margin.
    pub reference_margin: Terms,
    /// The policy's terms of the cost.
    pub policy_cost: Terms,
    /// The reference's terms of the cost.
    pub reference_cost: Terms,
}

/// Joint sums of the four values that an ROI is made of. Mergeable; memory does not grow with the log.
#[derive(Debug, Clone)]
pub struct RoiMoments {
    estimator: Estimator,
    /// Margin of the policy and of the reference, cost of either.
    sheets: [Sheet; 4],
    joint: JointMoments,
    bootstrap: Option<Bootstrap>,
    row: Vec<f64>,
}

impl RoiMoments {
    /// By this estimator (IPS, SNIPS and DR, or any other).
    pub fn new(estimator: Estimator) -> Self {
        let sheet = Sheet::new(&[estimator]);
        let width = 4 * sheet.width();
        let sheets = std::array::from_fn(|_| sheet.clone());
        RoiMoments { estimator, sheets, joint: JointMoments::new(width), bootstrap: None, row: vec![0.0; width] }
    }

    /// As [`RatioMoments::with_bootstrap`](super::RatioMoments::with_bootstrap). Memory: `resamples` times the sums.
    pub fn with_bootstrap(mut self, resamples: usize, seed: Seed) -> Self {
        self.bootstrap = Some(Bootstrap::new(resamples, self.row.len(), seed));
        self
    }

    /// Adds one decision of `member`; a member's rows must follow each other.
    pub fn push(&mut self, member: u64, terms: &RoiTerms) {
        let RoiTerms { policy_margin, reference_margin, policy_cost, reference_cost } = terms;
        let terms = [policy_margin, reference_margin, policy_cost, reference_cost];
        let width = self.row.len() / terms.len();
        for ((sheet, terms), place) in self.sheets.iter_mut().zip(terms).zip(self.row.chunks_exact_mut(width)) {
            sheet.push(member, terms);
            place.copy_from_slice(sheet.last());
        }
        self.joint.push(member, &self.row);
        if let Some(bootstrap) = &mut self.bootstrap {
            bootstrap.push(member, &self.row);
        }
    }

    /// Adds all that `other` saw, of other members, made with the same estimator and bootstrap.
    pub fn merge(&mut self, other: RoiMoments) {
        self.sheets.iter_mut().zip(other.sheets).for_each(|(mine, theirs)| mine.merge(theirs));
        self.joint.merge(other.joint);
        if let (Some(mine), Some(theirs)) = (&mut self.bootstrap, other.bootstrap) {
            mine.merge(&theirs);
        }
    }

    /// The ROI as a share (0.5 is 50 %), with intervals at `confidence` in (0, 1). Its numerator is ΔM − ΔC, its
    /// denominator ΔC, both in major units per decision.
    pub fn roi(&self, confidence: f64) -> Ratio {
        let points: [Point; 4] = std::array::from_fn(|place| self.sheets[place].point(self.estimator));
        let values = std::array::from_fn(|place| points[place].value);
        let gradient = |signs: [f64; 4]| -> Vec<f64> {
            let parts = points.iter().zip(signs);
            parts.flat_map(|(point, sign)| point.gradient.iter().map(move |slope| sign * slope)).collect()
        };
        let (net, cost) = (gradient(NET), gradient(COST));
        let means = Means::new(&self.joint, (total(NET, values), total(COST, values)), (&net, &cost));
        means.ratio(confidence, || self.resampled(confidence))
    }

    fn resampled(&self, confidence: f64) -> Option<(f64, f64)> {
        let bootstrap = self.bootstrap.as_ref()?;
        let betas = self.sheets.each_ref().map(|sheet| sheet.betas(self.estimator));
        let width = self.row.len() / self.sheets.len();
        both(bootstrap.percentiles(confidence, |sums| {
            let values = std::array::from_fn(|place| {
                let sums = &sums[place * width..(place + 1) * width];
                self.sheets[place].value_at(self.estimator, sums, betas[place])
            });
            total(NET, values) / total(COST, values)
        }))
    }
}

/// ΔM − ΔC as signs of the four values.
const NET: [f64; 4] = [1.0, -1.0, -1.0, 1.0];
/// ΔC.
const COST: [f64; 4] = [0.0, 0.0, 1.0, -1.0];

fn total(signs: [f64; 4], values: [f64; 4]) -> f64 {
    signs.iter().zip(values).filter(|(sign, _)| **sign != 0.0).map(|(sign, value)| sign * value).sum()
}
