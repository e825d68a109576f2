//! The allocation problem: one option for every member, so that value is greatest and the budget holds.
//!
//! The multiple-choice knapsack over a stream of members that is read a few times and never held: [`Allocation::solve`] for
//! one limit or several (floors, ceilings, segments), with a certified gap; [`Frontier`] for value against spend; [`Pacer`]
//! for spending a budget while serving, by the price that past members had, and by a [`Forecast`] where there is one.
//!
//! ```
//! use guerdon_budget::{Allocation, Batch, Limit};
//!
//! # fn main() -> guerdon_core::Result<()> {
//! // Two options each: `none`, and a gift of 3 to 5 units; one resource.
//! let mut batch = Batch::new(2, 1, 3);
//! batch.push(&[0.0, 9.0], &[0.0, 3.0], 0)?;
//! batch.push(&[0.0, 8.0], &[0.0, 4.0], 0)?;
//! batch.push(&[0.0, 5.0], &[0.0, 5.0], 0)?;
//! let members = vec![batch];
//! let best = Allocation::solve(&members, &[Limit::at_most("budget", 0, 7.0)])?;
//! assert_eq!((best.value, best.limits[0].used), (17.0, 7.0));
//! let mut chosen = Vec::new();
//! best.choices(&members, |_, option| {
//!     chosen.push(option);
//!     Ok(())
//! })?;
//! assert_eq!(chosen, [1, 1, 0]);
//! # Ok(())
//! # }
//! ```
//!
//! Amounts are counted in 2⁻²⁰ths of a unit, rounded up: whole units are exact, and a budget is never exceeded.
//! What this crate does not do: estimate values or costs.

#![forbid(unsafe_code)]

mod allocation;
mod batch;
mod branch;
mod core_states;
mod dual;
mod forecast;
mod frontier;
mod hull;
mod improve;
mod limit;
mod members;
mod newton;
mod pacer;
mod pass;
mod rule;
mod select;
mod several;
mod shortlist;
mod single;
mod sum;
mod survey;
mod units;

pub use allocation::{Allocation, Use};
pub use batch::Batch;
pub use forecast::Forecast;
pub use frontier::{Frontier, Point};
pub use limit::Limit;
pub use members::Members;
pub use pacer::Pacer;
