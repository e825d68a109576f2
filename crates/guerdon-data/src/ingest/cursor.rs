//! Reading a sorted stream row by row, member by member.

use super::engine::Engine;
use super::tables::null;
use arrow::array::RecordBatch;
use datafusion::dataframe::DataFrame;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::ident;
use guerdon_core::Result;
use std::sync::Arc;

/// A canonical table whose rows belong to members.
pub(super) trait Table: Sized {
    /// Its name, for messages.
    const NAME: &'static str;
    /// Takes the columns of a batch.
    fn read(batch: &RecordBatch) -> Result<Self>;
    /// The member of `row`, unless it is null.
    fn member(&self, row: usize) -> Option<&str>;
}

/// A place in a table that is sorted by member.
pub(super) struct Cursor<'e, T> {
    engine: &'e Engine,
    stream: SendableRecordBatchStream,
    batch: Option<Arc<T>>,
    row: usize,
    rows: usize,
}

impl<'e, T: Table> Cursor<'e, T> {
    /// Sorts `frame` by member and stands before its first row.
    pub(super) fn new(engine: &'e Engine, frame: DataFrame) -> Result<Self> {
        // Rows of one member are put in order by whoever collects them: sorting by one column spills less.
        let sorted = frame.sort(vec![ident("member_id").sort(true, true)]).map_err(|e| engine.sql_error(&e))?;
        let mut cursor = Cursor { engine, stream: engine.stream(sorted)?, batch: None, row: 0, rows: 0 };
        cursor.fill()?;
        Ok(cursor)
    }

    /// The batch and the row that the cursor stands at; `None` at the end.
    pub(super) fn here(&self) -> Option<(&Arc<T>, usize)> {
        self.batch.as_ref().map(|batch| (batch, self.row))
    }

    /// The member of the row that the cursor stands at; `None` at the end.
    pub(super) fn member(&self) -> Result<Option<&str>> {
        match self.here() {
            None => Ok(None),
            Some((batch, row)) => batch.member(row).map(Some).ok_or_else(|| null(T::NAME, "member_id", None)),
        }
    }

    /// Goes to the next row.
    pub(super) fn advance(&mut self) -> Result<()> {
        self.row += 1;
        if self.row < self.rows { Ok(()) } else { self.fill() }
    }

    /// Takes the next batch that has rows.
    fn fill(&mut self) -> Result<()> {
        (self.batch, self.row) = (None, 0);
        while let Some(batch) = self.engine.next(&mut self.stream)? {
            if batch.num_rows() > 0 {
                self.rows = batch.num_rows();
                self.batch = Some(Arc::new(T::read(&batch)?));
                break;
            }
        }
        Ok(())
    }
}
