//! The decision log as a file: its metadata, reading it in batches, writing it.

mod batch;
mod meta;
mod reader;
mod schema;
mod writer;

pub use batch::LogBatch;
pub(crate) use meta::META_KEY;
pub use meta::{ActionSummary, FORMAT_VERSION, IngestSummary, LogMeta};
pub use reader::{LogBatches, LogReader};
pub(crate) use schema::{names_type, time_type};
pub(crate) use writer::{LogWriter, Row, properties, readable};
