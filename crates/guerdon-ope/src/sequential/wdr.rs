//! Weighted doubly robust (Thomas & Brunskill 2016): DR with weights w_t = ρ_{0:t} / Σ_i ρ_{0:t}, w_{−1} = 1/n.
//!
//! V̂ = Σ_t γ^t [Σ_i w_t (r_t − q̂(s_t, a_t)) + Σ_i w_{t−1} v̂(s_t)]. An episode that has ended keeps its last cumulative
//! weight in the normalisation, with rewards, q̂ and v̂ of 0. At a cut after T steps v̂ there, where given, enters as
//! γ^T w_{T−1} v̂; no action was taken there, so it has no correction.

use super::per_time::PerTime;

/// The value in a column of the bootstrap; NaN if all weights at some time are 0 or a prediction is missing.
pub(super) fn value(sums: &PerTime, discount: f64, column: usize) -> f64 {
    let mut power = 1.0;
    let mut value = 0.0;
    for at in sums.totals(column) {
        value += power * (at.corrections / at.weight + at.baselines / at.weight_before);
        power *= discount;
    }
    value
}
