//! Point-in-time features against a count from scratch, and against what comes later.

mod common;

use guerdon_core::{Catalogue, Environment, Event, Money, Reward, Timestamp, Value};
use guerdon_data::history::{History, HistoryPlan};
use proptest::prelude::*;

const TOML: &str = r#"
name = "history"
sources = { raw = { path = "x.csv" } }
log = { attribution = { mode = "MODE", hours = 10 } }
design = { propensity = "logged" }
[funnel]
stages = [
    { name = "sent", match = "decision" },
    { name = "viewed", event = "view", match = "action" },
    { name = "bought", event = "buy", match = "member" },
]
[features]
views = { from = "count", event = "view" }
spend_5 = { from = "sum", event = "buy", hours = 5 }
mean = { from = "mean", event = "buy" }
last_view = { from = "recency", event = "view" }
offers_7 = { from = "offers", hours = 7 }
offers_a = { from = "offers", kind = "a" }
since_offer = { from = "since_offer" }
viewed = { from = "stage_count", stage = "viewed" }
viewed_rate_a = { from = "stage_rate", stage = "viewed", kind = "a" }
bought = { from = "stage_count", stage = "bought" }
"#;

fn environment(mode: &str) -> Environment {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("environment.toml"), TOML.replace("MODE", mode)).unwrap();
    std::fs::write(folder.path().join("views.sql"), "").unwrap();
    guerdon_data::environment::load(folder.path(), &[]).unwrap().spec
}

fn catalogue() -> Catalogue {
    let reward = |action: &str, kind: &str, valid_hours| Reward {
        action: action.into(),
        kind: kind.into(),
        amount: Money(0),
        points: 0,
        threshold: None,
        pays_at: None,
        valid_hours,
        slot: None,
        channels: vec![],
    };
    Catalogue::new(vec![reward("none", "none", None), reward("a", "a", Some(4.0)), reward("b", "b", None)]).unwrap()
}

/// Something of a member, at a whole hour.
#[derive(Debug, Clone, Copy)]
enum Thing {
    Decide(i64, usize),
    View(i64, u16),
    Buy(i64, u8),
}

impl Thing {
    fn hour(self) -> i64 {
        match self {
            Thing::Decide(hour, _) | Thing::View(hour, _) | Thing::Buy(hour, _) => hour,
        }
    }
}

fn things() -> impl Strategy<Value = Vec<Thing>> {
    let thing = (0i64..40, 0usize..3, 0u8..9, 0u8..3).prop_map(|(hour, action, value, sort)| match sort {
        0 => Thing::Decide(hour, action),
        1 => Thing::View(hour, action as u16),
        _ => Thing::Buy(hour, value),
    });
    prop::collection::vec(thing, 0..40).prop_map(|mut things| {
        things.sort_by_key(|thing| thing.hour());
        things
    })
}

fn at(hour: i64) -> Timestamp {
    Timestamp(0).plus_hours(hour as f64)
}

/// The features at `now` as the engine tells them when it was fed `things`, in order.
fn told(plan: &HistoryPlan, things: &[Thing], now: i64) -> Vec<Value<'static>> {
    let mut history = History::new(plan);
    history.reset(Some(at(0)));
    let event =
        |hour, name: &str, action, value| Event { at: at(hour), event: plan.event_index(name).unwrap(), action, value };
    for thing in things {
        match *thing {
            Thing::Decide(hour, action) => history.decide(at(hour), action),
            Thing::View(hour, action) => history.event(&event(hour, "view", Some(action), None)),
            Thing::Buy(hour, value) => history.event(&event(hour, "buy", None, Some(f64::from(value)))),
        }
    }
    let mut out = vec![];
    history.features(at(now), "sent", &[], &[], &mut out);
    out
}

