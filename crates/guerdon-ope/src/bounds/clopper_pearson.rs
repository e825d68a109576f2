//! Clopper & Pearson (1934) for importance-weighted rewards, as vw-estimators defines it: N events of weights up to
//! w_max count as N / w_max trials, of which Σ w·r′ / w_max were successes, r′ being the reward scaled to [0, 1].

use super::special::beta_quantile;
use super::{BoundsError, Interval, RewardRange, WeightRange, WeightedRewards, range};

impl WeightedRewards {
    /// The two-sided interval for V: with s successes in n trials (neither need be whole), from the alpha/2 quantile of
    /// Beta(s, n − s + 1) to the 1 − alpha/2 quantile of Beta(s + 1, n − s).
    ///
    /// Good when the scaled value V is small: both it and the truth are then near Poisson. It is *not* a guarantee in
    /// general: it allows w·r a variance of V(1 − V)·w_max where up to V(w_max − V) can occur, so it is too narrow when
    /// V is near one and large weights are common. More successes than trials count as all trials.
    ///
    /// The largest of `weights` should be what can occur. vw-estimators takes the largest one seen; pass
    /// `WeightRange::new(0.0, sums.max_weight())` for the same figures.
    ///
    /// # Errors
    /// No event, all weights zero, no finite largest weight, `alpha` outside (0, 1), or a weight or reward outside its
    /// range.
    pub fn clopper_pearson(
        &self,
        weights: &WeightRange,
        rewards: &RewardRange,
        alpha: f64,
    ) -> Result<Interval, BoundsError> {
        let alpha = range::checked_alpha(alpha)?;
        let largest = weights.finite_max("Clopper-Pearson")?;
        self.enough(1)?;
        self.within(weights, rewards)?;
        let trials = self.n() / largest;
        let gained = (self.wr() - rewards.min() * self.w()) / rewards.width();
        let successes = (gained / largest).clamp(0.0, trials);
        let lower = if successes > 0.0 { beta_quantile(successes, trials - successes + 1.0, alpha / 2.0) } else { 0.0 };
        let upper = if successes < trials {
            beta_quantile(successes + 1.0, trials - successes, 1.0 - alpha / 2.0)
        } else {
            1.0
        };
        Ok(Interval { lower: rewards.at(lower), upper: rewards.at(upper) })
    }
}
