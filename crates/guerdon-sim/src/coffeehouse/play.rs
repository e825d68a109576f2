//! One member's weeks in the world: decisions, what they answer, and what each offer would truly have been worth.

use super::catalogue::{Offer, WINDOW_HOURS};
use super::draw::Draw;
use super::member::Member;
use super::response::{REACT_HOURS, Response, tired};
use super::truth::{Expected, expect};
use super::{World, logging};
use guerdon_core::{Seed, Timestamp};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// An offer was viewed.
    Viewed,
    /// An offer was completed.
    Completed,
    /// A purchase.
    Purchase,
    /// Points were redeemed.
    Redeem,
}

impl Happening {
    /// The name in `events.parquet`.
    pub fn name(self) -> &'static str {
        match self {
            Happening::Viewed => "viewed",
            Happening::Completed => "completed",
            Happening::Purchase => "purchase",
            Happening::Redeem => "redeem",
        }
    }
}

/// One event of a member.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Occurrence {
    /// When, in whole milliseconds.
    pub at: Timestamp,
    /// What happened.
    pub what: Happening,
    /// The offer that was viewed or completed, an index into the catalogue.
    pub offer: Option<usize>,
    /// Dollars of a purchase, points of a redemption.
    pub value: Option<f64>,
}

/// One decision, with the truth about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The id, `m0000042-03` say.
    pub id: String,
    /// The week, from 0.
    pub week: u32,
    /// When it was taken.
    pub at: Timestamp,
    /// What was offered, an index into the catalogue.
    pub action: usize,
    /// Exact probability of every action under the logging policy; sums to 1.
    pub probabilities: Vec<f64>,
    /// How tired of offers the member was: 0 fresh, near 3 after many.
    pub fatigue: f64,
    /// Whether the attribution window ends before the log does.
    pub mature: bool,
    /// What would follow each action, in expectation given everything about the member and the state.
    pub expected: Vec<Expected>,
}

/// One member with all that happened to them.
#[derive(Debug, Clone, PartialEq)]
pub struct Life {
    /// The member.
    pub member: Member,
    /// The decisions, in order.
    pub choices: Vec<Choice>,
    /// The events before the end of the log, by time.
    pub events: Vec<Occurrence>,
}

/// Plays the `index`-th member.
pub(super) fn play(world: &World, index: u64) -> Life {
    let member = world.member(index);
    let mut scene = Scene { draw: Draw::new(world.seed().named("life").indexed(index)), events: vec![] };
    let first = world.first_event();
    let hours = world.decided_at(&member, 0).hours_since(first);
    scene.purchases(first, 0.0, hours, member.latent.habit / WINDOW_HOURS, &member);

    let probabilities = logging::probabilities(world.offers(), &member.attributes);
    let (mut fatigue, mut choices) = (0.0, vec![]);
    for week in 0..world.weeks() {
        let at = world.decided_at(&member, week);
        let action = scene.draw.weighted(&probabilities);
        choices.push(Choice {
            id: format!("{}-{week:02}", member.id),
            week,
            at,
            action,
            probabilities: probabilities.clone(),
            fatigue,
            mature: at.plus_hours(WINDOW_HOURS) <= world.log_end(),
            expected: (0..world.offers().len()).map(|offer| world.expected(&member, fatigue, at, offer)).collect(),
        });
        scene.answer(world, &member, fatigue, at, action);
        fatigue = world.tired(fatigue, action);
    }
    let mut events = scene.events;
    events.retain(|event| event.at < world.log_end());
    events.sort_by_key(|event| event.at);
    Life { member, choices, events }
}

impl World {
    /// What follows, in expectation, when `member`, tired by `fatigue` (0 fresh, near 3 after many offers), gets
    /// catalogue entry `action` at `at`.
    pub fn expected(&self, member: &Member, fatigue: f64, at: Timestamp, action: usize) -> Expected {
        let offer = &self.offers()[action];
        let response = Response::of(member, fatigue, hour_of_day(at), offer);
        expect(&response, offer, member.latent.basket, &self.prices()[action])
    }

    /// What `fatigue` becomes a week after `action`, an index into the catalogue.
    pub fn tired(&self, fatigue: f64, action: usize) -> f64 {
        tired(fatigue, &self.offers()[action])
    }

