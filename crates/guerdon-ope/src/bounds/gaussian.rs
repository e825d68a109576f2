//! The normal interval of the mean of w·r, and Student's one-sided lower bound: right for large n only, and too narrow
//! while the largest weights have not been seen.

use super::special::student_quantile;
use super::{BoundsError, Interval, WeightedRewards, range};
use statrs::distribution::{ContinuousCDF, Normal};

impl WeightedRewards {
    /// Mean of w·r ± z √(S²/n), z the 1 − alpha/2 quantile of the normal distribution and S² the sample variance. Not
    /// cut to any range, as in vw-estimators.
    ///
    /// # Errors
    /// Fewer than two events, all weights zero, or `alpha` outside (0, 1).
    pub fn gaussian(&self, alpha: f64) -> Result<Interval, BoundsError> {
        let alpha = range::checked_alpha(alpha)?;
        self.enough(2)?;
        let mean = self.wr() / self.n();
        let half = -Normal::standard().inverse_cdf(alpha / 2.0) * (self.variance() / self.n()).sqrt();
        Ok(Interval { lower: mean - half, upper: mean + half })
    }

    /// One-sided lower bound, mean − t √(S²/n), t the 1 − delta quantile of Student's t with n − 1 degrees of freedom,
    /// as in obp.
    ///
    /// # Errors
    /// Fewer than two events, all weights zero, or `delta` outside (0, ½).
    pub fn student_t_lower_bound(&self, delta: f64) -> Result<f64, BoundsError> {
        if !(delta > 0.0 && delta < 0.5) {
            return Err(BoundsError::Alpha { given: delta });
        }
        self.enough(2)?;
        let spread = (self.variance() / self.n()).sqrt();
        Ok(self.wr() / self.n() - student_quantile(self.n() - 1.0, delta) * spread)
    }
}
