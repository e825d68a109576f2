//! Attribution: which events count for which decision, and what therefore followed it.
//!
//! A decision's window is [decided_at, decided_at + hours): an event stamped like the decision counts, one at the
//! window's end does not. A stage that is matched by action is reached by events that name the decision's action while
//! the reward is valid, that is before decided_at + min(hours, valid_hours); a stage matched by member by any such
//! event inside the window, for `none` as well. Revenue, orders and redeemed points are matched by member.
//!
//! In mode `window` an event counts for every decision that it fits. In mode `last_touch` it counts for the latest of
//! them only.

use crate::names::EventNames;
use guerdon_core::{AttributionMode, Catalogue, Environment, Event, Money, Outcome, StageMatch, Timestamp};

/// A decision, as attribution sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch {
    /// When it was taken.
    pub at: Timestamp,
    /// The action, an index into the catalogue.
    pub action: u16,
}

/// The programme's attribution rules, ready to be applied.
#[derive(Debug, Clone)]
pub struct Rules {
    mode: AttributionMode,
    window: i64,
    stages: Vec<StageRule>,
    rewards: Vec<RewardRule>,
    revenue_event: Option<u16>,
    redeem_event: Option<u16>,
    minor_units: u32,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct StageRule {
    pub(crate) matches: StageMatch,
    pub(crate) event: Option<u16>,
}

#[derive(Debug, Clone, Copy)]
struct RewardRule {
    is_none: bool,
    /// Microseconds: min(window, valid_hours).
    valid: i64,
    pays_at: Option<usize>,
    cost: Money,
    points: i64,
}

/// Where one member's revenue went. All amounts in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Revenue of the events that count for a mature decision, each event once.
    pub distinct: Money,
    /// Revenue of the events that count only for immature decisions.
    pub immature: Money,
    /// Revenue of the events that count for no decision.
    pub unattributed: Money,
    /// Revenue events whose value was rounded to the minor unit.
    pub rounded: u64,
    /// Revenue or redeem events without a value.
    pub missing: u64,
    /// Events that reach a stage only by naming an action, and name none.
    pub nameless: u64,
}

impl Rules {
    /// The rules of `environment` for the rewards of `catalogue`.
    pub fn new(environment: &Environment, catalogue: &Catalogue) -> Rules {
        let names = EventNames::of(environment);
        let index = |name: &Option<String>| name.as_ref().and_then(|name| names.index_of(name));
        let window = micros(environment.log.attribution.hours);
        Rules {
            mode: environment.log.attribution.mode,
            window,
            stages: stage_rules(environment, &names),
            rewards: catalogue
                .rewards()
                .iter()
                .map(|reward| RewardRule {
                    is_none: reward.is_none(),
                    valid: reward.valid_hours.map_or(window, |hours| micros(hours).min(window)),
                    pays_at: reward.pays_at,
                    cost: reward.cost_when_paid(),
                    points: reward.points,
                })
                .collect(),
            revenue_event: index(&environment.economics.revenue_event),
            redeem_event: index(&environment.economics.redeem_event),
            minor_units: environment.economics.minor_units,
        }
    }

    /// The outcomes of one member's decisions, of which the first `mature` are mature.
    ///
    /// `touches` and `events` are in order of time; `outcomes` is cleared and gets one entry a decision.
    pub fn attribute(&self, touches: &[Touch], mature: usize, events: &[Event], outcomes: &mut Vec<Outcome>) -> Tally {
        let mut tally = Tally::default();
        self.clear(touches, outcomes);
        let (mut first, mut end) = (0, 0);
        for event in events {
            while end < touches.len() && touches[end].at <= event.at {
                end += 1;
            }
            while first < end && event.at.0 - touches[first].at.0 >= self.window {
                first += 1;
            }
            tally.nameless += u64::from(event.action.is_none() && self.by_action_only(event.event));
            let open = first..end;
            self.reach(event, &touches[open.clone()], &mut outcomes[open.clone()]);
            self.redeem(event, &mut outcomes[open.clone()], &mut tally);
            self.earn(event, mature.clamp(first, end) - first, &mut outcomes[open], &mut tally);
        }
        self.pay(touches, outcomes);
        tally
    }

    /// Whether all stages that the event reaches are matched by action (and there is one).
    fn by_action_only(&self, event: u16) -> bool {
        let mut of_event = self.stages.iter().filter(|rule| rule.event == Some(event)).peekable();
        of_event.peek().is_some() && of_event.all(|rule| rule.matches == StageMatch::Action)
    }

