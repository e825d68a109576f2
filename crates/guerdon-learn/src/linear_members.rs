//! Linear models that are averaged after their links: draws of a posterior, or one model.

use crate::export;
use crate::lift::Lift;
use crate::linear::LinearHeads;
use guerdon_policy::{ChanceLink, Dense, EnsembleModel, MlpModel, OutcomeModel, RevenueLink};

/// Linear models with what makes outcomes of their numbers.
#[derive(Debug, Clone)]
pub(crate) struct Members {
    /// At least one. Their first targets are the heads; more may follow.
    pub members: Vec<LinearHeads>,
    pub link: ChanceLink,
    /// The stage whose chance multiplies revenue.
    pub revenue_stage: Option<usize>,
    /// The random features between the encoded context and the models.
    pub lift: Option<Lift>,
}

impl Members {
    /// One linear model, its chances clamped.
    pub fn one(heads: LinearHeads) -> Self {
        Members { members: vec![heads], link: ChanceLink::Clamp, revenue_stage: None, lift: None }
    }

    /// The frozen model: an ensemble, or the plain model that says the same where there is only one member.
    pub fn model(&self, heads: usize, pessimism: f64) -> OutcomeModel {
        let mut members: Vec<_> = self.members.iter().map(|member| export::linear(member, heads)).collect();
        let trunk: Vec<Dense> = self.lift.iter().map(Lift::layer).collect();
        if let Some(lift) = &self.lift {
            members.iter_mut().for_each(|member| *member = lift.above(member));
        }
        let revenue_stage = self.revenue_stage;
        match (members.len(), self.link) {
            (1, ChanceLink::Clamp) if revenue_stage.is_none() && trunk.is_empty() => {
                OutcomeModel::Linear(members.swap_remove(0))
            }
            (1, ChanceLink::Sigmoid) => {
                OutcomeModel::Mlp(MlpModel { layers: trunk.into_iter().chain(members).collect(), revenue_stage })
            }
            _ => OutcomeModel::Ensemble(EnsembleModel {
                trunk,
                members: members.into_iter().map(|member| vec![member]).collect(),
                link: self.link,
                revenue_link: RevenueLink::Identity,
                follows: vec![],
                revenue_stage,
                amount: None,
                pessimism,
            }),
        }
    }

    /// Outcomes of every member at the encoded context `x`, `[members][heads * actions]`.
    pub fn outcomes(&self, x: &[f32], heads: usize) -> Vec<Vec<f64>> {
        let mut inputs = x.to_vec();
        if let Some(lift) = &self.lift {
            inputs.resize(lift.width(), 0.0);
            lift.apply(&mut inputs);
        }
        let each = |member: &LinearHeads| {
            let mut all = vec![0.0; member.bias.len()];
            member.predict(&inputs, &mut all);
            all.truncate(heads * member.actions);
            let (chances, revenue) = all.split_at_mut((heads - 1) * member.actions);
            chances.iter_mut().for_each(|chance| *chance = self.linked(*chance));
            if let Some(stage) = self.revenue_stage {
                revenue.iter_mut().zip(&chances[stage * member.actions..]).for_each(|(r, chance)| *r *= chance);
            }
            all
        };
        self.members.iter().map(each).collect()
    }

    fn linked(&self, value: f64) -> f64 {
        match self.link {
            ChanceLink::Sigmoid => 1.0 / (1.0 + (-value).exp()),
            ChanceLink::Clamp => value.clamp(0.0, 1.0),
        }
    }
}
