//! The numbers of one row that estimators sum.

use super::Factors;
use super::weights::Taming;
use crate::terms::Terms;

/// One number a row. Every estimator is a function of the sums of a few of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Component {
    /// 1.
    One,
    /// w.
    Weight,
    /// ŵ r.
    Reward(Taming),
    /// v̂(x).
    Model,
    /// ŵ (r − q̂(x, a)).
    Residual(Taming),
    /// w q̂(x, a) − v̂(x): zero in expectation, whatever q̂ is.
    Control,
    /// π_e(a|x).
    Chance,
    /// π_e(a|x) r.
    ChanceReward,
    /// w(class of a) r.
    Factor(Factors),
}

impl Component {
    /// Its value in a row.
    pub(crate) fn of(self, terms: &Terms) -> f64 {
        // A zero weight must not meet a q̂ that is missing for the logged action.
        let times = |weight: f64, value: f64| if weight == 0.0 { 0.0 } else { weight * value };
        match self {
            Component::One => 1.0,
            Component::Weight => terms.weight,
            Component::Reward(taming) => taming.apply(terms.weight) * terms.reward,
            Component::Model => terms.v_target,
            Component::Residual(taming) => times(taming.apply(terms.weight), terms.reward - terms.q_logged),
            Component::Control => times(terms.weight, terms.q_logged) - terms.v_target,
            Component::Chance => terms.chance,
            Component::ChanceReward => terms.chance * terms.reward,
            Component::Factor(factors) => terms.class_weights[factors.place()] * terms.reward,
        }
    }
}
