//! A member's state: their history, fed with what the log says they did and with what the simulator has them do, by the
//! same function.

use super::plan::{Plan, StageRule};
use guerdon_core::{Environment, Event, Money, Timestamp};
use guerdon_data::history::{History, HistoryPlan};

/// What followed a decision, as far as histories can tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Happened {
    /// First time each stage was reached.
    pub(super) reached_at: Vec<Option<Timestamp>>,
    /// Orders.
    pub(super) orders: u32,
    /// Their revenue.
    pub(super) revenue: Money,
    /// Points redeemed.
    pub(super) redeemed: i64,
}

/// The events that histories are fed with, as the history plan numbers them.
#[derive(Debug, Clone)]
pub(super) struct EventMap {
    /// Per stage; `None` for stages without an event of their own.
    stages: Vec<Option<u16>>,
    revenue: Option<u16>,
    redeem: Option<u16>,
    window_hours: f64,
    minor_units: u32,
}

impl EventMap {
    pub(super) fn new(environment: &Environment, plan: &Plan, history: &HistoryPlan) -> EventMap {
        let index = |name: Option<&String>| name.and_then(|name| history.event_index(name));
        let stage = |(stage, rule): (&guerdon_core::Stage, &StageRule)| match rule {
            StageRule::Chance { .. } => index(stage.event.as_ref()),
            StageRule::Decision | StageRule::Order => None,
        };
        EventMap {
            stages: environment.funnel.stages.iter().zip(&plan.stages).map(stage).collect(),
            revenue: index(environment.economics.revenue_event.as_ref()),
            redeem: index(environment.economics.redeem_event.as_ref()),
            window_hours: plan.window_hours,
            minor_units: plan.minor_units,
        }
    }

    /// Feeds a decision and what followed it. Stages were reached when `happened` says; orders spread evenly over the
    /// window, each with its share of the revenue; redemption lies in the window's middle. Events at or after `next`,
    /// the member's next decision, are left to that decision. `events` is a buffer.
    pub(super) fn feed(
        &self,
        history: &mut History,
        at: Timestamp,
        action: Option<usize>,
        happened: &Happened,
        next: Option<Timestamp>,
        events: &mut Vec<Event>,
    ) {
        if let Some(action) = action {
            history.decide(at, action);
        }
        events.clear();
        let named = action.map(|action| action as u16);
        for (event, reached) in self.stages.iter().zip(&happened.reached_at) {
            if let (Some(event), Some(reached)) = (*event, *reached) {
                events.push(Event { at: reached, event, action: named, value: None });
            }
        }
        if let Some(event) = self.revenue {
            let orders = f64::from(happened.orders);
            let each = happened.revenue.to_major(self.minor_units) / orders.max(1.0);
            events.extend((0..happened.orders).map(|order| {
                let hours = self.window_hours * (f64::from(order) + 0.5) / orders;
                Event { at: at.plus_hours(hours), event, action: None, value: Some(each) }
            }));
        }
        if let (Some(event), true) = (self.redeem, happened.redeemed > 0) {
            let value = Some(happened.redeemed as f64);
            events.push(Event { at: at.plus_hours(self.window_hours / 2.0), event, action: None, value });
        }
        events.retain(|event| event.at >= at && next.is_none_or(|next| event.at < next));
        events.sort_by_key(|event| event.at);
        events.iter().for_each(|event| history.event(event));
    }
}
