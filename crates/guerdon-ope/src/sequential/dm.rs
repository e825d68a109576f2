//! Direct method for episodes (Le, Voloshin & Yue 2019, for q̂ by fitted Q evaluation): V̂ = (1/n) Σ_i v̂(s_0).
//!
//! As good as q̂. It looks at the first state only, so neither the weights nor a cut change it.

use super::Episode;

pub(super) fn ratio_terms(episode: &Episode<'_>) -> (f64, f64) {
    let first = episode.steps.first().and_then(|step| step.model);
    (first.map_or(f64::NAN, |model| model.v_target), 1.0)
}
