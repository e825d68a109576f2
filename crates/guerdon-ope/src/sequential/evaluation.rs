//! One pass over episodes for one target policy: every sequential estimator named, with gates and intervals.

use super::bootstrap::{self, multipliers};
use super::episode::number;
use super::gate::{Weights, refusals};
use super::mis::Marginal;
use super::per_time::PerTime;
use super::weighted::Weighted;
use super::{End, Episode, LARGEST_WEIGHT, SequentialError, SequentialEstimate, SequentialEstimator};
use super::{cwpdis, dm, dr, ips, pdis, wdr, wis};
use crate::estimate::normal_interval;
use crate::moments::Compensated;
use crate::{ClusterMoments, Gates, Status};
use guerdon_core::Seed;

/// What a target policy is worth per episode: push every episode once, ask for the estimates. Two evaluations of different
/// members can be merged, in any order.
#[derive(Debug, Clone)]
pub struct SequentialEvaluation {
    discount: f64,
    seed: Seed,
    gates: Gates,
    notes: Vec<String>,
    ratios: Vec<(SequentialEstimator, ClusterMoments<2>)>,
    per_time: PerTime,
    marginal: Marginal,
    weights: ClusterMoments<2>,
    squares: Compensated,
    largest: f64,
    overflowed: u64,
    cut: u64,
    cut_without_value: u64,
}

impl SequentialEvaluation {
    /// For these estimators, with discount γ in (0, 1]. `seed` makes the draws of the bootstrap; parts that will be merged
    /// must have the same.
    ///
    /// # Errors
    /// If γ is not in (0, 1].
    pub fn new(estimators: &[SequentialEstimator], discount: f64, seed: Seed) -> Result<Self, SequentialError> {
        let fine = discount > 0.0 && discount <= 1.0;
        number(None, "discount", discount, fine, "it must be in (0, 1]")?;
        Ok(SequentialEvaluation {
            discount,
            seed: seed.named("sequential bootstrap"),
            gates: Gates::default(),
            notes: vec![],
            ratios: estimators.iter().map(|e| (*e, ClusterMoments::default())).collect(),
            per_time: PerTime::default(),
            marginal: Marginal::default(),
            weights: ClusterMoments::default(),
            squares: Compensated::default(),
            largest: 0.0,
            overflowed: 0,
            cut: 0,
            cut_without_value: 0,
        })
    }

    /// With other gates than the default. The one on unsupported mass is not used here.
    #[must_use]
    pub fn with_gates(self, gates: Gates) -> Self {
        SequentialEvaluation { gates, ..self }
    }

