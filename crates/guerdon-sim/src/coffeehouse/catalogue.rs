//! The fourteen rewards of `coffeehouse`, and how strongly each moves a member.

use super::member::Tastes;
use guerdon_core::{Catalogue, Economics, Money, Result, Reward};
use serde::Serialize;

/// Length of the attribution window, and of one step, in hours.
pub const WINDOW_HOURS: f64 = 168.0;

/// The funnel's stages in order: `received` (the decision itself), `viewed`, `completed`, `purchased`.
pub const STAGES: [&str; 4] = ["received", "viewed", "completed", "purchased"];

/// What is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nothing.
    None,
    /// News, without a reward.
    Informational,
    /// Points.
    Points,
    /// Dollars off.
    Discount,
    /// Buy one, get one; the amount is what the second costs the house.
    Bogo,
    /// Dollars back after a purchase.
    Cashback,
    /// A gift for a completed challenge; the amount is what it costs the house.
    Gift,
    /// Bonus points for a kept-up streak.
    StreakBonus,
}

impl Kind {
    /// The name in `rewards.ndjson`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::None => "none",
            Kind::Informational => "informational",
            Kind::Points => "points",
            Kind::Discount => "discount",
            Kind::Bogo => "bogo",
            Kind::Cashback => "cashback",
            Kind::Gift => "gift",
            Kind::StreakBonus => "streak_bonus",
        }
    }
}

/// The part of the day in which an offer goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// At the next 08:00 UTC.
    Morning,
    /// At the next 18:00 UTC.
    Evening,
}

impl Slot {
    /// The hour of the day at which offers of this slot go out.
    pub fn hour(self) -> f64 {
        match self {
            Slot::Morning => 8.0,
            Slot::Evening => 18.0,
        }
    }

    /// The name in `rewards.ndjson`.
    pub fn name(self) -> &'static str {
        match self {
            Slot::Morning => "morning",
            Slot::Evening => "evening",
        }
    }
}

/// One entry of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Offer {
    /// The action's name.
    pub action: &'static str,
    /// What is offered.
    pub kind: Kind,
    /// Points for [`Kind::Points`] and [`Kind::StreakBonus`], else dollars.
    pub amount: f64,
    /// Dollars to spend, as printed on the offer. Members pay no heed to it, and neither does the payment: a
    /// purchase-paying reward pays at the first purchase inside its validity.
    pub threshold: Option<f64>,
    /// The stage at which it pays, an index into [`STAGES`].
    pub pays_at: Option<usize>,
    /// Hours after the decision during which it lives.
    pub valid_hours: f64,
    /// When it goes out; `None` only for `none`.
    pub slot: Option<Slot>,
    /// Where it is shown.
    pub channels: &'static [&'static str],
}

const VIEWED: Option<usize> = Some(1);
const COMPLETED: Option<usize> = Some(2);
const PURCHASED: Option<usize> = Some(3);

/// The catalogue, in its order.
pub fn offers() -> Vec<Offer> {
    use Kind::*;
    use Slot::*;
    let all = &["email", "app"] as &[_];
    let app = &["app"] as &[_];
    let offer = |action, kind, amount, threshold, pays_at, valid_hours, slot, channels| Offer {
        action,
        kind,
        amount,
        threshold,
        pays_at,
        valid_hours,
        slot,
        channels,
    };
    vec![
        offer("none", None, 0.0, Option::None, Option::None, 168.0, Option::None, &[]),
        offer("info_morning", Informational, 0.0, Option::None, Option::None, 168.0, Some(Morning), all),
        offer("info_evening", Informational, 0.0, Option::None, Option::None, 168.0, Some(Evening), all),
        offer("points_100_viewed", Points, 100.0, Option::None, VIEWED, 72.0, Some(Evening), app),
        offer("points_150_completed", Points, 150.0, Option::None, COMPLETED, 168.0, Some(Morning), app),
        offer("points_400_completed", Points, 400.0, Option::None, COMPLETED, 168.0, Some(Evening), app),
        offer("discount_1_morning", Discount, 1.0, Some(5.0), PURCHASED, 72.0, Some(Morning), all),
        offer("discount_3_morning", Discount, 3.0, Some(10.0), PURCHASED, 168.0, Some(Morning), all),
        offer("discount_3_evening", Discount, 3.0, Some(10.0), PURCHASED, 168.0, Some(Evening), all),
        offer("bogo_morning", Bogo, 2.5, Option::None, PURCHASED, 168.0, Some(Morning), all),
        offer("bogo_evening", Bogo, 2.5, Option::None, PURCHASED, 168.0, Some(Evening), all),
        offer("cashback_2", Cashback, 2.0, Some(8.0), PURCHASED, 168.0, Some(Evening), all),
        offer("gift_4", Gift, 4.0, Option::None, COMPLETED, 168.0, Some(Morning), all),
        offer("streak_300", StreakBonus, 300.0, Option::None, COMPLETED, 168.0, Some(Evening), app),
    ]
}

