//! Decision logs: raw files read through SQL views, attributed, and streamed.
//!
//! ```no_run
//! use guerdon_core::NoProgress;
//! use guerdon_data::{IngestOptions, LogReader, environment, ingest};
//! use std::path::Path;
//!
//! # fn main() -> guerdon_core::Result<()> {
//! let programme = environment::load(Path::new("environments/starbucks"), &[])?;
//! let log = Path::new("starbucks.parquet");
//! let summary = ingest(&programme, Path::new("data/starbucks"), log, &IngestOptions::default(), &NoProgress)?;
//! println!("{} decisions, mean revenue {}", summary.decisions, summary.mean_revenue);
//! for batch in LogReader::open(log)?.batches()? {
//!     let batch = batch?;
//!     println!("{} took {}", batch.member_id(0), batch.action(0));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! An [`environment`] names the raw files and holds the SQL that turns them into four canonical tables. [`ingest()`]
//! sorts those by member and makes one pass, member by member, in bounded memory: [`attribution`] gives each decision its
//! outcome, [`history`] what was known just before it. [`LogReader`] streams the result.
//!
//! This crate trains nothing and decides nothing.

#![forbid(unsafe_code)]

mod aligned;
mod allocation;
pub mod attribution;
mod audit;
pub mod environment;
mod fold_table;
mod given;
pub mod history;
mod ingest;
mod log;
mod names;
mod reward_stream;

pub use aligned::{AlignedBatch, AlignedReader, Columns};
pub use allocation::{AllocationRow, AllocationWriter};
pub use audit::{ActionAudit, AuditReport, FeatureAudit, audit};
pub use environment::LoadedEnvironment;
pub use fold_table::write_folds;
pub use given::GivenDecisions;
pub use ingest::{IngestOptions, ingest, log_id};
pub use log::{ActionSummary, FORMAT_VERSION, IngestSummary, LogBatch, LogBatches, LogMeta, LogReader};
pub use names::EventNames;
pub use reward_stream::{RewardStream, StreamColumns};
