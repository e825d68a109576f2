//! A simulator fitted from a decision log, and policies rolled out in it.
//!
//! An ensemble of models, each fitted to a bootstrap of members, says how likely each funnel stage is and what is spent
//! ([`model`]). Members of the log are taken up where the log leaves them and offered what each policy decides, one
//! decision an attribution window, with the same random numbers for every policy ([`rollout`]). What they then do
//! becomes their history, through the code that made the log's features ([`state`]).

mod assumptions;
mod calibrate;
mod fit;
mod ledger;
mod model;
mod plan;
mod result;
mod rollout;
mod run;
mod sample;
mod spread;
mod state;
mod step_value;

pub use result::{
    FidelityFigure, Figures, Incremental, Interval, NamedPolicy, PolicyRollout, SimulateOptions, Simulation, StageRate,
};
pub use run::simulate;

#[cfg(test)]
mod tests;
