//! SharpeRatio@k (Kiyohara, Kishimoto, Kawakami, Kobayashi, Nakata & Saito 2024, eq. 3): how well an estimator's ranking
//! trades the best policy found against the spread of those that would be tried.

use super::SelectionError;
use serde::{Deserialize, Serialize};

/// The measures for the k candidates of highest estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SharpeAt {
    /// How many candidates would be tried, 1 … K.
    pub k: usize,
    /// best@k: highest true value among them.
    pub best: f64,
    /// std@k: standard deviation of their true values, over k (not k − 1).
    pub spread: f64,
    /// (best@k − baseline) / std@k. Higher is better. Absent at k = 1, and wherever the k true values are all alike: there
    /// is no spread to divide by.
    pub ratio: Option<f64>,
}

/// SharpeRatio@k for k = 1 … K. `estimated` and `truth` (true or on-policy values) run over the same K candidates, in the
/// units of `baseline`, the logging policy's true value. Of equal estimates the one given first ranks higher.
///
/// Errors: lists of different lengths or empty, or numbers that are not finite.
pub fn sharpe_ratio_at(estimated: &[f64], truth: &[f64], baseline: f64) -> Result<Vec<SharpeAt>, SelectionError> {
    if estimated.is_empty() || estimated.len() != truth.len() {
        let (given, wanted) = (truth.len(), estimated.len());
        return Err(SelectionError::Length { what: "true values", given, wanted });
    }
    if let Some(odd) = estimated.iter().chain(truth).chain([&baseline]).find(|value| !value.is_finite()) {
        return Err(SelectionError::Range { what: "a value", given: *odd, wanted: "finite numbers" });
    }
    let mut order: Vec<usize> = (0..estimated.len()).collect();
    order.sort_by(|a, b| estimated[*b].total_cmp(&estimated[*a]).then(a.cmp(b)));
    let tried: Vec<f64> = order.into_iter().map(|place| truth[place]).collect();
    Ok((1..=tried.len())
        .map(|k| {
            let top = &tried[..k];
            let mean = top.iter().sum::<f64>() / k as f64;
            let spread = (top.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / k as f64).sqrt();
            let best = top.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let alike = top.iter().all(|value| *value == top[0]);
            SharpeAt { k, best, spread, ratio: (!alike).then(|| (best - baseline) / spread) }
        })
        .collect())
}
