//! One log valued at several bandwidths, and the choice among them by Lepski's principle: SLOPE (Su, Srinath &
//! Krishnamurthy 2020, algorithm 1).

use super::{DoseKernel, DoseRow, KernelError};
use crate::tuning::slope;
use crate::{Estimate, Estimator, Evaluation};

/// What a policy of doses is worth on a log, at every bandwidth of a grid at once. Mergeable.
#[derive(Debug, Clone)]
pub struct DoseEvaluation {
    kernels: Vec<DoseKernel>,
    evaluations: Vec<Evaluation>,
}

impl DoseEvaluation {
    /// With a kernel per bandwidth, all over the same doses; `evaluation` is an empty one, over 0 actions, with the
    /// estimators and gates asked for. Errors: no kernel.
    pub fn new(kernels: Vec<DoseKernel>, evaluation: &Evaluation) -> Result<Self, KernelError> {
        if kernels.is_empty() {
            return Err(KernelError::NoBandwidth { reason: "none was given".into() });
        }
        let evaluations = vec![evaluation.clone(); kernels.len()];
        Ok(DoseEvaluation { kernels, evaluations })
    }

    /// Adds one decision of `member`; a member's rows must follow each other. Errors: as [`DoseKernel::weight`]; the row is
    /// then not counted at any bandwidth.
    pub fn push(&mut self, member: u64, row: &DoseRow) -> Result<(), KernelError> {
        let terms = self.kernels.iter().map(|kernel| kernel.terms(row)).collect::<Result<Vec<_>, _>>()?;
        for ((kernel, evaluation), terms) in self.kernels.iter().zip(&mut self.evaluations).zip(&terms) {
            evaluation.push_terms(member, row.density * kernel.width(), terms);
        }
        Ok(())
    }

    /// Adds all that `other` saw, of other members, with the same kernels.
    pub fn merge(&mut self, other: DoseEvaluation) {
        self.evaluations.iter_mut().zip(other.evaluations).for_each(|(mine, theirs)| mine.merge(theirs));
    }

    /// The kernels with their evaluations, in the order given.
    pub fn each(&self) -> impl Iterator<Item = (&DoseKernel, &Evaluation)> {
        self.kernels.iter().zip(&self.evaluations)
    }

    /// The place of the bandwidth that SLOPE chooses for `estimator` ([`crate::Rule::Slope`]), and its estimate. Half an
    /// interval is `errors` standard errors: larger numbers lean to large bandwidths. Bandwidths that the gates refuse are
    /// left out. The interval at `confidence` holds neither the bias that is left nor the choice.
    ///
    /// Errors: an estimator that was not asked for, or all bandwidths refused.
    pub fn choose(&self, estimator: Estimator, errors: f64, confidence: f64) -> Result<(usize, Estimate), KernelError> {
        let (mut open, mut refused) = (vec![], vec![]);
        for (place, (kernel, evaluation)) in self.each().enumerate() {
            let estimates = evaluation.estimates(confidence);
            let Some(estimate) = estimates.into_iter().find(|estimate| estimate.estimator == estimator) else {
                let reason = format!("{estimator} was not asked for when the evaluation was made");
                return Err(KernelError::NoBandwidth { reason });
            };
            let bandwidth = kernel.bandwidth();
            let sheet = evaluation.sheet();
            match (estimate.value, sheet.variance(estimator, &sheet.point(estimator))) {
                (Some(value), Some(variance)) => {
                    open.push((place, (value, errors * variance.sqrt()), estimate));
                }
                _ => refused.push(format!("at {bandwidth}, {}", estimate.reasons.join("; "))),
            }
        }
        if open.is_empty() {
            return Err(KernelError::NoBandwidth { reason: refused.join(". ") });
        }
        let points: Vec<(f64, f64)> = open.iter().map(|(_, point, _)| *point).collect();
        let chosen = slope(&points).ok_or_else(|| KernelError::NoBandwidth { reason: "none was given".into() })?;
        let (place, _, estimate) = open.swap_remove(chosen);
        Ok((place, estimate))
    }
}
