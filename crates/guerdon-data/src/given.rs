//! Decisions that another system made for the decisions of a log: read from Parquet, checked against the log.

use crate::LogReader;
use crate::aligned::missing;
use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use guerdon_core::{Catalogue, Error, Result, columns};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// One action for each of some decisions, chosen by whatever wrote the file.
#[derive(Debug, Clone)]
pub struct GivenDecisions {
    path: PathBuf,
    actions: BTreeMap<String, usize>,
}

impl GivenDecisions {
    /// Reads the columns `decision_id` and `action` (names of `catalogue`) of the Parquet file at `path`; its other columns
    /// are not looked at.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Malformed`] for a file that is not there or no Parquet; [`Error::Schema`] for a column
    /// that is missing, no text or null somewhere; [`Error::UnknownAction`]; [`Error::Inconsistent`] for a decision that is
    /// there twice.
    pub fn read(path: &Path, catalogue: &Catalogue) -> Result<Self> {
        let malformed = |reason: String| malformed(path, reason);
        let file = File::open(path).map_err(|e| Error::not_found(path, "Parquet file", e))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| malformed(e.to_string()))?;
        let schema = builder.schema().clone();
        let places = [columns::DECISION_ID, columns::ACTION].map(|name| place(path, &schema, name));
        let [decision, action] = places;
        let mask = ProjectionMask::roots(builder.parquet_schema(), [decision?, action?]);
        let batches = builder.with_projection(mask).build().map_err(|e| malformed(e.to_string()))?;
        let mut given = GivenDecisions { path: path.to_owned(), actions: BTreeMap::new() };
        for batch in batches {
            given.take(&batch.map_err(|e| malformed(e.to_string()))?, catalogue)?;
        }
        Ok(given)
    }

    fn take(&mut self, batch: &RecordBatch, catalogue: &Catalogue) -> Result<()> {
        let (ids, names) =
            (texts(&self.path, batch, columns::DECISION_ID)?, texts(&self.path, batch, columns::ACTION)?);
        for (id, name) in ids.iter().flatten().zip(names.iter().flatten()) {
            let action = catalogue.index_of(name).ok_or_else(|| Error::UnknownAction {
                place: self.place(id),
                given: name.to_owned(),
                known: catalogue.names().collect::<Vec<_>>().join(", "),
            })?;
            if let Some(earlier) = self.actions.insert(id.to_owned(), action) {
                return Err(Error::Inconsistent {
                    place: self.place(id),
                    what: format!(
                        "is there twice, with {} and {name}; give each decision one action",
                        catalogue.get(earlier).action
                    ),
                });
            }
        }
        Ok(())
    }

    /// Checks that each decision that `log` shows has an action that was eligible, and that there are no others.
    ///
    /// # Errors
    /// [`Error::Mismatch`] with the first decision that has none, or an action that was not eligible, or that `log` does
    /// not show; whatever reading the log gives.
    pub fn check(&self, log: &LogReader) -> Result<()> {
        let catalogue = &log.meta().catalogue;
        let mut found = 0;
        for batch in log.batches()? {
            let batch = batch?;
            for i in 0..batch.len() {
                let id = batch.decision_id(i);
                let action = self.action(id).ok_or_else(|| {
                    self.mismatch(id, "action", "missing", "each decision of the log's members needs one".into())
                })?;
                if let Some(eligible) = batch.eligible(i).filter(|all| !all.iter().any(|a| usize::from(*a) == action)) {
                    let names: Vec<&str> =
                        eligible.iter().map(|a| catalogue.get((*a).into()).action.as_str()).collect();
                    let wanted = format!("eligible were {}", names.join(", "));
                    return Err(self.mismatch(id, "action", &catalogue.get(action).action, wanted));
                }
                found += 1;
            }
        }
        if found < self.actions.len() {
            return Err(self.stranger(log));
        }
        Ok(())
    }

    /// The action for the decision with this id.
    pub fn action(&self, decision_id: &str) -> Option<usize> {
        self.actions.get(decision_id).copied()
    }

    /// The first decision, by id, that is none of the log's.
    fn stranger(&self, log: &LogReader) -> Error {
        let mut rest = self.actions.clone();
        let read = log.batches().and_then(|batches| {
            for batch in batches {
                let batch = batch?;
                for i in 0..batch.len() {
                    rest.remove(batch.decision_id(i));
                }
            }
            Ok(())
        });
        match (read, rest.keys().next()) {
            (Err(error), _) => error,
            (Ok(()), Some(id)) => {
                let wanted = format!("leave such rows out ({} in all)", rest.len());
                self.mismatch(id, "id", "none that the log's members have", wanted)
            }
            (Ok(()), None) => {
                Error::Internal(format!("decisions of {} that are and are not there", log.path().display()))
            }
        }
    }

    fn place(&self, id: &str) -> String {
        format!("{}, decision {id}", self.path.display())
    }

    fn mismatch(&self, id: &str, what: &str, given: &str, wanted: String) -> Error {
        Error::Mismatch { place: self.place(id), what: what.into(), given: given.into(), wanted }
    }
}

fn malformed(path: &Path, reason: String) -> Error {
    Error::Malformed { file: path.display().to_string(), format: "Parquet", reason }
}

fn place(path: &Path, schema: &SchemaRef, column: &str) -> Result<usize> {
    schema.index_of(column).map_err(|_| missing(path, column, schema))
}

/// A column as text without nulls; dictionaries and large strings are text too.
fn texts(path: &Path, batch: &RecordBatch, column: &str) -> Result<StringArray> {
    let wrong = |given: String| Error::Schema {
        table: path.display().to_string(),
        column: column.to_owned(),
        given,
        wanted: "text in every row would do".into(),
    };
    let array = batch.column_by_name(column).ok_or_else(|| wrong("missing".into()))?;
    let text = match array.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => {
            cast(array, &DataType::Utf8).map_err(|e| malformed(path, e.to_string()))?
        }
        other => return Err(wrong(other.to_string())),
    };
    if text.null_count() > 0 {
        return Err(wrong("null somewhere".into()));
    }
    Ok(text.as_string::<i32>().clone())
}
