//! What of a programme has to be predicted: the stages' rules, the rewards' prices, and one head per unknown.

use guerdon_core::{Catalogue, Environment, FeatureSource, Reward, StageMatch};
use guerdon_data::{LogBatch, LogMeta};

/// How a stage is reached in the simulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StageRule {
    /// By the decision itself, if it offers something.
    Decision,
    /// By any order: its event is the one that brings revenue.
    Order,
    /// By chance, which a head predicts; `offers_only` where the stage's event names the action.
    Chance {
        /// Whether `none` never reaches it.
        offers_only: bool,
    },
}

/// One unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    /// Whether the stage is reached, among decisions that reached the stage before it (`true`) or did not.
    Stage(usize, bool),
    /// Whether there is any order, likewise by the stage before that of orders.
    AnyOrder(bool),
    /// Orders, and revenue in major units, of decisions with any order.
    Spend,
    /// Whether the reward's stage, when it is reached, is reached while the reward is valid.
    InTime,
    /// Whether points are redeemed.
    Redeems,
    /// Points redeemed, where any are.
    Redeemed,
}

/// Most targets that a head has.
pub(super) const MOST_TARGETS: usize = 2;

/// What the simulator needs to know of a programme.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) stages: Vec<StageRule>,
    /// Stage of orders, if the funnel has one.
    pub(super) order_stage: Option<usize>,
    pub(super) heads: Vec<Head>,
    pub(super) rewards: Vec<Reward>,
    pub(super) none: Option<usize>,
    /// Hours of the attribution window, and from one simulated decision to the next.
    pub(super) window_hours: f64,
    pub(super) minor_units: u32,
    /// Per feature: whether a roll-out moves it on for the models; see [`moves`].
    pub(super) moves: Vec<bool>,
    /// Per stage: whether reaching it in the window may still be too late for a reward.
    may_be_late: Vec<bool>,
}

impl Plan {
    pub(super) fn new(meta: &LogMeta) -> Plan {
        let environment = &meta.environment;
        let stages = stage_rules(environment);
        let order_stage = stages.iter().position(|rule| *rule == StageRule::Order);
        let window_hours = environment.log.attribution.hours;
        let may_be_late = may_be_late(environment, &meta.catalogue, window_hours);
        let mut plan = Plan {
            heads: vec![],
            order_stage,
            rewards: meta.catalogue.rewards().to_vec(),
            none: meta.catalogue.none(),
            window_hours,
            minor_units: environment.economics.minor_units,
            moves: environment.features.iter().map(|feature| moves(&feature.source)).collect(),
            may_be_late,
            stages,
        };
        plan.heads = plan.list_heads(environment.economics.redeem_event.is_some());
        plan
    }

    fn list_heads(&self, redeems: bool) -> Vec<Head> {
        let mut heads = vec![];
        for (stage, rule) in self.stages.iter().enumerate() {
            if matches!(rule, StageRule::Chance { .. }) {
                heads.extend([Head::Stage(stage, true), Head::Stage(stage, false)]);
            }
        }
        heads.extend([Head::AnyOrder(true), Head::AnyOrder(false), Head::Spend]);
        if self.may_be_late.contains(&true) {
            heads.push(Head::InTime);
        }
        if redeems {
            heads.extend([Head::Redeems, Head::Redeemed]);
        }
        heads
    }

    /// Whether `row` offered something.
    pub(super) fn offers(&self, action: usize) -> bool {
        Some(action) != self.none
    }

    /// Whether reaching the stage that `action` pays at may be too late.
    pub(super) fn may_be_late(&self, action: usize) -> bool {
        self.rewards[action].pays_at.is_some_and(|stage| self.may_be_late[stage])
            && self.rewards[action].valid_hours.is_some_and(|hours| hours < self.window_hours)
    }

    /// Whether the decision reached the stage before `stage`; for the first stage, always.
    fn came_to(&self, batch: &LogBatch, row: usize, stage: usize) -> bool {
        stage == 0 || batch.reached_at(row, stage - 1).is_some()
    }

