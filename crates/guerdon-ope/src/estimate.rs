//! An estimate, or the reasons why there is none.

use crate::{Estimator, Verdict};
use serde::{Deserialize, Serialize};

/// Whether a number may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It may.
    Ok,
    /// The data can't carry it; `reasons` say why.
    NotEvaluable,
}

/// What an estimator says of a policy's value per decision, in major units of money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Which estimator.
    pub estimator: Estimator,
    /// Whether the numbers may be used. If not, value, lower and upper are absent.
    pub status: Status,
    /// How far they may be trusted.
    pub verdict: Verdict,
    /// The estimate.
    pub value: Option<f64>,
    /// Lower end of the interval.
    pub lower: Option<f64>,
    /// Upper end of the interval.
    pub upper: Option<f64>,
    /// Nominal coverage of the interval, in (0, 1).
    pub confidence: f64,
    /// Effective sample size (Σw)² / Σw² (Kong 1992), in decisions.
    pub ess: f64,
    /// Largest importance weight.
    pub max_weight: f64,
    /// Mean importance weight; near 1 where propensities are right and support is full.
    pub mean_weight: f64,
    /// Decisions.
    pub n: u64,
    /// Why it was refused, or what a reader must know of an accepted number.
    pub reasons: Vec<String>,
}

impl Estimate {
    /// Whether the numbers may be used.
    pub fn is_ok(&self) -> bool {
        self.status == Status::Ok
    }
}

/// `value` ± z · se at `confidence`.
pub(crate) fn normal_interval(value: f64, variance: Option<f64>, confidence: f64) -> (Option<f64>, Option<f64>) {
    use statrs::distribution::{ContinuousCDF, Normal};
    let z = Normal::standard().inverse_cdf(0.5 + confidence / 2.0);
    match variance {
        Some(variance) => {
            let half = z * variance.sqrt();
            (Some(value - half), Some(value + half))
        }
        None => (None, None),
    }
}
