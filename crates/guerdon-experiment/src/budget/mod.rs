//! The budget: who gets what so that the limits hold, what a price buys, and value against budget on a log.
//!
//! [`Limits`] is what the limits file says; [`allocate`] gives every decision of a log an action under them, by what a
//! policy expects; [`priced`] is the policy that serves at the prices found; [`frontier`] values the priced policies on
//! decisions that their training did not see, beside constant offers and mixes of them.

mod allocate;
mod arms;
mod curve;
mod frontier;
mod limits;
mod offers;
mod page;
mod plan;
mod price;
mod trace;
mod valued;

pub use allocate::{AllocateOptions, Allocated, LimitUse, Totals, allocate};
pub use arms::Arms;
pub use frontier::{AtBudget, Constant, Frontier, FrontierOptions, Held, MixOf, Point, frontier_of};
pub use limits::{LimitSpec, Limits, Of, SegmentSpec};
pub use offers::predicts_outcomes;
pub use page::section;
pub use price::{Prices, priced};
