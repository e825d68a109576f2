//! Direct method (Beygelzimer & Langford 2009): V̂ = (1/n) Σ v̂(x_i), with v̂(x) = Σ_a π_e(a|x) q̂(x, a).
//!
//! No variance from weights; biased by as much as q̂ is. Its interval shows sampling error only, never q̂'s.

use super::Terms;

pub(super) fn ratio_terms(terms: &Terms) -> (f64, f64) {
    (terms.v_target, 1.0)
}
