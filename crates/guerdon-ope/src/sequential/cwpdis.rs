//! Consistent weighted per-decision importance sampling (Thomas 2015): V̂ = Σ_t γ^t Σ_i ρ_{0:t} r_t / Σ_i ρ_{0:t}.
//!
//! PDIS normalised at each time. An episode that has ended has rewards 0 and keeps its last cumulative weight in the
//! denominator. Biased by order 1/n, consistent, and of much smaller variance than PDIS.

use super::per_time::PerTime;

/// The value in a column of the bootstrap; NaN if all weights at some time are 0.
pub(super) fn value(sums: &PerTime, discount: f64, column: usize) -> f64 {
    let mut power = 1.0;
    let mut value = 0.0;
    for at in sums.totals(column) {
        value += power * at.rewards / at.weight;
        power *= discount;
    }
    value
}
