//! What training reports of itself: one line per epoch or fit.

use serde::{Deserialize, Serialize};

/// One epoch of a neural learner, one fit (one penalty tried) of a ridge learner, or one epoch or strength of a policy
/// learner. Holds no times, so that the same seeds give the same metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// The learner's name; where it trains several networks, also which of them.
    pub learner: String,
    /// Epoch from 1, or the place of the fit.
    pub step: usize,
    /// Learning rate at the epoch's end, or the penalty λ of the fit.
    pub rate: f64,
    /// Mean training loss (neural); minus the standardised objective before the epoch, where it is looked at (policy).
    #[serde(default)]
    pub training_loss: Option<f64>,
    /// Mean validation loss (neural), the validation members' mean squared error of net value (ridge), or minus their
    /// lower bound on the policy's value (policy).
    #[serde(default)]
    pub validation_loss: Option<f64>,
    /// Validation loss per head: stages, `paid`, `revenue` (neural); the strength tried (policy).
    #[serde(default)]
    pub heads: Vec<f64>,
    /// Whether this step is the best so far (neural) or the one chosen (ridge).
    pub best: bool,
}
