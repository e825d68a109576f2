//! How a network is trained.

use crate::loss::HeadWeights;

/// What steers the steps of one network's training; the caller has checked the ranges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hyperparameters {
    /// Highest learning rate of the schedule (warm-up, then half a cosine), in (0, 1].
    pub rate: f64,
    /// Share of all steps that warm up, in [0, 1).
    pub warm_up: f64,
    /// AdamW's weight decay for 100,000 fitting rows; with n it is `weight_decay · √(100,000 / n)`, at most 50.
    pub weight_decay: f64,
    /// Largest gradient norm of one parameter matrix; above 0.
    pub clip: f64,
    /// Rows of a batch, at least 1.
    pub batch: usize,
    /// Most epochs, at least 1; the schedule ends with the last of them.
    pub epochs: usize,
    /// Stop after this many epochs without a better validation loss, at least 1.
    pub patience: usize,
    /// How much each head's loss counts.
    pub weights: HeadWeights,
}
