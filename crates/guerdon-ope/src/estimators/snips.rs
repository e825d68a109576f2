//! Self-normalised IPS (Swaminathan & Joachims 2015): V̂ = Σ w_i r_i / Σ w_i.
//!
//! Bias of order 1/n for less variance; never leaves the range of the observed rewards.

use super::Terms;

pub(super) fn ratio_terms(terms: &Terms) -> (f64, f64) {
    (terms.weight * terms.reward, terms.weight)
}
