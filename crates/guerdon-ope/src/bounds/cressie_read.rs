//! Cressie-Read empirical likelihood with power −2 (Karampatziakis, Langford & Mineiro 2020, "Empirical Likelihood for
//! Contextual Bandits"): among distributions with `E[w] = 1`, the one nearest to the log's in
//! Σ (n·Q_i − 1)², which has a closed form in six sums.
//!
//! The log is joined by one event that was never seen, of weight w₀ (the end of the weight range on the far side of the
//! mean weight) which lets `E[w] = 1` be met. With bars for sums over all n + 1 divided by n + 1:
//! Q_i ∝ 1 + (1 − w̄)(w_i − w̄) / Var(w). As w₀ → ∞ this becomes Q_i = 1/n.

use super::special::student_quantile;
use super::{BoundsError, Interval, RewardRange, WeightRange, WeightedRewards, range};

/// Mean and variance of the weights of the log joined by one event of weight `unseen`.
struct Joined {
    unseen: f64,
    mean: f64,
    variance: f64,
}

impl Joined {
    fn new(sums: &WeightedRewards, unseen: f64) -> Self {
        let count = 1.0 + sums.n();
        let mean = (unseen + sums.w()) / count;
        Joined { unseen, mean, variance: (unseen * unseen + sums.w2()) / count - mean * mean }
    }

    /// (1 − w̄)² / Var(w): how far `E[w] = 1` is from the joined log, per event.
    fn strain(&self, n: f64) -> f64 {
        if self.unseen.is_infinite() { 1.0 / n } else { (1.0 - self.mean).powi(2) / self.variance }
    }
}

impl WeightedRewards {
    /// The Cressie-Read(−2) estimate of V. Mass that the log can't hold (where ΣQ_i w_i < 1) takes the mean logged
    /// reward. Less noisy than IPS, and unlike it unmoved by adding a constant to all rewards when that mass is zero.
    /// Some Q_i may be negative, so the estimate may lie a little outside the range of rewards.
    ///
    /// # Errors
    /// No event, all weights zero, or a weight outside `weights`.
    pub fn cressie_read(&self, weights: &WeightRange) -> Result<f64, BoundsError> {
        self.enough(1)?;
        self.weights_within(weights)?;
        let n = self.n();
        let joined = Joined::new(self, self.far_end(weights));
        // n·Q_i = level + slope · w_i, up to the factor n/(n+1).
        let (level, slope) = if joined.unseen.is_infinite() {
            ((1.0 + n) / n, 0.0)
        } else {
            let slope = (1.0 - joined.mean) / joined.variance;
            (1.0 - slope * joined.mean, slope)
        };
        let seen = (level * self.w() + slope * self.w2()) / (1.0 + n);
        let value = (level * self.wr() + slope * self.w2r()) / (1.0 + n);
        Ok(value + (1.0 - seen).max(0.0) * self.r() / n)
    }

    /// The interval for V around it: the smallest and the largest `E_Q[w·r]` over Q with `E_Q[w] = 1` whose divergence
    /// from the log exceeds the least possible one by no more than the 1 − `alpha` quantile of F(1, n). Claims *at
    /// least* its coverage for large samples. Both ends are cut to the reward range.
    ///
    /// Unseen rewards enter through one unseen event only. Where all rewards seen are equal, all width comes from the
    /// spread of the weights: none, when these are equal too. [`clopper_pearson`](Self::clopper_pearson) has no such
    /// gap.
    ///
    /// The unseen event is tried at both ends of the weight range, and the wider bound is kept. Where neither gives a
    /// number the bound is that end of the reward range itself, so the interval stays true. (vw-estimators 0.2.2 takes
    /// the *smallest* reward for both bounds there, which makes an upper bound of it.) Residual variances are never
    /// taken as negative, so rounding alone leaves no bound without a candidate.
    ///
    /// # Errors
    /// Fewer than two events, all weights zero, `alpha` outside (0, 1), or a weight or reward outside its range.
    pub fn cressie_read_interval(
        &self,
        weights: &WeightRange,
        rewards: &RewardRange,
        alpha: f64,
    ) -> Result<Interval, BoundsError> {
        let alpha = range::checked_alpha(alpha)?;
        self.enough(2)?;
        self.within(weights, rewards)?;
        let n = self.n();
        let quantile = student_quantile(n, alpha / 2.0).powi(2);
        let least = Joined::new(self, self.far_end(weights)).strain(n);
        let budget = least + quantile / (1.0 + n);
        let ends = [weights.min(), weights.max()].map(|unseen| Joined::new(self, unseen));
        let lower = ends.iter().filter_map(|end| self.extreme(end, rewards.min(), budget, -1.0)).reduce(f64::min);
        let upper = ends.iter().filter_map(|end| self.extreme(end, rewards.max(), budget, 1.0)).reduce(f64::max);
        let within = |value: f64| value.clamp(rewards.min(), rewards.max());
        Ok(Interval { lower: within(lower.unwrap_or(rewards.min())), upper: within(upper.unwrap_or(rewards.max())) })
    }

    /// The end of the weight range that lies on the other side of one than the mean weight.
    fn far_end(&self, weights: &WeightRange) -> f64 {
        if self.w() < self.n() { weights.max() } else { weights.min() }
    }

    /// The largest (`side` = 1) or smallest (−1) `E_Q[w·r]` when the unseen event's reward is `reward` and the
    /// divergence is at most `budget`; nothing if `E_Q[w] = 1` alone costs more.
    ///
    /// With u = w(r − reward), the unseen event has u = 0, and `E_Q[w·r]` = reward + E_Q[u]. Regressing u on w: the
    /// middle is ū + (1 − w̄) Cov(w, u) / Var(w), and what is left of the budget multiplies the residual variance of u.
    fn extreme(&self, joined: &Joined, reward: f64, budget: f64, side: f64) -> Option<f64> {
        let (n, count) = (self.n(), 1.0 + self.n());
        let mean_u = (self.wr() - reward * self.w()) / count;
        let square_u = (self.w2r2() - reward * (2.0 * self.w2r() - reward * self.w2())) / count;
        let (middle, residual) = if joined.unseen.is_infinite() {
            (mean_u * count / n, square_u - mean_u * mean_u * count / n)
        } else if joined.variance > 0.0 {
            let covariance = (self.w2r() - reward * self.w2()) / count - joined.mean * mean_u;
            let slope = covariance / joined.variance;
            (mean_u + (1.0 - joined.mean) * slope, square_u - mean_u * mean_u - covariance * slope)
        } else {
            return None;
        };
        let left = budget - joined.strain(n);
        let value = reward + middle + side * (residual.max(0.0) * left).sqrt();
        (left >= 0.0 && value.is_finite()).then_some(value)
    }
}
