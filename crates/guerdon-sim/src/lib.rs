//! Environments: synthetic worlds with known truth, and simulators fitted from logs.
//!
//! ```no_run
//! use guerdon_core::{NoProgress, Seed};
//! use guerdon_sim::coffeehouse::{Options, generate};
//! use std::path::Path;
//!
//! # fn main() -> guerdon_core::Result<()> {
//! let made = generate(5_000, Seed(7), Path::new("raw/coffeehouse"), &Options::default(), &NoProgress)?;
//! println!("the logging policy is truly worth {:.2}, the oracle {:.2}", made.truth.logging, made.truth.oracle);
//! # Ok(())
//! # }
//! ```
//!
//! [`coffeehouse`] is a world of which everything is known; [`simulate()`] fits a simulator to any programme's log and
//! rolls policies out in it. Neither learns a policy nor judges one: what a roll-out says holds as far as its stated
//! assumptions do, and the estimate from the log comes first.

#![forbid(unsafe_code)]

pub mod coffeehouse;
mod simulate;

pub use simulate::{
    FidelityFigure, Figures, Incremental, Interval, NamedPolicy, PolicyRollout, SimulateOptions, Simulation, StageRate,
    simulate,
};