    /// Outcomes in which nothing has happened yet but the decision itself.
    fn clear(&self, touches: &[Touch], outcomes: &mut Vec<Outcome>) {
        outcomes.resize_with(touches.len(), Outcome::default);
        for (touch, outcome) in touches.iter().zip(outcomes) {
            let mut reached_at = std::mem::take(&mut outcome.reached_at);
            reached_at.clear();
            let offered = !self.rewards[usize::from(touch.action)].is_none;
            reached_at
                .extend(self.stages.iter().map(|s| (s.matches == StageMatch::Decision && offered).then_some(touch.at)));
            *outcome = Outcome { reached_at, ..Outcome::default() };
        }
    }

    /// Marks the stages that `event` reaches for the decisions whose window holds it.
    fn reach(&self, event: &Event, open: &[Touch], outcomes: &mut [Outcome]) {
        for (stage, rule) in self.stages.iter().enumerate().filter(|(_, rule)| rule.event == Some(event.event)) {
            for (touch, outcome) in open.iter().zip(&mut *outcomes).rev() {
                if !self.fits(rule.matches, touch, event) {
                    continue;
                }
                outcome.reached_at[stage].get_or_insert(event.at);
                if self.mode == AttributionMode::LastTouch {
                    break;
                }
            }
        }
    }

    /// Whether `event`, which lies in the window of `touch`, counts for it at a stage matched by `matches`.
    pub(crate) fn fits(&self, matches: StageMatch, touch: &Touch, event: &Event) -> bool {
        let reward = &self.rewards[usize::from(touch.action)];
        match matches {
            StageMatch::Decision => false,
            StageMatch::Member => true,
            StageMatch::Action => {
                !reward.is_none && event.action == Some(touch.action) && event.at.0 - touch.at.0 < reward.valid
            }
        }
    }

    /// Books revenue; the first `mature` of the open decisions are mature.
    fn earn(&self, event: &Event, mature: usize, outcomes: &mut [Outcome], tally: &mut Tally) {
        if self.revenue_event != Some(event.event) {
            return;
        }
        let rounded = Money::from_major(event.value.unwrap_or(0.0), self.minor_units);
        tally.rounded += u64::from(!rounded.exact);
        tally.missing += u64::from(event.value.is_none());
        let first = self.first_of(outcomes);
        let bucket = match outcomes.len() {
            0 => &mut tally.unattributed,
            _ if first < mature => &mut tally.distinct,
            _ => &mut tally.immature,
        };
        *bucket += rounded.value;
        for outcome in &mut outcomes[first..] {
            outcome.revenue += rounded.value;
            outcome.orders += 1;
        }
    }

    /// Books redeemed points.
    fn redeem(&self, event: &Event, outcomes: &mut [Outcome], tally: &mut Tally) {
        if self.redeem_event != Some(event.event) {
            return;
        }
        tally.missing += u64::from(event.value.is_none());
        let first = self.first_of(outcomes);
        for outcome in &mut outcomes[first..] {
            outcome.points_redeemed += event.value.unwrap_or(0.0).round() as i64;
        }
    }

    /// The first of the open decisions that a member's event counts for.
    fn first_of(&self, open: &[Outcome]) -> usize {
        match self.mode {
            AttributionMode::Window => 0,
            AttributionMode::LastTouch => open.len().saturating_sub(1),
        }
    }

    /// Books the cost of the rewards whose stage was reached while they were valid.
    fn pay(&self, touches: &[Touch], outcomes: &mut [Outcome]) {
        for (touch, outcome) in touches.iter().zip(outcomes) {
            let reward = &self.rewards[usize::from(touch.action)];
            let reached = reward.pays_at.and_then(|stage| outcome.reached_at[stage]);
            if reached.is_some_and(|at| at.0 - touch.at.0 < reward.valid) {
                outcome.cost = reward.cost;
                outcome.points_issued = reward.points;
            }
        }
    }

    pub(crate) fn window(&self) -> i64 {
        self.window
    }

    pub(crate) fn mode(&self) -> AttributionMode {
        self.mode
    }

    pub(crate) fn stages(&self) -> &[StageRule] {
        &self.stages
    }
}

fn stage_rules(environment: &Environment, names: &EventNames) -> Vec<StageRule> {
    let stages = environment.funnel.stages.iter();
    stages
        .map(|stage| StageRule {
            matches: stage.matches,
            event: stage.event.as_ref().and_then(|event| names.index_of(event)),
        })
        .collect()
}

/// Hours as microseconds.
pub(crate) fn micros(hours: f64) -> i64 {
    Timestamp(0).plus_hours(hours).0
}
