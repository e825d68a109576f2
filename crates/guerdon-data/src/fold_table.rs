//! Writing which fold each member is in, for models that are fitted elsewhere on the same folds.

use crate::LogReader;
use crate::log::{properties, readable};
use arrow::array::{RecordBatch, StringBuilder, UInt32Builder};
use arrow::datatypes::{DataType, Field, Schema};
use guerdon_core::{Error, Result, columns};
use parquet::arrow::ArrowWriter;
use std::path::Path;
use std::sync::Arc;
use tempfile::NamedTempFile;

/// Writes a Parquet table `member_id, fold` to `out`, a row for each member that `log` shows, in the log's order; a
/// temporary file moved into place.
///
/// # Errors
/// [`Error::Write`]; whatever reading the log gives.
pub fn write_folds(log: &LogReader, fold: impl Fn(&str) -> usize, out: &Path) -> Result<()> {
    let cannot = |e: &dyn std::fmt::Display| Error::write(out, e);
    let schema = Arc::new(Schema::new(vec![
        Field::new(columns::MEMBER_ID, DataType::Utf8, false),
        Field::new("fold", DataType::UInt32, false),
    ]));
    let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = NamedTempFile::with_prefix_in(".guerdon-folds-", folder).map_err(|e| cannot(&e))?;
    let file = temporary.as_file().try_clone().map_err(|e| cannot(&e))?;
    let mut writer = ArrowWriter::try_new(file, schema.clone(), Some(properties())).map_err(|e| cannot(&e))?;
    let mut last = None;
    for batch in log.batches()? {
        let batch = batch?;
        let (mut members, mut folds) = (StringBuilder::new(), UInt32Builder::new());
        for member in (0..batch.len()).map(|i| batch.member_id(i)) {
            // A member's decisions follow each other.
            if last.as_deref() != Some(member) {
                members.append_value(member);
                folds.append_value(fold(member) as u32);
                last = Some(member.to_owned());
            }
        }
        let rows = RecordBatch::try_new(schema.clone(), vec![Arc::new(members.finish()), Arc::new(folds.finish())])
            .map_err(|e| Error::Internal(format!("a batch of the folds: {e}")))?;
        writer.write(&rows).map_err(|e| cannot(&e))?;
    }
    writer.close().map_err(|e| cannot(&e))?;
    readable(temporary.as_file()).map_err(|e| cannot(&e))?;
    temporary.persist(out).map_err(|e| cannot(&e.error))?;
    Ok(())
}
