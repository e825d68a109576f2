//! How a network is trained.

use crate::loss::HeadWeights;

/// What steers the steps of one network's training; the caller has checked the ranges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hyperparameters {
    /// Highest learning rate of the schedule (warm-up, then half a cosine), in (0, 1].
    pub rate: f64,
    /// Share of all steps that warm up, in [0, 1).
    pub warm_up: f64,
    /// AdamW's weight decay for 100,000 fitting rows, see [`Hyperparameters::decay`].
    pub weight_decay: f64,
    /// Largest gradient norm of one parameter matrix; above 0.
    pub clip: f64,
    /// Rows of a batch, at least 1.
    pub batch: usize,
    /// Most epochs for 30,000 fitting rows or more, at least 1, see [`Hyperparameters::passes`]; the schedule ends with the
    /// last of them.
    pub epochs: usize,
    /// Stop after this many epochs (for 30,000 rows or more) without a better validation loss, at least 1.
    pub patience: usize,
    /// How much each head's loss counts.
    pub weights: HeadWeights,
}

impl Hyperparameters {
    /// The weight decay for this many fitting rows: `weight_decay · √(100,000 / rows)`, at most 2.5 times `weight_decay`.
    pub fn decay(&self, rows: usize) -> f64 {
        self.weight_decay * (1e5 / rows as f64).sqrt().min(2.5)
    }

    /// How often this many fitting rows are passed over: `epochs`, and of fewer than 30,000 rows as many times more, up to
    /// five, so that short logs get as many steps.
    pub fn passes(&self, rows: usize) -> usize {
        (self.epochs as f64 * shortness(rows)).round() as usize
    }

    /// How many of these passes without a better validation loss end a run.
    pub(crate) fn patience_for(&self, rows: usize) -> usize {
        (self.patience as f64 * shortness(rows)).round() as usize
    }
}

fn shortness(rows: usize) -> f64 {
    (3e4 / rows as f64).clamp(1.0, 5.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_logs_are_passed_over_more_often_and_doubted_more_up_to_a_point() {
        let weights = HeadWeights { reach: 1.0, paid: 1.0, revenue: 1.0 };
        let hyper = Hyperparameters {
            rate: 0.004,
            warm_up: 0.1,
            weight_decay: 0.4,
            clip: 1.0,
            batch: 256,
            epochs: 16,
            patience: 6,
            weights,
        };
        assert_eq!([1_000_000, 30_000, 15_000, 10_000, 100].map(|rows| hyper.passes(rows)), [16, 16, 32, 48, 80]);
        assert_eq!([30_000, 10_000].map(|rows| hyper.patience_for(rows)), [6, 18]);
        assert_eq!([400_000, 100_000, 25_000, 16_000, 100].map(|rows| hyper.decay(rows)), [0.2, 0.4, 0.8, 1.0, 1.0]);
    }
}
