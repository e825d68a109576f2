//! Members taken up where the log leaves them, and offered what a policy decides, step by step.
//!
//! Every draw is keyed by (model, member, step, what is drawn), so that all policies meet the same luck (common random
//! numbers), and a policy's decision by (member, step) through the decision id.

use super::fit::{Bootstrap, Ensemble, poisson};
use super::ledger::{Played, Tally};
use super::model::{Answer, Model};
use super::plan::{Plan, StageRule};
use super::sample::{Member, values};
use super::state::{EventMap, Happened};
use guerdon_core::{Environment, Event, FeatureSource, Money, Seed, Timestamp, Value};
use guerdon_data::history::{History, HistoryPlan};
use guerdon_policy::{Policy, Request, Scratch};

/// Who decides.
#[derive(Clone, Copy)]
pub(super) enum Decider<'a> {
    /// A policy.
    Policy(&'a Policy),
    /// Always the same action.
    Always(usize),
    /// The logged actions in their logged shares, whatever the context.
    Shares(&'a [f64]),
}

/// What all roll-outs have in common.
pub(super) struct Setting<'a> {
    pub(super) environment: &'a Environment,
    pub(super) plan: &'a Plan,
    pub(super) history: &'a HistoryPlan,
    pub(super) events: &'a EventMap,
    pub(super) ensemble: &'a Ensemble,
    /// Mean hours from a decision to each stage.
    pub(super) delay_hours: &'a [f64],
    pub(super) members: &'a [Member],
    /// How many members are simulated; more than there are in `members` take them several times over.
    pub(super) wanted: usize,
    pub(super) horizon: usize,
    pub(super) seed: Seed,
}

/// What is drawn at a step; stages follow from [`Draw::Stage`] on.
#[derive(Clone, Copy)]
#[repr(u64)]
enum Draw {
    AnyOrder = 0,
    Orders = 1,
    InTime = 2,
    Redeems = 3,
    Action = 4,
    Stage = 5,
}

impl Setting<'_> {
    /// Plays every member with `decider` in one model.
    pub(super) fn play(&self, model: usize, decider: Decider) -> Played {
        let mut played = Played::new(self.horizon, self.plan.stages.len());
        let mut desk = Desk::new(self, model, decider);
        for index in 0..self.wanted {
            let member = &self.members[index % self.members.len()];
            desk.play(member, index / self.members.len(), &mut played);
        }
        played
    }
}

/// One model and one decider at work, with their buffers.
struct Desk<'a> {
    setting: &'a Setting<'a>,
    model: &'a Model,
    bootstrap: Bootstrap,
    draws: Seed,
    decider: Decider<'a>,
    history: History<'a>,
    scratch: Scratch,
    encoded: Vec<f32>,
    answer: Answer,
    events: Vec<Event>,
}

impl<'a> Desk<'a> {
    fn new(setting: &'a Setting<'a>, model: usize, decider: Decider<'a>) -> Self {
        Desk {
            setting,
            model: &setting.ensemble.models[model],
            bootstrap: Bootstrap::new(setting.seed, model),
            draws: setting.seed.named("draws").indexed(model as u64),
            decider,
            history: History::new(setting.history),
            scratch: Scratch::default(),
            encoded: vec![0.0; setting.ensemble.encoder.width()],
            answer: Answer::default(),
            events: vec![],
        }
    }

    fn play(&mut self, member: &'a Member, copy: usize, played: &mut Played) {
        let Some(last) = member.rows.last() else { return };
        self.warm_up(member);
        let luck = self.draws.named(&member.id).indexed(copy as u64);
        let weight = i64::from(self.bootstrap.weight(&member.id));
        let (of_member, of_decision) = self.fixed(last.context.as_slice());
        let logged: Vec<Value> = values(&last.context).collect();
        let (mut context, mut of_models): (Vec<Value>, Vec<Value>) = (vec![], vec![]);
        for step in 0..self.setting.horizon {
            let at = last.at.plus_hours(self.setting.plan.window_hours * (step + 1) as f64);
            self.history.features(at, &last.stage, &of_member, &of_decision, &mut context);
            let luck = luck.indexed(step as u64);
            let decision_id = format!("simulated-{}-{copy}-{step}", member.id);
            let request = Request {
                decision_id: &decision_id,
                member_id: &member.id,
                at,
                context: &context,
                eligible: last.eligible.as_deref(),
            };
            let action = self.decide(&request, luck);
            of_models.clear();
            let moves = self.setting.plan.moves.iter().zip(context.iter().zip(&logged));
            of_models.extend(moves.map(|(moves, (now, logged))| if *moves { *now } else { *logged }));
            self.setting.ensemble.encode(&of_models, &mut self.encoded);
            let mut tally = Tally::new(self.setting.plan.stages.len());
            let happened = self.answer(at, action, luck, &mut tally);
            played.add(step, &tally, weight);
            self.setting.events.feed(&mut self.history, at, action, &happened, None, &mut self.events);
        }
    }

