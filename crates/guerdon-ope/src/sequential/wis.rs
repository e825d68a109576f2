//! Weighted importance sampling (Precup, Sutton & Singh 2000): V̂ = Σ_i ρ_{0:T−1} Σ_t γ^t r_t / Σ_i ρ_{0:T−1}.
//!
//! IPS divided by the mean weight: biased by order 1/n, never outside the range of the observed returns.

use super::weighted::Weighted;

pub(super) fn ratio_terms(episode: &Weighted<'_>) -> (f64, f64) {
    (episode.last * episode.discounted_return(), episode.last)
}
