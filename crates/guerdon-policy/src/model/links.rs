//! From a model's last numbers to outcomes: link functions, amount curve, chain of stages, hurdle.

use super::curve::AmountCurve;
use super::ensemble::{ChanceLink, EnsembleModel, RevenueLink};
use super::{MlpModel, OutcomeModel, TreesModel, heads};
use crate::exp::{exp_f32, sigmoid};
use pulp::{Simd, WithSimd};

/// What stands between a model's last numbers and its outcomes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Links<'a> {
    link: ChanceLink,
    revenue_link: RevenueLink,
    follows: &'a [Option<usize>],
    revenue_stage: Option<usize>,
    amount: Option<&'a AmountCurve>,
}

impl<'a> Links<'a> {
    /// Those of `model`; `None` where it has no heads.
    pub(crate) fn of(model: &'a OutcomeModel) -> Option<Links<'a>> {
        let revenue_link = RevenueLink::Identity;
        let plain = |link, revenue_stage| Some(Links { link, revenue_link, follows: &[], revenue_stage, amount: None });
        match model {
            OutcomeModel::Linear(_) => plain(ChanceLink::Clamp, None),
            OutcomeModel::Mlp(MlpModel { revenue_stage, .. })
            | OutcomeModel::Trees(TreesModel { revenue_stage, .. }) => plain(ChanceLink::Sigmoid, *revenue_stage),
            OutcomeModel::Ensemble(model) => {
                let EnsembleModel { link, revenue_link, follows, revenue_stage, amount, .. } = model;
                let (link, revenue_link, revenue_stage) = (*link, *revenue_link, *revenue_stage);
                Some(Links { link, revenue_link, follows, revenue_stage, amount: amount.as_ref() })
            }
            OutcomeModel::Scores(_) | OutcomeModel::Fixed(_) => None,
        }
    }
}

impl Links<'_> {
    /// How many numbers of a curve stand behind the heads.
    pub(crate) fn outputs(&self, stages: usize) -> usize {
        self.amount.map_or(0, |curve| curve.outputs(stages, self.revenue_stage.is_some()))
    }
}

/// Applies `links` to a model's last numbers, which become outcomes where they stand.
///
/// # Shapes
/// `outputs`: `[heads * actions]`, and behind them the curve's numbers if there is one; `spare`: at least `[actions]`.
pub(crate) struct Linked<'a> {
    pub links: Links<'a>,
    pub stages: usize,
    pub actions: usize,
    pub outputs: &'a mut [f32],
    pub spare: &'a mut [f32],
}

impl WithSimd for Linked<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Linked { links, stages, actions, outputs, spare } = self;
        let all = heads(stages) * actions;
        let (outputs, curve) = outputs.split_at_mut(all.min(outputs.len()));
        let (chances, revenue) = outputs.split_at_mut(all.saturating_sub(actions).min(outputs.len()));
        match links.link {
            ChanceLink::Sigmoid => chances.iter_mut().for_each(|p| *p = sigmoid(*p)),
            // NaN stays NaN, to be seen and refused.
            ChanceLink::Clamp => chances.iter_mut().for_each(|p| *p = p.clamp(0.0, 1.0)),
        }
        if let RevenueLink::Exp { .. } = links.revenue_link {
            // 0 · x is 0, but NaN for what is not finite: to be seen and refused, and not cut.
            revenue.iter_mut().for_each(|revenue| *revenue = exp_f32(*revenue) + 0.0 * *revenue);
        }
        if let Some(amount) = links.amount {
            amount.lift(chances, links.revenue_stage.is_none().then_some(&mut *revenue), curve, spare);
        }
        if let RevenueLink::Exp { most } = links.revenue_link {
            // NaN stays NaN here too.
            revenue.iter_mut().for_each(|revenue| *revenue = if *revenue > most { most } else { *revenue });
        }
        chain(chances, links.follows, actions);
        if let Some(stage) = links.revenue_stage {
            let reached = chances.get(stage * actions..).unwrap_or_default();
            revenue.iter_mut().zip(reached).for_each(|(revenue, chance)| *revenue *= *chance);
        }
    }
}

/// Makes a stage's chance given the one that it follows the chance of reaching it. What stands after the stages is left.
#[inline(always)]
fn chain(chances: &mut [f32], follows: &[Option<usize>], actions: usize) {
    for (stage, before) in follows.iter().enumerate() {
        let Some(before) = *before else { continue };
        let Some((earlier, from)) = chances.split_at_mut_checked(stage * actions) else { return };
        let before = earlier.get(before * actions..(before + 1) * actions).unwrap_or_default();
        from.iter_mut().zip(before).for_each(|(chance, before)| *chance *= *before);
    }
}
