//! Hoeffding (1963) and empirical Bernstein (Maurer & Pontil 2009, theorem 4) for the mean of w·r: valid for every n
//! when the stated ranges are what can occur.

use super::{BoundsError, Interval, RewardRange, WeightRange, WeightedRewards, range};

impl WeightedRewards {
    /// Mean of w·r ± B √(ln(2/alpha) / 2n), with B the width of the range of w·r, cut to the reward range.
    ///
    /// # Errors
    /// No event, all weights zero, no finite largest weight, `alpha` outside (0, 1), a weight or reward outside its
    /// range, or an interval wholly outside the reward range ([`BoundsError::Contradiction`]).
    pub fn hoeffding(&self, weights: &WeightRange, rewards: &RewardRange, alpha: f64) -> Result<Interval, BoundsError> {
        let alpha = range::checked_alpha(alpha)?;
        let (low, high) = products(weights, rewards, "Hoeffding's inequality")?;
        self.enough(1)?;
        self.within(weights, rewards)?;
        let (mean, half) = (self.wr() / self.n(), hoeffding_half(high - low, self.n(), alpha / 2.0));
        rewards.cut(mean - half, mean + half)
    }

    /// Mean of w·r ± [√(2 S² ln(4/alpha) / n) + 7 B ln(4/alpha) / (3(n − 1))], with S² the sample variance of w·r and B
    /// the width of its range, cut to the reward range. Far narrower than Hoeffding's when large weights are rare.
    ///
    /// # Errors
    /// As [`hoeffding`](Self::hoeffding), and fewer than two events.
    pub fn empirical_bernstein(
        &self,
        weights: &WeightRange,
        rewards: &RewardRange,
        alpha: f64,
    ) -> Result<Interval, BoundsError> {
        let alpha = range::checked_alpha(alpha)?;
        let (low, high) = products(weights, rewards, "the empirical Bernstein inequality")?;
        self.enough(2)?;
        self.within(weights, rewards)?;
        let mean = self.wr() / self.n();
        let half = bernstein_half(self.variance(), high - low, self.n(), alpha / 2.0);
        rewards.cut(mean - half, mean + half)
    }

    /// One-sided lower bound by Hoeffding's inequality, mean − x_max √(ln(1/delta) / 2n), for 0 ≤ w·r ≤ `x_max`. Not
    /// cut to any range. obp gives the largest *seen* weight as x_max; that is no guarantee.
    ///
    /// # Errors
    /// No event, all weights zero, `delta` outside (0, 1), or some w·r outside [0, `x_max`].
    pub fn hoeffding_lower_bound(&self, x_max: f64, delta: f64) -> Result<f64, BoundsError> {
        let delta = range::checked_alpha(delta)?;
        self.enough(1)?;
        self.products_within(0.0, x_max)?;
        Ok(self.wr() / self.n() - hoeffding_half(x_max, self.n(), delta))
    }

    /// One-sided lower bound by the empirical Bernstein inequality,
    /// mean − √(2 S² ln(2/delta) / n) − 7 x_max ln(2/delta) / (3(n − 1)), for 0 ≤ w·r ≤ `x_max`. Not cut to any range.
    ///
    /// # Errors
    /// As [`hoeffding_lower_bound`](Self::hoeffding_lower_bound), and fewer than two events.
    pub fn bernstein_lower_bound(&self, x_max: f64, delta: f64) -> Result<f64, BoundsError> {
        let delta = range::checked_alpha(delta)?;
        self.enough(2)?;
        self.products_within(0.0, x_max)?;
        Ok(self.wr() / self.n() - bernstein_half(self.variance(), x_max, self.n(), delta))
    }
}

/// Smallest and largest w·r that can occur.
fn products(weights: &WeightRange, rewards: &RewardRange, method: &'static str) -> Result<(f64, f64), BoundsError> {
    let largest = weights.finite_max(method)?;
    let low = (weights.min() * rewards.min()).min(largest * rewards.min());
    let high = (weights.min() * rewards.max()).max(largest * rewards.max());
    Ok((low, high))
}

/// How far the mean of n numbers from a range of this width strays on one side with probability `delta` at most.
fn hoeffding_half(width: f64, n: f64, delta: f64) -> f64 {
    width * (-delta.ln() / (2.0 * n)).sqrt()
}

/// The same from their sample variance.
fn bernstein_half(variance: f64, width: f64, n: f64, delta: f64) -> f64 {
    let log = (2.0 / delta).ln();
    (2.0 * variance * log / n).sqrt() + 7.0 * width * log / (3.0 * (n - 1.0))
}
