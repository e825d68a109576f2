//! An experiment file in, a run folder out: ingest, train, value, simulate, report; each step also on its own.
//!
//! The main path is [`run`]: [`config`] says what to do, [`built_in`] makes raw files, [`evaluate`] values policies on a
//! log, [`mod@budget`] gives out what there is to spend, [`truth`] knows what a built-in programme's policies are truly
//! worth, [`page`] turns results into the report's data, [`sweep`] searches settings by cross-validated policy value,
//! [`folder`] knows where each file of a run lies, [`compare`] sets runs side by side.

#![forbid(unsafe_code)]

mod account;
pub mod budget;
pub mod built_in;
pub mod compare;
pub mod config;
pub mod evaluate;
pub mod folder;
mod machine;
pub mod ope;
pub mod page;
mod placement;
pub mod run;
mod segments;
pub mod sweep;
pub mod truth;
pub mod uplift;
mod workers;
