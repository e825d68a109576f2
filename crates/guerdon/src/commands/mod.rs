//! One file a command; each reads its flags, calls the crate that does the work, and prints.

pub mod allocate;
pub mod audit;
pub mod compare;
pub mod completions;
pub mod decide;
pub mod diff;
pub mod evaluate;
pub mod frontier;
pub mod generate;
pub mod ingest;
pub mod inspect;
pub mod online;
pub mod ope;
pub mod rank;
pub mod run;
pub mod schema;
pub mod simulate;
pub mod sweep;
pub mod train;
pub mod uplift;

/// The exit code for a result that is "not evaluable".
pub const NOT_EVALUABLE: u8 = 3;
