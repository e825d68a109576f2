//! Writing an allocation: a row a decision into Parquet, a temporary file into place.

use crate::log::{properties, readable};
use arrow::array::{ArrayRef, Float64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use guerdon_core::{Error, Result};
use parquet::arrow::ArrowWriter;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;

/// Rows that are gathered before they go to the file.
const BATCH_ROWS: usize = 8192;

/// What one decision was given. Money is in major units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AllocationRow<'a> {
    /// The decision's id in the log.
    pub decision_id: &'a str,
    /// The member.
    pub member_id: &'a str,
    /// The action given.
    pub action: &'a str,
    /// Expected net value.
    pub value: f64,
    /// Expected cost of the reward.
    pub cost: f64,
    /// Expected points liability, in money.
    pub liability: f64,
    /// Chance that the reward is paid, in \[0, 1\].
    pub paid: f64,
}

/// A table of [`AllocationRow`]s that is being written: `decision_id, member_id, action, expected_value, expected_cost,
/// expected_liability, p_paid`.
pub struct AllocationWriter {
    out: PathBuf,
    writer: ArrowWriter<File>,
    temporary: NamedTempFile,
    schema: SchemaRef,
    names: [StringBuilder; 3],
    numbers: [Float64Builder; 4],
    rows: usize,
}

impl AllocationWriter {
    /// Starts a table that will lie at `out`; nothing lies there before [`AllocationWriter::finish`].
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn create(out: &Path) -> Result<Self> {
        let cannot = |e: &dyn std::fmt::Display| Error::write(out, e);
        let names = ["decision_id", "member_id", "action"].map(|name| Field::new(name, DataType::Utf8, false));
        let numbers = ["expected_value", "expected_cost", "expected_liability", "p_paid"]
            .map(|name| Field::new(name, DataType::Float64, false));
        let schema = Arc::new(Schema::new(names.into_iter().chain(numbers).collect::<Vec<_>>()));
        let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let temporary = NamedTempFile::with_prefix_in(".guerdon-allocation-", folder).map_err(|e| cannot(&e))?;
        let file = temporary.as_file().try_clone().map_err(|e| cannot(&e))?;
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties())).map_err(|e| cannot(&e))?;
        Ok(AllocationWriter {
            out: out.to_owned(),
            writer,
            temporary,
            schema,
            names: std::array::from_fn(|_| StringBuilder::new()),
            numbers: std::array::from_fn(|_| Float64Builder::new()),
            rows: 0,
        })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn push(&mut self, row: &AllocationRow<'_>) -> Result<()> {
        for (builder, name) in self.names.iter_mut().zip([row.decision_id, row.member_id, row.action]) {
            builder.append_value(name);
        }
        for (builder, number) in self.numbers.iter_mut().zip([row.value, row.cost, row.liability, row.paid]) {
            builder.append_value(number);
        }
        self.rows += 1;
        if self.rows == BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        self.rows = 0;
        let names = self.names.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef);
        let numbers = self.numbers.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef);
        let batch = RecordBatch::try_new(self.schema.clone(), names.chain(numbers).collect())
            .map_err(|e| Error::Internal(format!("a batch of the allocation: {e}")))?;
        self.writer.write(&batch).map_err(|e| Error::write(&self.out, e))
    }

    /// Writes what is left and puts the file in its place.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn finish(mut self) -> Result<()> {
        self.flush()?;
        self.writer.close().map_err(|e| Error::write(&self.out, e))?;
        readable(self.temporary.as_file()).map_err(|e| Error::write(&self.out, e))?;
        self.temporary.persist(&self.out).map_err(|e| Error::write(&self.out, e.error))?;
        Ok(())
    }
}