    /// Something that every reader of these estimates must know (say, that propensities were estimated).
    pub fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }

    /// Adds one episode of `member`; a member's episodes must follow each other.
    ///
    /// # Errors
    /// If the episode has no steps or a number is out of its range; then nothing was added.
    pub fn push(&mut self, member: u64, episode: &Episode<'_>) -> Result<(), SequentialError> {
        episode.check()?;
        if let End::Truncated { value } = episode.end {
            self.cut += 1;
            self.cut_without_value += u64::from(value.is_none());
        }
        let weighted = Weighted::new(episode, self.discount);
        for (estimator, moments) in &mut self.ratios {
            if let Some((numerator, denominator)) = ratio_terms(*estimator, episode, weighted.as_ref()) {
                moments.push(member, [numerator, denominator]);
            }
        }
        self.push_replicated(member, episode, weighted.as_ref());
        let last = match &weighted {
            Some(weighted) => weighted.last,
            None => {
                self.overflowed += 1;
                0.0
            }
        };
        self.weights.push(member, [last, 1.0]);
        self.squares.add(last * last);
        self.largest = self.largest.max(last);
        Ok(())
    }

    /// Adds all that `other` saw, of other members. The gates stay those of this one.
    ///
    /// # Errors
    /// If estimators, discount or seed differ; then nothing was added.
    pub fn merge(&mut self, other: SequentialEvaluation) -> Result<(), SequentialError> {
        let named = |e: &Self| e.ratios.iter().map(|(estimator, _)| *estimator).collect::<Vec<_>>();
        for (same, field) in [
            (named(self) == named(&other), "estimators"),
            (self.discount == other.discount, "discount"),
            (self.seed == other.seed, "seed"),
        ] {
            if !same {
                return Err(SequentialError::Settings { field });
            }
        }
        for ((_, mine), (_, theirs)) in self.ratios.iter_mut().zip(other.ratios) {
            mine.merge(theirs);
        }
        self.per_time.merge(&other.per_time);
        self.marginal.merge(&other.marginal);
        self.weights.merge(other.weights);
        self.squares.merge(other.squares);
        self.largest = self.largest.max(other.largest);
        self.overflowed += other.overflowed;
        self.cut += other.cut;
        self.cut_without_value += other.cut_without_value;
        for note in other.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        Ok(())
    }

    /// The estimates, in the order asked for, with intervals clustered by member at `confidence` in (0, 1). Where a gate
    /// refuses, the numbers are withheld and the reasons given.
    pub fn estimates(&self, confidence: f64) -> Vec<SequentialEstimate> {
        self.ratios.iter().map(|(estimator, moments)| self.estimate(*estimator, moments, confidence)).collect()
    }

    fn has(&self, estimator: SequentialEstimator) -> bool {
        self.ratios.iter().any(|(e, _)| *e == estimator)
    }

    fn push_replicated(&mut self, member: u64, episode: &Episode<'_>, weighted: Option<&Weighted<'_>>) {
        let with_model = self.has(SequentialEstimator::Wdr);
        let per_time = with_model || self.has(SequentialEstimator::Cwpdis);
        let marginal = self.has(SequentialEstimator::Mis);
        if !per_time && !marginal {
            return;
        }
        let multipliers = multipliers(self.seed, member);
        if let (true, Some(weighted)) = (per_time, weighted) {
            self.per_time.push(weighted, with_model, &multipliers);
        }
        if marginal {
            self.marginal.push(episode, &multipliers);
        }
    }

    /// The cumulative weights at the ends of the episodes.
    fn cumulative_weights(&self) -> Weights {
        let [sum, count] = self.weights.sums();
        let squares = self.squares.total();
        // What is left of overflowed weights would look better than it is.
        if self.overflowed > 0 {
            return Weights::REFUSED;
        }
        if count == 0.0 {
            return Weights { largest: 0.0, ..Weights::REFUSED };
        }
        let mean = sum / count;
        let variance = self.weights.variance([1.0 / count, -mean / count]);
        Weights {
            ess: if squares > 0.0 { sum * sum / squares } else { 0.0 },
            largest: self.largest,
            mean,
            largest_share: if sum > 0.0 { self.largest / sum } else { 0.0 },
            mean_se: variance.map(f64::sqrt),
        }
    }

    /// The value and its variance.
    fn value(&self, estimator: SequentialEstimator, moments: &ClusterMoments<2>) -> (f64, Option<f64>) {
        let members = self.weights.clusters();
        let replicated = |value: &dyn Fn(usize) -> f64| (value(0), bootstrap::variance(members, value));
        match estimator {
            SequentialEstimator::Cwpdis => replicated(&|b| cwpdis::value(&self.per_time, self.discount, b)),
            SequentialEstimator::Wdr => replicated(&|b| wdr::value(&self.per_time, self.discount, b)),
            SequentialEstimator::Mis => replicated(&|b| self.marginal.value(self.discount, b)),
            _ => {
                let [numerator, denominator] = moments.sums();
                let value = numerator / denominator;
                (value, moments.variance([1.0 / denominator, -value / denominator]))
            }
        }
    }

    fn estimate(
        &self,
        estimator: SequentialEstimator,
        moments: &ClusterMoments<2>,
        confidence: f64,
    ) -> SequentialEstimate {
        let (n, members) = (self.weights.rows(), self.weights.clusters());
        let marginal = estimator == SequentialEstimator::Mis;
        let weights = if marginal { self.marginal.weights(self.discount) } else { self.cumulative_weights() };
        let mut reasons = vec![];
        if let Some(reason) = if marginal { self.marginal.refusal() } else { self.overflow() } {
            reasons.push(reason);
        } else {
            reasons = refusals(&weights, n, members, &self.gates);
        }
        if !(confidence > 0.0 && confidence < 1.0) {
            reasons.push(format!("the confidence is {confidence}; it must be in (0, 1)"));
        }
        let (value, variance) = if reasons.is_empty() { self.value(estimator, moments) } else { (f64::NAN, None) };
        if reasons.is_empty() && !(value.is_finite() && variance.is_some_and(f64::is_finite)) {
            reasons.push(no_number(estimator, value));
        }
        let ok = reasons.is_empty();
        let (lower, upper) = if ok { normal_interval(value, variance, confidence) } else { (None, None) };
        if ok {
            reasons = self.remarks(estimator);
        }
        SequentialEstimate {
            estimator,
            status: if ok { Status::Ok } else { Status::NotEvaluable },
            value: ok.then_some(value),
            lower,
            upper,
            confidence,
            ess: weights.ess,
            max_weight: weights.largest,
            mean_weight: weights.mean,
            n,
            members,
            reasons,
        }
    }

    fn overflow(&self) -> Option<String> {
        (self.overflowed > 0).then(|| {
            format!(
                "in {} of {} episodes the product of the weights is beyond {LARGEST_WEIGHT:e}: these episodes are too long \
                 for cumulative weights; use shorter ones, or MIS with state ids",
                self.overflowed,
                self.weights.rows()
            )
        })
    }

    /// What a reader must know of an accepted number.
    fn remarks(&self, estimator: SequentialEstimator) -> Vec<String> {
        let mut remarks = self.notes.clone();
        if estimator == SequentialEstimator::Dm {
            remarks.push("the interval leaves out the error of the outcome model".into());
            return remarks;
        }
        let bootstraps = matches!(estimator, SequentialEstimator::Dr | SequentialEstimator::Wdr);
        let without = if bootstraps { self.cut_without_value } else { self.cut };
        let n = self.weights.rows();
        if without > 0 {
            remarks.push(format!("{without} of {n} episodes were cut; what would have followed counts as nothing"));
        }
        if self.cut > without {
            let with = self.cut - without;
            remarks.push(format!(
                "{with} of {n} episodes were cut; the model's value stands for what would have followed"
            ));
        }
        remarks
    }
}

/// This episode's (numerator, denominator), where the estimator is a ratio of two sums and the weights are in range.
fn ratio_terms(
    estimator: SequentialEstimator,
    episode: &Episode<'_>,
    weighted: Option<&Weighted<'_>>,
) -> Option<(f64, f64)> {
    match estimator {
        SequentialEstimator::Dm => Some(dm::ratio_terms(episode)),
        SequentialEstimator::Ips => weighted.map(ips::ratio_terms),
        SequentialEstimator::Wis => weighted.map(wis::ratio_terms),
        SequentialEstimator::Pdis => weighted.map(pdis::ratio_terms),
        SequentialEstimator::Dr => weighted.map(dr::ratio_terms),
        SequentialEstimator::Cwpdis | SequentialEstimator::Wdr | SequentialEstimator::Mis => None,
    }
}

fn no_number(estimator: SequentialEstimator, value: f64) -> String {
    if value.is_finite() {
        "the interval is not finite: rewards are too large, or all weights are zero in some resamples of the members"
            .into()
    } else if estimator.needs_model() {
        "no outcome model was given, or it has no prediction for an action that this policy takes".into()
    } else {
        "the sum of weights is zero or not finite".into()
    }
}