    /// The history as the log tells it.
    fn warm_up(&mut self, member: &Member) {
        self.history.reset(member.joined_at);
        for (index, row) in member.rows.iter().enumerate() {
            let next = member.rows.get(index + 1).map(|next| next.at);
            let feed = (&mut self.history, row.at, Some(row.action), &row.happened);
            self.setting.events.feed(feed.0, feed.1, feed.2, feed.3, next, &mut self.events);
        }
    }

    /// The values of the features that don't come from history, as last logged.
    fn fixed(&self, context: &'a [guerdon_policy::OwnedValue]) -> (Vec<Value<'a>>, Vec<Value<'a>>) {
        let (mut of_member, mut of_decision) = (vec![], vec![]);
        for (feature, value) in self.setting.environment.features.iter().zip(values(context)) {
            match feature.source {
                FeatureSource::Member { .. } => of_member.push(value),
                FeatureSource::Decision { .. } => of_decision.push(value),
                _ => {}
            }
        }
        (of_member, of_decision)
    }

    fn decide(&mut self, request: &Request, luck: Seed) -> Option<usize> {
        match self.decider {
            Decider::Policy(policy) => policy.decide(request, &mut self.scratch).action.or(self.setting.plan.none),
            Decider::Always(action) => Some(action),
            Decider::Shares(shares) => {
                let mut left = luck.uniform_indexed(Draw::Action as u64);
                let mut last = None;
                for (action, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
                    last = Some(action);
                    if left < *share {
                        break;
                    }
                    left -= share;
                }
                last
            }
        }
    }

    /// Draws what follows. Without an action (nothing was left, and the catalogue has no `none`) nothing does: the log
    /// can't tell what happens without an offer.
    fn answer(&mut self, at: Timestamp, action: Option<usize>, luck: Seed, tally: &mut Tally) -> Happened {
        let plan = self.setting.plan;
        let mut happened = Happened { reached_at: vec![None; plan.stages.len()], ..Happened::default() };
        tally.decisions = 1;
        let Some(action) = action else { return happened };
        self.model.answer(plan, &self.encoded, action, &mut self.answer);
        let lucky = |draw: u64, chance: f64| luck.uniform_indexed(draw) < chance;
        let answer = &self.answer;

        let mut orders = plan.order_stage.is_none() && lucky(Draw::AnyOrder as u64, answer.any_order.0);
        let mut before = true;
        for (stage, rule) in plan.stages.iter().enumerate() {
            let of = |chances: (f64, f64)| if before { chances.0 } else { chances.1 };
            let reached = match rule {
                StageRule::Order => {
                    orders = lucky(Draw::AnyOrder as u64, of(answer.any_order));
                    orders
                }
                _ => lucky(Draw::Stage as u64 + stage as u64, of(answer.stages[stage])),
            };
            if reached {
                happened.reached_at[stage] = Some(at.plus_hours(self.setting.delay_hours[stage]));
                tally.reached[stage] = 1;
            }
            before = reached;
        }
        if orders {
            let more = poisson(answer.orders - 1.0, luck.uniform_indexed(Draw::Orders as u64));
            happened.orders = 1 + more;
            let basket = answer.revenue / answer.orders;
            happened.revenue = Money::from_major(basket * f64::from(happened.orders), plan.minor_units).value;
        }
        let reward = &plan.rewards[action];
        let came = reward.pays_at.is_some_and(|stage| happened.reached_at[stage].is_some());
        if came && lucky(Draw::InTime as u64, answer.in_time) {
            tally.reward_cost = reward.cost_when_paid();
            tally.points = reward.points;
        }
        if lucky(Draw::Redeems as u64, answer.redeems) {
            happened.redeemed = answer.redeemed.round() as i64;
        }
        tally.offers = i64::from(plan.offers(action));
        tally.orders = i64::from(happened.orders);
        tally.revenue = happened.revenue;
        happened
    }
}