    /// Whether `head` speaks of the decision.
    pub(super) fn applies(&self, head: Head, batch: &LogBatch, row: usize) -> bool {
        match head {
            Head::Stage(stage, after) => {
                let barred =
                    self.stages[stage] == (StageRule::Chance { offers_only: true }) && !self.offers(batch.action(row));
                !barred && self.came_to(batch, row, stage) == after
            }
            Head::AnyOrder(after) => self.order_stage.is_none_or(|stage| self.came_to(batch, row, stage)) == after,
            Head::Spend => batch.orders(row) > 0,
            Head::InTime => {
                let action = batch.action(row);
                self.may_be_late(action)
                    && self.rewards[action].pays_at.is_some_and(|stage| batch.reached_at(row, stage).is_some())
            }
            Head::Redeems => true,
            Head::Redeemed => batch.points_redeemed(row) > 0,
        }
    }

    /// Writes the head's targets for a decision that it applies to; `out` has one or [`MOST_TARGETS`] places.
    pub(super) fn fill(&self, head: Head, batch: &LogBatch, row: usize, out: &mut [f64]) {
        let flag = |yes: bool| f64::from(u8::from(yes));
        out[0] = match head {
            Head::Stage(stage, _) => flag(batch.reached_at(row, stage).is_some()),
            Head::AnyOrder(_) => flag(batch.orders(row) > 0),
            Head::Spend => f64::from(batch.orders(row)),
            Head::InTime => flag(self.in_time(batch, row)),
            Head::Redeems => flag(batch.points_redeemed(row) > 0),
            Head::Redeemed => batch.points_redeemed(row) as f64,
        };
        if let (Head::Spend, Some(revenue)) = (head, out.get_mut(1)) {
            *revenue = batch.revenue(row).to_major(self.minor_units);
        }
    }

    fn in_time(&self, batch: &LogBatch, row: usize) -> bool {
        let reward = &self.rewards[batch.action(row)];
        let reached = reward.pays_at.and_then(|stage| batch.reached_at(row, stage));
        reached.zip(reward.valid_hours).is_some_and(|(at, hours)| at.hours_since(batch.decided_at(row)) < hours)
    }
}

impl Head {
    /// Whether it predicts a chance.
    pub(super) fn is_chance(self) -> bool {
        !matches!(self, Head::Spend | Head::Redeemed)
    }

    /// How many numbers it predicts.
    pub(super) fn targets(self) -> usize {
        if self == Head::Spend { 2 } else { 1 }
    }
}

/// Whether a feature follows the roll-out when the models are asked, or stays as last logged. The offers of late and the
/// calendar do. What a member bought or answered is a sign of habit, and the habit is taken to be that of the log's
/// end: fed back step after step, each model's error would feed itself, and totals and times would leave what the log
/// has seen together.
fn moves(source: &FeatureSource) -> bool {
    matches!(source, FeatureSource::Offers { hours: Some(_), .. } | FeatureSource::Weekday | FeatureSource::Slot)
}

fn stage_rules(environment: &Environment) -> Vec<StageRule> {
    let revenue_event = environment.economics.revenue_event.as_ref();
    let mut orders = false;
    let rule = |stage: &guerdon_core::Stage| match stage.matches {
        StageMatch::Decision => StageRule::Decision,
        StageMatch::Action => StageRule::Chance { offers_only: true },
        // Only one stage is told by orders; another with the same event would be the same stage twice.
        StageMatch::Member if stage.event.as_ref() == revenue_event && !orders => {
            orders = true;
            StageRule::Order
        }
        StageMatch::Member => StageRule::Chance { offers_only: false },
    };
    environment.funnel.stages.iter().map(rule).collect()
}

/// Events that name the action reach a stage only while the reward is valid; only a member's own events may be late.
fn may_be_late(environment: &Environment, catalogue: &Catalogue, window_hours: f64) -> Vec<bool> {
    let short = |stage: usize| {
        catalogue
            .rewards()
            .iter()
            .any(|reward| reward.pays_at == Some(stage) && reward.valid_hours.is_some_and(|hours| hours < window_hours))
    };
    let stages = environment.funnel.stages.iter().enumerate();
    stages.map(|(stage, rule)| rule.matches == StageMatch::Member && short(stage)).collect()
}
