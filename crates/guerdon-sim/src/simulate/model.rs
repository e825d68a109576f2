//! What one model of the ensemble answers: for a context and an action, the chances and amounts of everything unknown.
//!
//! Stages form a chain: P(reach s | x, a) = P(s−1) · P(s | reached s−1, x, a) + (1 − P(s−1)) · P(s | not, x, a). Spend
//! is a hurdle: P(any order), then orders and revenue given any. A chance follows by a logistic link from a score that is
//! linear in the encoded context, per action ([`super::calibrate`]); amounts are linear, clipped to what the log has seen.

use super::calibrate::Link;
use super::plan::{Head, MOST_TARGETS, Plan, StageRule};
use guerdon_learn::LinearHeads;

/// One fitted head.
#[derive(Debug, Clone)]
pub(super) enum Fitted {
    /// The same for every context and action: too few decisions to tell, or no variation among them.
    Constant([f64; MOST_TARGETS]),
    /// Linear in the encoded context, per action.
    Linear(LinearHeads),
    /// A chance that follows from a linear score, by the action's link.
    Chance(LinearHeads, Vec<Link>),
}

/// One model of the ensemble.
#[derive(Debug, Clone)]
pub(super) struct Model {
    /// In the plan's order.
    pub(super) heads: Vec<Fitted>,
    /// Largest orders, revenue in major units and points redeemed of one decision in the log.
    pub(super) most: Most,
}

/// The largest amounts of one decision in the log.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Most {
    pub(super) orders: f64,
    pub(super) revenue: f64,
    pub(super) redeemed: f64,
}

/// What a model says of one context and one action.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    /// Per stage: P(reached | the stage before was), P(reached | it was not); (1, 1) or (0, 0) where there is no chance
    /// to it, (0, 0) for the stage of orders, which `any_order` tells.
    pub(super) stages: Vec<(f64, f64)>,
    /// P(any order), likewise by the stage before that of orders.
    pub(super) any_order: (f64, f64),
    /// Orders given any, at least 1.
    pub(super) orders: f64,
    /// Revenue given any order, in major units, at least 0.
    pub(super) revenue: f64,
    /// P(the reward pays | its stage was reached).
    pub(super) in_time: f64,
    /// P(any points redeemed).
    pub(super) redeems: f64,
    /// Points redeemed given any.
    pub(super) redeemed: f64,
}

/// What is expected of one context and one action.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Expectation {
    /// Revenue in major units.
    pub(super) revenue: f64,
    /// Chance that the reward pays.
    pub(super) paid: f64,
}

impl Model {
    /// Answers for `action` at the encoded context `x`.
    pub(super) fn answer(&self, plan: &Plan, x: &[f32], action: usize, answer: &mut Answer) {
        let offered = plan.offers(action);
        answer.stages.clear();
        answer.stages.extend(plan.stages.iter().map(|rule| match rule {
            StageRule::Decision if offered => (1.0, 1.0),
            _ => (0.0, 0.0),
        }));
        (answer.in_time, answer.redeems, answer.redeemed) = (1.0, 0.0, 0.0);
        for (head, fitted) in plan.heads.iter().zip(&self.heads) {
            let [first, second] = fitted.at(*head, x, action);
            let chance = first.clamp(0.0, 1.0);
            match *head {
                Head::Stage(stage, after) => {
                    let barred = plan.stages[stage] == (StageRule::Chance { offers_only: true }) && !offered;
                    if !barred {
                        *side(&mut answer.stages[stage], after) = chance;
                    }
                }
                Head::AnyOrder(after) => *side(&mut answer.any_order, after) = chance,
                Head::Spend => {
                    answer.orders = first.clamp(1.0, self.most.orders.max(1.0));
                    answer.revenue = second.clamp(0.0, self.most.revenue);
                }
                Head::InTime => {
                    if plan.may_be_late(action) {
                        answer.in_time = chance;
                    }
                }
                Head::Redeems => answer.redeems = chance,
                Head::Redeemed => answer.redeemed = first.clamp(0.0, self.most.redeemed),
            }
        }
    }
}

impl Fitted {
    /// The head's predictions.
    pub(super) fn at(&self, head: Head, x: &[f32], action: usize) -> [f64; MOST_TARGETS] {
        match self {
            Fitted::Constant(values) => *values,
            Fitted::Linear(heads) => {
                let mut out = [0.0; MOST_TARGETS];
                heads.predict_action(x, action, &mut out[..head.targets()]);
                out
            }
            Fitted::Chance(scores, links) => {
                let mut score = [0.0];
                scores.predict_action(x, action, &mut score);
                [links[action].chance(score[0]), 0.0]
            }
        }
    }
}

impl Answer {
    /// Integrates over everything that chance decides.
    pub(super) fn expectation(&self, plan: &Plan, action: usize) -> Expectation {
        let pays_at = plan.rewards[action].pays_at;
        let mut before = 1.0;
        let (mut any_order, mut paid) = (plan.order_stage.is_none().then_some(self.any_order.0), 0.0);
        for (stage, rule) in plan.stages.iter().enumerate() {
            let chances = if *rule == StageRule::Order { self.any_order } else { self.stages[stage] };
            let reached = before * chances.0 + (1.0 - before) * chances.1;
            if *rule == StageRule::Order {
                any_order = Some(reached);
            }
            if pays_at == Some(stage) {
                paid = reached * self.in_time;
            }
            before = reached;
        }
        Expectation { revenue: any_order.unwrap_or(0.0) * self.revenue, paid }
    }
}

/// The first of two for "the stage before was reached", the second for "it was not".
fn side(chances: &mut (f64, f64), after: bool) -> &mut f64 {
    if after { &mut chances.0 } else { &mut chances.1 }
}
