//! The world: a seed, prices and a calendar; members and truths follow from them.

use super::catalogue::{Offer, WINDOW_HOURS, catalogue, offers};
use super::member::Member;
use super::play::{Life, play};
use super::truth::Price;
use guerdon_core::{Catalogue, Economics, Error, Result, Seed, Timestamp};

/// Weeks of purchases before the first decision, so that even it has a history.
pub const WARM_UP_WEEKS: u32 = 4;

/// The first week's start: Monday 2026-01-05, 00:00 UTC.
const START: Timestamp = Timestamp(1_767_571_200_000_000);

/// The seeded world `coffeehouse`.
///
/// Every member gets one decision a week, always at the same time of their week, so that the 168-hour windows tile
/// exactly. The log ends `weeks` weeks after the start; each member's last decision is immature.
#[derive(Debug, Clone)]
pub struct World {
    seed: Seed,
    economics: Economics,
    weeks: u32,
    offers: Vec<Offer>,
    prices: Vec<Price>,
}

impl World {
    /// A world of `weeks` decisions per member (the last one immature), valued by `economics`.
    ///
    /// # Errors
    /// [`Error::Config`] for fewer than 2 weeks or more than 99, or prices that are not finite.
    pub fn new(seed: Seed, economics: Economics, weeks: u32) -> Result<World> {
        if !(2..=99).contains(&weeks) {
            return Err(Error::config("coffeehouse", "weeks", weeks, "2 to 99 would do: the last one is immature"));
        }
        for (key, price) in [("margin", economics.margin), ("point_value", economics.point_value)] {
            if !price.is_finite() {
                return Err(Error::config(
                    "coffeehouse",
                    format!("economics.{key}"),
                    price,
                    "a finite number would do",
                ));
            }
        }
        let offers = offers();
        let prices = offers.iter().map(|offer| Price::of(offer, &economics)).collect();
        Ok(World { seed, economics, weeks, offers, prices })
    }

    /// The prices that `environments/coffeehouse` states: margin 0.65, a cent a point, two cents a contact.
    pub fn default_economics() -> Economics {
        Economics {
            margin: 0.65,
            point_value: 0.01,
            points_kinds: vec!["points".into(), "streak_bonus".into()],
            contact_cost: 0.02,
            revenue_event: Some("purchase".into()),
            redeem_event: Some("redeem".into()),
            ..Economics::default()
        }
    }

    /// The world's seed.
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// The prices.
    pub fn economics(&self) -> &Economics {
        &self.economics
    }

    /// Decisions per member.
    pub fn weeks(&self) -> u32 {
        self.weeks
    }

    /// The offers, in catalogue order.
    pub fn offers(&self) -> &[Offer] {
        &self.offers
    }

    /// What each offer costs.
    pub(super) fn prices(&self) -> &[Price] {
        &self.prices
    }

    /// The catalogue in the engine's words.
    ///
    /// # Errors
    /// Those of [`Catalogue::new`]; none with this catalogue.
    pub fn catalogue(&self) -> Result<Catalogue> {
        catalogue(&self.economics)
    }

    /// No event lies before this time.
    pub fn first_event(&self) -> Timestamp {
        START.plus_hours(-WINDOW_HOURS * f64::from(WARM_UP_WEEKS))
    }

    /// Every event lies before this time.
    pub fn log_end(&self) -> Timestamp {
        START.plus_hours(WINDOW_HOURS * f64::from(self.weeks))
    }

    /// When `member`'s decision of `week` is taken.
    pub fn decided_at(&self, member: &Member, week: u32) -> Timestamp {
        START.plus_hours(WINDOW_HOURS * f64::from(week) + member.offset_hours)
    }

    /// The `index`-th member.
    pub fn member(&self, index: u64) -> Member {
        Member::draw(self.seed, index, self.first_event())
    }

    /// The index of the member with this id; `None` for an id that is none of the world's.
    pub fn index_of(member_id: &str) -> Option<u64> {
        member_id.strip_prefix('m')?.parse().ok()
    }

    /// The `index`-th member with all that happened to them: what [`super::generate`] writes of them, and the truth.
    pub fn life(&self, index: u64) -> Life {
        play(self, index)
    }
}
