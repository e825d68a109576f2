//! The objective: from what an action is expected to bring to its score.

use crate::model::{OutcomeModel, heads};
use crate::placement::Placement;
use guerdon_core::{Catalogue, Economics, Error, Result};
use serde::{Deserialize, Serialize};

/// What a decision is worth, and the prices of cost and of liability. Money is in major units.
///
/// score(a) = margin · E\[revenue\] − (1 + λ) · cost(a) · P(pays) − μ · points(a) · point value · P(pays)
/// − contact cost · \[a ≠ none\].
///
/// λ and μ are set by whoever paces the budget, without retraining: at 0 the score is the expected net value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Share of revenue that is margin, in [0, 1].
    pub margin: f64,
    /// Price of budget: what one unit of cost weighs beyond itself; at least 0.
    pub lambda: f64,
    /// Price of liability: what one unit of points' money value weighs; at least 0.
    pub mu: f64,
    /// What one contact costs; at least 0.
    pub contact_cost: f64,
    /// Money value of one point; at least 0.
    pub point_value: f64,
    /// Where in the funnel rewards are placed; `None` where the score alone decides. It needs a model with heads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
}

impl Objective {
    /// Expected net value under `economics`: λ = μ = 0.
    pub fn net_value(economics: &Economics) -> Objective {
        Objective {
            margin: economics.margin,
            lambda: 0.0,
            mu: 0.0,
            contact_cost: economics.contact_cost,
            point_value: economics.point_value,
            placement: None,
        }
    }

    pub(crate) fn check(&self, model: &OutcomeModel) -> Result<()> {
        if let Some(placement) = self.placement {
            placement.check()?;
            if !model.has_heads() {
                let given = format!("over {} that predict no chances", model.kind());
                return Err(Error::config(
                    "objective",
                    "placement",
                    given,
                    "a model with heads, or no placement, would do",
                ));
            }
        }
        let at_least_0 = "a finite number of at least 0 would do";
        let numbers = [
            ("margin", self.margin, (0.0..=1.0).contains(&self.margin), "a share in [0, 1] would do"),
            ("lambda", self.lambda, self.lambda >= 0.0, at_least_0),
            ("mu", self.mu, self.mu >= 0.0, at_least_0),
            ("contact_cost", self.contact_cost, self.contact_cost >= 0.0, at_least_0),
            ("point_value", self.point_value, self.point_value >= 0.0, at_least_0),
        ];
        match numbers.into_iter().find(|(_, value, holds, _)| !holds || !value.is_finite()) {
            Some((key, value, _, wanted)) => Err(Error::config("objective", key, value, wanted)),
            None => Ok(()),
        }
    }
}

/// The objective with the catalogue's prices worked in: two numbers per action.
#[derive(Debug, Clone)]
pub(crate) struct Prices {
    margin: f64,
    /// Per action: what its paying costs, λ and μ included, and what its contact costs.
    per_action: Vec<(f64, f64)>,
    /// Where in the outputs the chances of paying begin.
    paid_at: usize,
}

impl Prices {
    pub(crate) fn new(objective: &Objective, catalogue: &Catalogue, stages: usize, minor_units: u32) -> Prices {
        let per_action = catalogue.rewards().iter().map(|reward| {
            let cost = reward.cost_when_paid().to_major(minor_units);
            let points = if reward.pays_at.is_some() { reward.points as f64 } else { 0.0 };
            let when_paid = (1.0 + objective.lambda) * cost + objective.mu * points * objective.point_value;
            (when_paid, if reward.is_none() { 0.0 } else { objective.contact_cost })
        });
        let actions = catalogue.len();
        let paid_at = heads(stages).saturating_sub(2).saturating_mul(actions);
        Prices { margin: objective.margin, per_action: per_action.collect(), paid_at }
    }

    /// Writes every action's score.
    ///
    /// # Shapes
    /// `outcomes`: `[heads * actions]`; `scores`: `[actions]`.
    #[inline]
    pub(crate) fn score(&self, outcomes: &[f32], scores: &mut [f64]) {
        let paid = outcomes.get(self.paid_at..).unwrap_or_default();
        let revenue = paid.get(self.per_action.len()..).unwrap_or_default();
        for (((score, (when_paid, contact)), paid), revenue) in
            scores.iter_mut().zip(&self.per_action).zip(paid).zip(revenue)
        {
            *score = self.margin * f64::from(*revenue) - when_paid * f64::from(*paid) - contact;
        }
    }
}
