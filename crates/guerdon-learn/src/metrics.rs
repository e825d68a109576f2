//! What training reports of itself: one line per epoch or fit.

use serde::{Deserialize, Serialize};

/// One epoch of a neural learner, or one fit (one penalty tried) of a ridge learner. Holds no times, so that the same
/// seeds give the same metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// The learner's name.
    pub learner: String,
    /// Epoch from 1, or the place of the fit.
    pub step: usize,
    /// Learning rate at the epoch's end, or the penalty λ of the fit.
    pub rate: f64,
    /// Mean training loss (neural).
    #[serde(default)]
    pub training_loss: Option<f64>,
    /// Mean validation loss (neural), or the validation members' mean squared error of net value (ridge).
    #[serde(default)]
    pub validation_loss: Option<f64>,
    /// Validation loss per head: stages, `paid`, `revenue` (neural).
    #[serde(default)]
    pub heads: Vec<f64>,
    /// Whether this step is the best so far (neural) or the one chosen (ridge).
    pub best: bool,
}
