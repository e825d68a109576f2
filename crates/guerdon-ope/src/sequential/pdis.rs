//! Per-decision importance sampling (Precup, Sutton & Singh 2000): V̂ = (1/n) Σ_i Σ_t γ^t ρ_{0:t} r_t.
//!
//! Unbiased; each reward has only the weights of the decisions before it.

use super::weighted::Weighted;

pub(super) fn ratio_terms(episode: &Weighted<'_>) -> (f64, f64) {
    (episode.steps.iter().map(|s| s.discount * s.weight * s.step.reward).sum(), 1.0)
}