/// The same, counted from scratch, in mode `window`.
fn counted(things: &[Thing], now: i64) -> Vec<Value<'static>> {
    let past: Vec<Thing> = things.iter().copied().filter(|thing| thing.hour() < now).collect();
    let views: Vec<(i64, u16)> =
        past.iter().filter_map(|t| if let Thing::View(h, a) = t { Some((*h, *a)) } else { None }).collect();
    let buys: Vec<(i64, f64)> =
        past.iter().filter_map(|t| if let Thing::Buy(h, v) = t { Some((*h, f64::from(*v))) } else { None }).collect();
    let offers: Vec<(i64, usize)> = past
        .iter()
        .filter_map(|t| if let Thing::Decide(h, a) = t { (*a > 0).then_some((*h, *a)) } else { None })
        .collect();
    let number = |n: usize| Value::Number(n as f64);
    let ratio = |sum: f64, n: usize| if n == 0 { Value::Missing } else { Value::Number(sum / n as f64) };
    let since = |hour: Option<i64>| hour.map_or(Value::Missing, |hour| Value::Number((now - hour) as f64));
    let viewed = |(hour, action): (i64, usize)| {
        let valid = if action == 1 { 4 } else { 10 };
        views.iter().any(|&(h, a)| usize::from(a) == action && h >= hour && h - hour < valid)
    };
    let bought = |(hour, _): (i64, usize)| buys.iter().any(|&(h, _)| h >= hour && h - hour < 10);
    let of_a: Vec<_> = offers.iter().copied().filter(|offer| offer.1 == 1).collect();
    vec![
        number(views.len()),
        Value::Number(buys.iter().filter(|buy| now - buy.0 <= 5).map(|buy| buy.1).sum::<f64>() + 0.0),
        ratio(buys.iter().map(|buy| buy.1).sum(), buys.len()),
        since(views.last().map(|view| view.0)),
        number(offers.iter().filter(|offer| now - offer.0 <= 7).count()),
        number(of_a.len()),
        since(offers.last().map(|offer| offer.0)),
        number(offers.iter().filter(|&&offer| viewed(offer)).count()),
        ratio(of_a.iter().filter(|&&offer| viewed(offer)).count() as f64, of_a.len()),
        number(offers.iter().filter(|&&offer| bought(offer)).count()),
    ]
}

proptest! {
    #[test]
    fn features_are_what_a_count_from_scratch_gives(things in things(), now in 0i64..45) {
        let plan = HistoryPlan::new(&environment("window"), &catalogue()).unwrap();
        prop_assert_eq!(told(&plan, &things, now), counted(&things, now));
    }

    #[test]
    fn nothing_at_or_after_now_is_ever_seen(things in things(), now in 0i64..45, last_touch in any::<bool>()) {
        let mode = if last_touch { "last_touch" } else { "window" };
        let plan = HistoryPlan::new(&environment(mode), &catalogue()).unwrap();
        let past: Vec<Thing> = things.iter().copied().filter(|thing| thing.hour() < now).collect();
        prop_assert_eq!(told(&plan, &things, now), told(&plan, &past, now));
    }

    #[test]
    fn asking_on_the_way_changes_nothing(things in things(), now in 0i64..45) {
        let plan = HistoryPlan::new(&environment("window"), &catalogue()).unwrap();
        let mut history = History::new(&plan);
        history.reset(Some(at(0)));
        let mut out = vec![];
        for thing in things.iter().filter(|thing| thing.hour() < now) {
            history.features(at(thing.hour()), "sent", &[], &[], &mut out);
            let (hour, name, action, value) = match *thing {
                Thing::Decide(hour, action) => {
                    history.decide(at(hour), action);
                    continue;
                }
                Thing::View(hour, action) => (hour, "view", Some(action), None),
                Thing::Buy(hour, value) => (hour, "buy", None, Some(f64::from(value))),
            };
            history.event(&Event { at: at(hour), event: plan.event_index(name).unwrap(), action, value });
        }
        history.features(at(now), "sent", &[], &[], &mut out);
        prop_assert_eq!(out, told(&plan, &things, now));
    }
}
