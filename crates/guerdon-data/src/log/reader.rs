//! Opening a decision log and streaming it, or the part of it that some members make up.

use super::batch::{BatchLayout, Columns, LogBatch};
use super::meta::{FORMAT_VERSION, LogMeta, META_KEY};
use super::schema::check_schema;
use arrow::array::{Array, BooleanArray, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use guerdon_core::{Environment, Error, Result, columns};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows of one batch.
const BATCH_ROWS: usize = 8192;

/// A decision log, checked and ready to be streamed as often as needed, from any thread.
#[derive(Debug, Clone)]
pub struct LogReader {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    meta: Arc<LogMeta>,
    layout: Arc<BatchLayout>,
    part: Option<Part>,
    columns: Columns,
    held: Option<Arc<Vec<LogBatch>>>,
}

/// The members that a view of the log is confined to, and how many decisions they have.
#[derive(Clone)]
struct Part {
    members: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    rows: u64,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "part of {} rows", self.rows)
    }
}

impl LogReader {
    /// Opens the log at `path` and checks its metadata and its columns.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it can't be opened; [`Error::Malformed`] if it is no whole Parquet file, or one without a
    /// decision log's metadata, or of another format version; [`Error::Schema`] if a column is missing or of another
    /// type; [`Error::Empty`] if it has no rows.
    pub fn open(path: &Path) -> Result<LogReader> {
        let file = File::open(path).map_err(|e| Error::not_found(path, "decision log", e))?;
        let name = path.display().to_string();
        let broken = |reason: String| Error::Malformed { file: name.clone(), format: "Parquet", reason };
        let metadata =
            ArrowReaderMetadata::load(&file, Default::default()).map_err(|e| broken(format!("{e}; is it whole?")))?;
        let meta = read_meta(&metadata, &name)?;
        check_schema(metadata.schema(), &meta.environment, &name)?;
        if metadata.metadata().file_metadata().num_rows() <= 0 {
            return Err(Error::Empty { place: name, what: "the log has no decisions".into() });
        }
        let layout = Arc::new(BatchLayout::of(&meta, &name));
        let meta = Arc::new(meta);
        Ok(LogReader { path: path.to_owned(), metadata, meta, layout, part: None, columns: Columns::All, held: None })
    }

    /// The same log under another statement of its programme: prices, guardrails and words may differ, what the rows
    /// were made with may not.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where the funnel, the features or the attribution are not the log's.
    pub fn with_environment(mut self, environment: &Environment) -> Result<LogReader> {
        let logged = &self.meta.environment;
        let place = format!("{} and environment {:?}", self.path.display(), environment.name);
        let differs = |what: &str| Error::Mismatch {
            place: place.clone(),
            what: what.into(),
            given: "not what the log was made with".into(),
            wanted: "ingest the log again with this environment, or name the one that it was made with".into(),
        };
        if logged.funnel != environment.funnel {
            return Err(differs("funnel"));
        }
        if logged.features != environment.features {
            return Err(differs("features"));
        }
        if logged.log != environment.log {
            return Err(differs("log.attribution"));
        }
        if logged.economics.minor_units != environment.economics.minor_units {
            return Err(differs("economics.minor_units"));
        }
        self.meta = Arc::new(LogMeta { environment: environment.clone(), ..(*self.meta).clone() });
        Ok(self)
    }

    /// A view of the same log (or view) with the decisions of these members only, say the training members of a fold: all
    /// that reads it sees no others. What the log says about itself stays that of the whole log. Reads the log once, to
    /// count.
    ///
    /// # Errors
    /// [`Error::Empty`] if none of the members has a decision; whatever reading gives.
    pub fn restricted_to(&self, members: impl Fn(&str) -> bool + Send + Sync + 'static) -> Result<LogReader> {
        let mut view = LogReader { held: None, ..self.clone() };
        let before = self.part.clone();
        let both = move |member: &str| before.as_ref().is_none_or(|part| (part.members)(member)) && members(member);
        view.part = Some(Part { members: Arc::new(both), rows: 0 });
        let mut rows = 0;
        for batch in view.batches()? {
            rows += batch?.len() as u64;
        }
        if rows == 0 {
            let what = "none of the members asked for has a decision in it".to_owned();
            return Err(Error::Empty { place: self.path.display().to_string(), what });
        }
        if let Some(part) = &mut view.part {
            part.rows = rows;
        }
        Ok(view)
    }

    /// The same log (or view) for those who only fit outcomes to contexts and actions, perhaps in several passes: its
    /// batches have members, actions, propensities, features, stages reached, revenue, cost and points issued, and panic
    /// where they are asked for anything else. The rows stay in memory if they seem to take no more than `most_bytes`;
    /// otherwise each pass reads the file, which costs a batch in vain.
    ///
    /// # Errors
    /// As [`LogReader::batches`].
    pub fn for_fitting(&self, most_bytes: usize) -> Result<LogReader> {
        let mut view = LogReader { columns: Columns::Fitting, held: None, ..self.clone() };
        let mut held = vec![];
        let (mut rows, mut bytes) = (0, 0);
        for batch in view.batches()? {
            let batch = batch?;
            rows += batch.len();
            bytes += batch.bytes();
            if bytes as f64 * self.rows() as f64 > most_bytes as f64 * rows as f64 {
                return Ok(view);
            }
            held.push(batch);
        }
        view.held = Some(Arc::new(held));
        Ok(view)
    }

    /// What the log says about itself.
    pub fn meta(&self) -> &LogMeta {
        &self.meta
    }

    /// Where the log lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many decisions it holds.
    pub fn rows(&self) -> u64 {
        if let Some(part) = &self.part {
            return part.rows;
        }
        self.metadata.metadata().file_metadata().num_rows().max(0) as u64
    }

