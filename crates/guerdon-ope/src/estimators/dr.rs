//! Doubly robust (Dudík, Langford & Li 2011): V̂ = (1/n) Σ [ v̂(x_i) + w_i (r_i − q̂(x_i, a_i)) ].
//!
//! Unbiased if either the propensities or q̂ are right; q̂ must come from rows other than the member's own.

use super::Terms;

pub(super) fn ratio_terms(terms: &Terms) -> (f64, f64) {
    // A zero weight must not meet a q̂ that is missing for the logged action.
    let correction = if terms.weight == 0.0 { 0.0 } else { terms.weight * (terms.reward - terms.q_logged) };
    (terms.v_target + correction, 1.0)
}
