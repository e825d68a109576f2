//! Inverse propensity scoring (Horvitz & Thompson 1952; Strehl et al. 2010): V̂ = (1/n) Σ w_i r_i.
//!
//! Unbiased where π_b covers π_e; its variance grows with the weights.

use super::Terms;

pub(super) fn ratio_terms(terms: &Terms) -> (f64, f64) {
    (terms.weight * terms.reward, 1.0)
}