    /// Decisions of each of the file's row groups, in order: what is cheap to read on its own.
    pub fn group_rows(&self) -> Vec<usize> {
        let groups = self.metadata.metadata().row_groups();
        groups.iter().map(|group| usize::try_from(group.num_rows()).unwrap_or(0)).collect()
    }

    /// All decisions in order (by member, then time), in batches of up to 8,192.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Malformed`] if the file has gone or changed since it was opened.
    pub fn batches(&self) -> Result<LogBatches> {
        match &self.held {
            Some(held) => Ok(LogBatches { source: Source::Memory(held.clone(), 0) }),
            None => self.read(|builder| builder),
        }
    }

    /// Some of the decisions: those whose row numbers, from 0, lie in `ranges`, which ascend without overlap. Only the
    /// row groups that they touch are read.
    ///
    /// # Errors
    /// As [`LogReader::batches`].
    pub fn range_batches(&self, ranges: &[Range<usize>]) -> Result<LogBatches> {
        let (mut groups, mut selected) = (vec![], vec![]);
        let (mut first, mut before) = (0, 0);
        for (group, rows) in self.group_rows().into_iter().enumerate() {
            let inside = ranges.iter().map(|range| range.start.max(first)..range.end.min(first + rows));
            let inside: Vec<Range<usize>> = inside.filter(|range| range.start < range.end).collect();
            if !inside.is_empty() {
                groups.push(group);
                selected.extend(inside.into_iter().map(|r| r.start - first + before..r.end - first + before));
                before += rows;
            }
            first += rows;
        }
        let selection = RowSelection::from_consecutive_ranges(selected.into_iter(), before);
        self.read(|builder| builder.with_row_groups(groups).with_row_selection(selection))
    }

    fn read(
        &self,
        choose: impl FnOnce(ParquetRecordBatchReaderBuilder<File>) -> ParquetRecordBatchReaderBuilder<File>,
    ) -> Result<LogBatches> {
        let file = File::open(&self.path).map_err(|e| Error::not_found(&self.path, "decision log", e))?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let fields = self.metadata.schema().fields().iter().enumerate();
        let wanted = fields.filter(|(_, field)| self.layout.reads(self.columns, field.name())).map(|(place, _)| place);
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), wanted);
        let builder = choose(builder).with_projection(mask).with_batch_size(BATCH_ROWS);
        let reader = builder.build().map_err(|e| self.layout.malformed(e))?;
        let (layout, part, columns) = (self.layout.clone(), self.part.clone(), self.columns);
        Ok(LogBatches { source: Source::File(Box::new(FileBatches { reader, layout, part, columns })) })
    }
}

/// The batches of a log, in order.
pub struct LogBatches {
    source: Source,
}

enum Source {
    File(Box<FileBatches>),
    /// Those from a place on.
    Memory(Arc<Vec<LogBatch>>, usize),
}

impl Iterator for LogBatches {
    type Item = Result<LogBatch>;
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.source {
            Source::File(batches) => batches.next(),
            Source::Memory(batches, place) => {
                let batch = batches.get(*place)?;
                *place += 1;
                Some(Ok(batch.clone()))
            }
        }
    }
}

struct FileBatches {
    reader: ParquetRecordBatchReader,
    layout: Arc<BatchLayout>,
    part: Option<Part>,
    columns: Columns,
}

impl FileBatches {
    fn next(&mut self) -> Option<Result<LogBatch>> {
        let batch = self.reader.next()?;
        Some(batch.map_err(|e| self.layout.malformed(e)).and_then(|batch| self.batch(&batch)))
    }

    fn batch(&self, batch: &RecordBatch) -> Result<LogBatch> {
        match &self.part {
            None => LogBatch::new(batch, &self.layout, self.columns),
            Some(part) => LogBatch::new(&self.rows_of(batch, part)?, &self.layout, self.columns),
        }
    }

    fn rows_of(&self, batch: &RecordBatch, part: &Part) -> Result<RecordBatch> {
        let ids = batch.column_by_name(columns::MEMBER_ID).and_then(|ids| ids.as_any().downcast_ref::<StringArray>());
        let ids = ids.ok_or_else(|| self.layout.malformed(format!("column {} is gone", columns::MEMBER_ID)))?;
        let wanted: BooleanArray = (0..ids.len()).map(|row| Some((part.members)(ids.value(row)))).collect();
        filter_record_batch(batch, &wanted).map_err(|e| self.layout.malformed(e))
    }
}

/// The JSON under the log's metadata key.
fn read_meta(metadata: &ArrowReaderMetadata, file: &str) -> Result<LogMeta> {
    let broken = |reason: String| Error::Malformed { file: file.to_owned(), format: "decision log", reason };
    let entries = metadata.metadata().file_metadata().key_value_metadata();
    let json = entries
        .and_then(|entries| entries.iter().find(|entry| entry.key == META_KEY))
        .and_then(|entry| entry.value.as_deref())
        .ok_or_else(|| broken(format!("its metadata has no key {META_KEY:?}; make a decision log with ingest")))?;
    let value: serde_json::Value = serde_json::from_str(json).map_err(|e| broken(format!("metadata: {e}")))?;
    let version = value.get("format_version").and_then(serde_json::Value::as_u64);
    if version != Some(u64::from(FORMAT_VERSION)) {
        let found = version.map_or("missing".to_owned(), |v| v.to_string());
        return Err(broken(format!("format version is {found}; this build reads version {FORMAT_VERSION}")));
    }
    // From the text and not from `value`, which does not keep the order of the features.
    serde_json::from_str(json).map_err(|e| broken(format!("metadata: {e}")))
}
