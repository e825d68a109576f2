//! Trajectory-wise inverse propensity scoring (Precup, Sutton & Singh 2000): V̂ = (1/n) Σ_i ρ_{0:T−1} Σ_t γ^t r_t.
//!
//! Unbiased; the variance grows exponentially with the length of the episodes.

use super::weighted::Weighted;

pub(super) fn ratio_terms(episode: &Weighted<'_>) -> (f64, f64) {
    (episode.last * episode.discounted_return(), 1.0)
}
