//! An experiment file in, a run folder out: ingest, train, value, simulate, report; each step also on its own.
//!
//! The main path is [`run`]: [`config`] says what to do, [`built_in`] makes raw files, [`evaluate`] values policies on a log, [`truth`] knows what a built-in programme's policies are truly worth, [`page`] turns results into
//! the report's data, [`folder`] knows where each file of a run lies, [`compare`] sets runs side by side.

#![forbid(unsafe_code)]

mod account;
pub mod built_in;
pub mod compare;
pub mod config;
pub mod evaluate;
pub mod folder;
mod machine;
pub mod ope;
pub mod page;
pub mod run;
mod segments;
pub mod truth;
