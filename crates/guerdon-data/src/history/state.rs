//! One member's past, and the features made from it.

use super::plan::{Feature, HistoryPlan};
use super::trackers::{StageCounts, Tracker};
use crate::attribution::Touch;
use guerdon_core::{AttributionMode, Event, StageMatch, Timestamp, Value};
use std::collections::VecDeque;

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const SLOTS: [&str; 4] = ["night", "morning", "afternoon", "evening"];

/// One member's past. Feed it in order of time; [`History::reset`] makes it fit for the next member.
#[derive(Debug, Clone)]
pub struct History<'p> {
    plan: &'p HistoryPlan,
    joined_at: Option<Timestamp>,
    /// Fed, but not yet known to lie before a moment asked about.
    pending_touches: VecDeque<Touch>,
    pending_events: VecDeque<Event>,
    last_event: Vec<Option<Timestamp>>,
    last_offer: Option<Timestamp>,
    events: Vec<Tracker>,
    offers: Vec<Tracker>,
    stages: StageCounts,
    /// Decisions whose window may still be open.
    open: VecDeque<Open>,
}

/// A decision that events may still count for.
#[derive(Debug, Clone, Copy)]
struct Open {
    touch: Touch,
    /// One bit a stage.
    reached: u64,
}

impl<'p> History<'p> {
    /// A member of whom nothing is known.
    pub fn new(plan: &'p HistoryPlan) -> Self {
        History {
            plan,
            joined_at: None,
            pending_touches: VecDeque::new(),
            pending_events: VecDeque::new(),
            last_event: vec![None; plan.names.names().len()],
            last_offer: None,
            events: plan.event_trackers.iter().map(|(_, window)| Tracker::new(*window)).collect(),
            offers: plan.offer_trackers.iter().map(|(_, window)| Tracker::new(*window)).collect(),
            stages: StageCounts::new(plan.rules.stages().len(), plan.kinds.len()),
            open: VecDeque::new(),
        }
    }

    /// Forgets everything and starts with a member who joined at `joined_at`, where that is known.
    pub fn reset(&mut self, joined_at: Option<Timestamp>) {
        self.joined_at = joined_at;
        self.pending_touches.clear();
        self.pending_events.clear();
        self.last_event.fill(None);
        self.last_offer = None;
        self.events.iter_mut().for_each(Tracker::reset);
        self.offers.iter_mut().for_each(Tracker::reset);
        self.stages.reset();
        self.open.clear();
    }

    /// A decision was taken: `action` is an index into the catalogue. In order of time.
    pub fn decide(&mut self, at: Timestamp, action: usize) {
        self.pending_touches.push_back(Touch { at, action: action as u16 });
    }

    /// Something happened. In order of time.
    pub fn event(&mut self, event: &Event) {
        self.pending_events.push_back(*event);
    }

