//! Networks that are averaged.

use super::{AmountCurve, check_revenue_stage, check_stack, check_widths, heads, refused};
use crate::dense::Dense;
use crate::model::MOST_LAYERS;
use guerdon_core::Result;
use serde::{Deserialize, Serialize};

/// Most members of an [`EnsembleModel`].
pub const MOST_MEMBERS: usize = 4096;

/// Networks that share a trunk (perhaps empty) and are averaged after their links (Lakshminarayanan et al. 2017). One
/// member is a plain network; draws from a posterior are members too.
///
/// Outcomes are the mean over members. The score of an action is the mean over members of the member's score, less
/// [`EnsembleModel::pessimism`] standard deviations.
#[derive(Debug, Clone, PartialEq)]
pub struct EnsembleModel {
    /// What all members share: SiLU after each of these layers. 0 to [`MOST_LAYERS`].
    pub trunk: Vec<Dense>,
    /// Each member's own layers, 1 to [`MOST_LAYERS`], with SiLU between them and none after the last; 1 to
    /// [`MOST_MEMBERS`] members. The last layer has `heads * actions` outputs, and behind them
    /// [`AmountCurve::outputs`] where there is a curve.
    pub members: Vec<Vec<Dense>>,
    /// What makes chances of numbers.
    pub link: ChanceLink,
    /// What makes revenue of a number.
    pub revenue_link: RevenueLink,
    /// For each stage the earlier one that it follows: its head then gives its chance once that one is reached, and the
    /// chance of reaching it is the product of both (ESMM, Ma et al. 2018). Empty where every head gives the chance
    /// itself; else `[stages]`, of several at least one that follows. `paid` follows nothing.
    pub follows: Vec<Option<usize>>,
    /// The stage without which there is no revenue, as in [`super::MlpModel`]; its chance is that of reaching it.
    pub revenue_stage: Option<usize>,
    /// How outcomes grow with the amount; `None` where each action's outcomes are its own.
    pub amount: Option<AmountCurve>,
    /// How many standard deviations over the members (dividing by their number) a score is lowered; finite, at least 0.
    pub pessimism: f64,
}

/// What makes a chance of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChanceLink {
    /// 1 / (1 + e^−x).
    Sigmoid,
    /// x clamped to [0, 1], for linear probability models.
    Clamp,
}

/// What makes revenue of a number x; under a hurdle, revenue once its stage is reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RevenueLink {
    /// x itself, in major units.
    #[default]
    Identity,
    /// e^x (a log link, as of a gamma or Tweedie model), an amount curve's part added, and no more than `most`.
    Exp {
        /// In major units; finite, at least 0.
        most: f32,
    },
}

/// [`EnsembleModel::follows`] where every stage follows the one before it.
pub fn one_after_the_other(stages: usize) -> Vec<Option<usize>> {
    (0..stages).map(|stage| stage.checked_sub(1)).collect()
}

impl EnsembleModel {
    pub(super) fn check(&self, width: usize, stages: usize, actions: usize) -> Result<()> {
        check_revenue_stage(self.revenue_stage, stages)?;
        if !(self.pessimism.is_finite() && self.pessimism >= 0.0) {
            return Err(refused("pessimism", self.pessimism, "a finite number of at least 0 would do"));
        }
        if let RevenueLink::Exp { most } = self.revenue_link
            && !(most.is_finite() && most >= 0.0)
        {
            return Err(refused("revenue_link.most", most, "a finite number of at least 0 would do"));
        }
        let backwards = self.follows.iter().enumerate().any(|(stage, before)| before.is_some_and(|b| b >= stage));
        let says = self.follows.len() < 2 || self.follows.iter().any(Option::is_some);
        if backwards || !says || !(self.follows.is_empty() || self.follows.len() == stages) {
            let wanted =
                format!("nothing, or for each of {stages} stages an earlier one or none, not all none, would do");
            return Err(refused("follows", format!("{:?}", self.follows), wanted));
        }
        if self.members.is_empty() || self.members.len() > MOST_MEMBERS {
            return Err(refused("members", self.members.len(), format!("1 to {MOST_MEMBERS} would do")));
        }
        if self.trunk.len() > MOST_LAYERS {
            return Err(refused("trunk.layers", self.trunk.len(), format!("at most {MOST_LAYERS} would do")));
        }
        let of_heads = heads(stages).saturating_mul(actions);
        let mut why = format!("{stages} stages and 2 more heads for {actions} actions");
        let mut outputs = of_heads;
        if let Some(curve) = &self.amount {
            curve.check(actions)?;
            let of_curve = curve.outputs(stages, self.revenue_stage.is_some());
            why = format!("{why}, and {of_curve} for the curve");
            outputs = outputs.saturating_add(of_curve);
        }
        let inputs = check_widths("trunk.", &self.trunk, width)?;
        for (i, member) in self.members.iter().enumerate() {
            check_stack(&format!("member{i}."), member, inputs, outputs, &why)?;
        }
        Ok(())
    }

    /// The numbers that a member's first layer takes.
    pub(crate) fn trunk_outputs(&self) -> usize {
        self.trunk.last().map_or(0, |layer| layer.outputs)
    }
}
