//! Ways to tame importance weights: each trades a little bias for less variance.

use super::Level;

/// What becomes of a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Taming {
    /// w as it is.
    None,
    /// min(w, τ) (Ionides 2008).
    Clip(Level),
    /// w where w ≤ τ, else 0: the model alone speaks there (Switch, Wang, Agarwal & Dudík 2017).
    Switch(Level),
    /// λ w / (w² + λ): optimistic shrinkage (Su, Dimakopoulou, Krishnamurthy & Dudík 2020, eq. 6).
    Shrink(Level),
    /// w / (1 − λ + λ w): the sub-Gaussian transform (Metelli, Russo & Restelli 2021), λ in [0, 1].
    SubGaussian(Level),
}

impl Taming {
    /// ŵ of the weight `w` ≥ 0.
    pub(crate) fn apply(self, w: f64) -> f64 {
        match self {
            Taming::None => w,
            Taming::Clip(level) => w.min(level.get()),
            Taming::Switch(level) => {
                if w <= level.get() {
                    w
                } else {
                    0.0
                }
            }
            Taming::Shrink(level) => level.get() * w / (w * w + level.get()),
            Taming::SubGaussian(level) => w / (1.0 - level.get() + level.get() * w),
        }
    }
}