    /// Clears `out` and fills it with the features at `at`, in the environment's order, from what happened strictly
    /// before. `member` and `decision` hold the values of the features that come from those tables, each in order;
    /// `stage` is the stage at which the decision is taken. Moments must be asked about in order of time.
    pub fn features<'m>(
        &mut self,
        at: Timestamp,
        stage: &'m str,
        member: &[Value<'m>],
        decision: &[Value<'m>],
        out: &mut Vec<Value<'m>>,
    ) {
        self.catch_up(at);
        self.events.iter_mut().chain(&mut self.offers).for_each(|tracker| tracker.forget(at));
        out.clear();
        out.extend(self.plan.features.iter().map(|feature| match *feature {
            Feature::Member(place) => member.get(place).copied().unwrap_or(Value::Missing),
            Feature::Decision(place) => decision.get(place).copied().unwrap_or(Value::Missing),
            Feature::Stage => Value::Category(stage),
            Feature::Weekday => Value::Category(WEEKDAYS[at.weekday()]),
            Feature::Slot => Value::Category(SLOTS[at.hour() / 6]),
            _ => self.number(*feature, at).map_or(Value::Missing, Value::Number),
        }));
    }

    fn number(&self, feature: Feature, at: Timestamp) -> Option<f64> {
        match feature {
            Feature::Tenure => self.joined_at.map(|joined| at.hours_since(joined) / 24.0),
            Feature::Recency(event) => self.last_event[usize::from(event)].map(|last| at.hours_since(last)),
            Feature::Count(place) => Some(self.events[place].count()),
            Feature::Sum(place) => Some(self.events[place].sum()),
            Feature::Mean(place) => ratio(self.events[place].sum(), self.events[place].count()),
            Feature::Offers(place) => Some(self.offers[place].count()),
            Feature::SinceOffer => self.last_offer.map(|last| at.hours_since(last)),
            Feature::StageCount(stage, kind) => Some(self.stages.reached(stage, kind)),
            Feature::StageRate(stage, kind) => ratio(self.stages.reached(stage, kind), self.stages.offers(kind)),
            _ => None,
        }
    }

    /// Applies what was fed and lies before `now`, in order of time; at the same time decisions come first, since an
    /// event stamped like a decision counts for it.
    fn catch_up(&mut self, now: Timestamp) {
        loop {
            let touch = self.pending_touches.front().map(|touch| touch.at).filter(|at| *at < now);
            let event = self.pending_events.front().map(|event| event.at).filter(|at| *at < now);
            match (touch, event) {
                (Some(touch), Some(event)) if touch > event => self.apply_event(),
                (Some(_), _) => self.apply_touch(),
                (None, Some(_)) => self.apply_event(),
                (None, None) => return,
            }
        }
    }

    fn apply_touch(&mut self) {
        let Some(touch) = self.pending_touches.pop_front() else { return };
        self.close(touch.at);
        let mut reached = 0;
        if let Some(kind) = self.plan.kind_of[usize::from(touch.action)] {
            self.last_offer = Some(touch.at);
            self.stages.offer(kind);
            for (tracker, (wanted, _)) in self.offers.iter_mut().zip(&self.plan.offer_trackers) {
                if wanted.is_none_or(|wanted| wanted == kind) {
                    tracker.add(touch.at, 1.0);
                }
            }
            for (stage, rule) in self.plan.rules.stages().iter().enumerate() {
                if rule.matches == StageMatch::Decision {
                    self.stages.reach(stage, kind);
                    reached |= 1 << stage;
                }
            }
        }
        self.open.push_back(Open { touch, reached });
    }

    fn apply_event(&mut self) {
        let Some(event) = self.pending_events.pop_front() else { return };
        self.last_event[usize::from(event.event)] = Some(event.at);
        for (tracker, (wanted, _)) in self.events.iter_mut().zip(&self.plan.event_trackers) {
            if *wanted == event.event {
                tracker.add(event.at, event.value.unwrap_or(0.0));
            }
        }
        self.close(event.at);
        for (stage, rule) in self.plan.rules.stages().iter().enumerate() {
            if rule.event == Some(event.event) {
                self.reach(stage, rule.matches, &event);
            }
        }
    }

    /// Forgets the decisions whose window has ended by `now`.
    fn close(&mut self, now: Timestamp) {
        while self.open.front().is_some_and(|open| now.0 - open.touch.at.0 >= self.plan.rules.window()) {
            self.open.pop_front();
        }
    }

    /// Counts the offers that `event` brings to `stage`, by the rules of attribution.
    fn reach(&mut self, stage: usize, matches: StageMatch, event: &Event) {
        let rules = &self.plan.rules;
        for open in self.open.iter_mut().rev() {
            if !rules.fits(matches, &open.touch, event) {
                continue;
            }
            if let Some(kind) = self.plan.kind_of[usize::from(open.touch.action)]
                && open.reached >> stage & 1 == 0
            {
                open.reached |= 1 << stage;
                self.stages.reach(stage, kind);
            }
            if rules.mode() == AttributionMode::LastTouch {
                return;
            }
        }
    }
}

fn ratio(sum: f64, count: f64) -> Option<f64> {
    (count > 0.0).then(|| sum / count)
}