    /// Draws what one window brings after `action`, net, in dollars: [`Expected::net`] is its mean.
    pub fn draw_net(&self, member: &Member, fatigue: f64, at: Timestamp, action: usize, seed: Seed) -> f64 {
        let mut scene = Scene { draw: Draw::new(seed), events: vec![] };
        let paid = scene.answer(self, member, fatigue, at, action);
        let purchases = scene.events.iter().filter(|event| event.what == Happening::Purchase);
        let revenue = purchases.filter_map(|event| event.value).sum();
        self.prices()[action].net(revenue, f64::from(u8::from(paid)))
    }

    /// Draws the events of one window, as the log would hold them; `draw` numbers the repetition. For checks of
    /// [`World::expected`].
    pub fn sample(&self, member: &Member, fatigue: f64, at: Timestamp, action: usize, draw: u64) -> Vec<Occurrence> {
        let seed = self.seed().named("sample").indexed(draw);
        let mut scene = Scene { draw: Draw::new(seed), events: vec![] };
        scene.answer(self, member, fatigue, at, action);
        scene.events
    }
}

/// Where the draws of one member become events.
struct Scene {
    draw: Draw,
    events: Vec<Occurrence>,
}

impl Scene {
    /// Draws what follows one decision, by the same process that [`expect`] integrates; gives whether the reward paid.
    fn answer(&mut self, world: &World, member: &Member, fatigue: f64, at: Timestamp, action: usize) -> bool {
        let offer = &world.offers()[action];
        let response = Response::of(member, fatigue, hour_of_day(at), offer);
        let [r0, r1, r2] = response.rate;
        let valid = response.valid_hours;
        let (mut viewed, mut completed) = (valid, valid);
        if self.draw.known(response.view) {
            viewed = response.send_delay + REACT_HOURS * self.draw.uniform();
            self.push(at, viewed, Happening::Viewed, Some(action), None);
            if self.draw.known(response.complete) {
                completed = viewed + REACT_HOURS * self.draw.uniform();
                self.push(at, completed, Happening::Completed, Some(action), None);
            }
        }
        let before = self.events.len();
        self.purchases(at, 0.0, viewed, r0, member);
        self.purchases(at, viewed, completed, r1, member);
        self.purchases(at, completed, valid, r2, member);
        let bought = self.events.get(before).map(|event| event.at);
        self.purchases(at, valid, WINDOW_HOURS, r0, member);
        let paid_at = match offer.pays_at {
            Some(1) => (viewed < valid).then(|| at.plus_hours(viewed)),
            Some(2) => (completed < valid).then(|| at.plus_hours(completed)),
            Some(3) => bought,
            _ => None,
        };
        if let Some(paid_at) = paid_at {
            self.redeem(world, member, offer, paid_at);
        }
        paid_at.is_some()
    }

    /// Purchases between `from` and `to` hours after `at`, Poisson with `rate` an hour.
    fn purchases(&mut self, at: Timestamp, from: f64, to: f64, rate: f64, member: &Member) {
        const LOG_SD: f64 = 0.30;
        let mut hours = from + self.draw.exponential(1.0 / rate);
        while hours < to {
            let log = LOG_SD * self.draw.normal() - LOG_SD * LOG_SD / 2.0;
            let cents = (100.0 * member.latent.basket * log.exp()).round().max(1.0);
            self.push(at, hours, Happening::Purchase, None, Some(cents / 100.0));
            hours += self.draw.exponential(1.0 / rate);
        }
    }

    /// Redeems credited points a day to some weeks later, or never (breakage).
    fn redeem(&mut self, world: &World, member: &Member, offer: &Offer, paid_at: Timestamp) {
        if offer.in_points(world.economics()) && self.draw.known(member.latent.redeems) {
            let hours = 24.0 + self.draw.exponential(21.0 * 24.0);
            self.push(paid_at, hours, Happening::Redeem, None, Some(offer.amount));
        }
    }

    fn push(&mut self, at: Timestamp, hours: f64, what: Happening, offer: Option<usize>, value: Option<f64>) {
        let micros = (hours * 3_600_000.0).floor() as i64 * 1_000;
        self.events.push(Occurrence { at: Timestamp(at.0 + micros), what, offer, value });
    }
}

/// Hour of the day with its fraction, in [0, 24), UTC.
fn hour_of_day(at: Timestamp) -> f64 {
    at.0.rem_euclid(86_400_000_000) as f64 / 3_600_000_000.0
}