impl Offer {
    /// What the reward is worth to a member, in dollars: a point is worth a cent to them, whatever it costs the house.
    pub fn worth(&self) -> f64 {
        match self.kind {
            Kind::Points | Kind::StreakBonus => self.amount * 0.01,
            _ => self.amount,
        }
    }

    /// How much of the appetite for a kind this amount wakes: concave, 1 − exp(−worth / 2), in [0, 1).
    fn pull(&self) -> f64 {
        1.0 - (-self.worth() / 2.0).exp()
    }

    /// The lift of the log purchase rate of a fresh member at average habit: once the offer was viewed, and on top of
    /// that once it was completed.
    pub fn lift(&self, tastes: &Tastes) -> (f64, f64) {
        let pull = self.pull();
        let (deals, games, treats) = (above(tastes.deals, 0.25), above(tastes.games, 0.2), above(tastes.treats, 0.2));
        match self.kind {
            Kind::None => (0.0, 0.0),
            Kind::Informational => (0.26 * (1.0 - tastes.deals) - 0.03, 0.08 * tastes.treats),
            Kind::Points if self.pays_at == VIEWED => (2.6 * games * pull, 0.0),
            Kind::Points => (0.10 * games * pull, 1.45 * games * pull),
            Kind::Discount => (2.1 * pull * deals, 0.50 * pull * deals),
            Kind::Bogo => (1.7 * pull * (0.45 * deals + 0.85 * treats), 0.40 * pull * treats),
            Kind::Cashback => (1.45 * pull * (0.8 * deals + 0.7 * games), 0.7 * pull * deals),
            Kind::Gift => (0.10 * treats, 1.65 * treats * pull),
            Kind::StreakBonus => (0.10 * games, 1.65 * games * pull),
        }
    }

    /// The log-odds, before engagement, that a viewed offer is completed.
    pub fn completion_logit(&self, tastes: &Tastes) -> f64 {
        let signed = |taste: f64| 2.0 * taste - 1.0;
        match self.kind {
            Kind::None => f64::NEG_INFINITY,
            Kind::Informational => -0.8 + signed(tastes.treats),
            Kind::Points => 0.2 + 1.2 * signed(tastes.games),
            Kind::Discount => 0.3 + signed(tastes.deals),
            Kind::Bogo => 0.2 + signed(tastes.deals),
            Kind::Cashback => -0.2 + signed(tastes.deals),
            Kind::Gift => -0.2 + 1.6 * signed(tastes.treats),
            Kind::StreakBonus => -0.5 + 1.8 * signed(tastes.games),
        }
    }

    /// Whether the amount is in points under `economics`.
    pub fn in_points(&self, economics: &Economics) -> bool {
        economics.points_kinds.iter().any(|kind| kind == self.kind.name())
    }

    /// The entry in the engine's words, priced by `economics`.
    pub fn reward(&self, economics: &Economics) -> Reward {
        let money = |dollars| Money::from_major(dollars, economics.minor_units).value;
        let points = if self.in_points(economics) { self.amount as i64 } else { 0 };
        Reward {
            action: self.action.into(),
            kind: self.kind.name().into(),
            amount: if points != 0 { economics.points_to_money(points) } else { money(self.amount) },
            points,
            threshold: self.threshold.map(money),
            pays_at: self.pays_at,
            valid_hours: Some(self.valid_hours),
            slot: self.slot.map(|slot| slot.name().into()),
            channels: self.channels.iter().map(|channel| (*channel).to_owned()).collect(),
        }
    }
}

/// The catalogue in the engine's words, priced by `economics`.
///
/// # Errors
/// None that this catalogue can cause; those of [`Catalogue::new`].
pub fn catalogue(economics: &Economics) -> Result<Catalogue> {
    Catalogue::new(offers().iter().map(|offer| offer.reward(economics)).collect())
}

/// `x` above `floor`, stretched to [0, 1]: a taste below the floor does nothing.
fn above(x: f64, floor: f64) -> f64 {
    ((x - floor) / (1.0 - floor)).max(0.0)
}
