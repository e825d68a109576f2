//! Events, and what followed a decision inside its attribution window.

use crate::{Money, Timestamp};

/// One event of a member. Names are indices: `event` into the environment's event names, `action` into the catalogue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: u16,
    /// The action that it names, if any.
    pub action: Option<u16>,
    /// Money in major units, points, or whatever the event counts; NaN never.
    pub value: Option<f64>,
}

/// What followed a decision inside its attribution window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// First time each funnel stage was reached.
    pub reached_at: Vec<Option<Timestamp>>,
    /// Sum of the revenue events.
    pub revenue: Money,
    /// How many revenue events.
    pub orders: u32,
    /// Cost of the reward: its amount if its stage was reached while it was valid, else zero.
    pub cost: Money,
    /// Points credited by the reward.
    pub points_issued: i64,
    /// Points redeemed by the member.
    pub points_redeemed: i64,
}

impl Outcome {
    /// Index of the deepest stage reached.
    pub fn reached(&self) -> Option<usize> {
        self.reached_at.iter().rposition(Option::is_some)
    }
}
