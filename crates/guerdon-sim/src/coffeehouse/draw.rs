//! The random draws that the world is made of.

use guerdon_core::Seed;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// A stream of draws from one seed.
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    pub(super) fn new(seed: Seed) -> Draw {
        Draw(ChaCha8Rng::seed_from_u64(seed.0))
    }

    /// Uniform on [0, 1).
    pub(super) fn uniform(&mut self) -> f64 {
        self.0.random::<f64>()
    }

    /// Standard normal.
    pub(super) fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// Exponential with this mean.
    pub(super) fn exponential(&mut self, mean: f64) -> f64 {
        -(1.0 - self.uniform()).ln() * mean
    }

    /// A whole number from 0 up to, not including, `n`.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        self.0.random_range(0..n)
    }

    /// True with this probability.
    pub(super) fn known(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// An index with these probabilities, which sum to 1; what rounding leaves over goes to the last.
    pub(super) fn weighted(&mut self, probabilities: &[f64]) -> usize {
        let mut left = self.uniform();
        for (index, probability) in probabilities.iter().enumerate() {
            if left < *probability {
                return index;
            }
            left -= probability;
        }
        probabilities.len() - 1
    }
}

/// 1 / (1 + exp(−x)).
pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
