//! Writing a decision log: rows into columns, columns into Parquet, a temporary file into place.

use super::meta::{LogMeta, META_KEY};
use super::schema::{MONEY_DIGITS, arrow_schema};
use arrow::array::{
    ArrayRef, Decimal128Builder, Float64Builder, Int64Builder, ListBuilder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder, UInt32Builder,
};
use arrow::datatypes::SchemaRef;
use guerdon_core::{Catalogue, Environment, Error, FeatureType, Money, Outcome, Result, Timestamp, Value};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;

/// Rows that are gathered before they go to the file.
const BATCH_ROWS: usize = 8192;
/// Rows of one row group.
const GROUP_ROWS: usize = 65_536;

/// One decision, ready to be written.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) decision_id: &'a str,
    pub(crate) member_id: &'a str,
    pub(crate) step: u32,
    pub(crate) decided_at: Timestamp,
    pub(crate) stage: &'a str,
    pub(crate) action: u16,
    pub(crate) propensity: f64,
    pub(crate) eligible: Option<&'a [u16]>,
    pub(crate) policy_version: Option<&'a str>,
    pub(crate) features: &'a [Value<'a>],
    pub(crate) outcome: &'a Outcome,
}

/// A log that is being written.
pub(crate) struct LogWriter {
    out: PathBuf,
    writer: ArrowWriter<File>,
    temporary: NamedTempFile,
    schema: SchemaRef,
    stages: Vec<String>,
    columns: Columns,
    rows: usize,
}

impl LogWriter {
    /// Starts a log that will lie at `out`, in `folder`.
    pub(crate) fn create(out: &Path, folder: &Path, environment: &Environment) -> Result<Self> {
        let cannot = |e: &dyn std::fmt::Display| Error::write(out, e);
        let schema = arrow_schema(environment)?;
        let temporary = NamedTempFile::with_prefix_in(".guerdon-log-", folder).map_err(|e| cannot(&e))?;
        let file = temporary.as_file().try_clone().map_err(|e| cannot(&e))?;
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties())).map_err(|e| cannot(&e))?;
        Ok(LogWriter {
            out: out.to_owned(),
            writer,
            temporary,
            schema,
            stages: environment.funnel.names().map(str::to_owned).collect(),
            columns: Columns::new(environment)?,
            rows: 0,
        })
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, catalogue: &Catalogue, row: &Row<'_>) -> Result<()> {
        self.columns.push(catalogue, &self.stages, row)?;
        self.rows += 1;
        if self.rows == BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        self.rows = 0;
        let batch = RecordBatch::try_new(self.schema.clone(), self.columns.finish())
            .map_err(|e| Error::Internal(format!("a batch of the log: {e}")))?;
        self.writer.write(&batch).map_err(|e| Error::write(&self.out, e))
    }

    /// Writes what is left and the metadata, and puts the file in its place.
    pub(crate) fn finish(mut self, meta: &LogMeta) -> Result<()> {
        self.flush()?;
        let json = serde_json::to_string(meta).map_err(|e| Error::Internal(e.to_string()))?;
        self.writer.append_key_value_metadata(KeyValue::new(META_KEY.to_owned(), json));
        self.writer.close().map_err(|e| Error::write(&self.out, e))?;
        readable(self.temporary.as_file()).map_err(|e| Error::write(&self.out, e))?;
        self.temporary.persist(&self.out).map_err(|e| Error::write(&self.out, e.error))?;
        Ok(())
    }
}

/// How tables are written. Nothing that changes from run to run: no time, no version of a library.
pub(crate) fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_created_by("guerdon".into())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .build()
}

/// A temporary file is for its owner only; a log is for whoever may read the folder.
pub(crate) fn readable(file: &File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    file.sync_all()
}

/// The columns of the batch that is being filled.
struct Columns {
    decision_id: StringBuilder,
    member_id: StringBuilder,
    step: UInt32Builder,
    decided_at: TimestampMicrosecondBuilder,
    stage: StringBuilder,
    action: StringBuilder,
    propensity: Float64Builder,
    eligible: ListBuilder<StringBuilder>,
    policy_version: StringBuilder,
    features: Vec<FeatureBuilder>,
    reached: StringBuilder,
    reached_at: Vec<TimestampMicrosecondBuilder>,
    revenue: Decimal128Builder,
    orders: UInt32Builder,
    cost: Decimal128Builder,
    points_issued: Int64Builder,
    points_redeemed: Int64Builder,
}

enum FeatureBuilder {
    Number(Float64Builder),
    Category(StringBuilder),
}

impl Columns {
    fn new(environment: &Environment) -> Result<Self> {
        let time = || TimestampMicrosecondBuilder::new().with_timezone("UTC");
        let money = || {
            Decimal128Builder::new()
                .with_precision_and_scale(MONEY_DIGITS, environment.economics.minor_units as i8)
                .map_err(|e| Error::Internal(e.to_string()))
        };
        let features = environment.features.iter().map(|feature| match feature.source.feature_type() {
            FeatureType::Number => FeatureBuilder::Number(Float64Builder::new()),
            FeatureType::Category => FeatureBuilder::Category(StringBuilder::new()),
        });
        Ok(Columns {
            decision_id: StringBuilder::new(),
            member_id: StringBuilder::new(),
            step: UInt32Builder::new(),
            decided_at: time(),
            stage: StringBuilder::new(),
            action: StringBuilder::new(),
            propensity: Float64Builder::new(),
            eligible: ListBuilder::new(StringBuilder::new()),
            policy_version: StringBuilder::new(),
            features: features.collect(),
            reached: StringBuilder::new(),
            reached_at: environment.funnel.stages.iter().map(|_| time()).collect(),
            revenue: money()?,
            orders: UInt32Builder::new(),
            cost: money()?,
            points_issued: Int64Builder::new(),
            points_redeemed: Int64Builder::new(),
        })
    }

    fn push(&mut self, catalogue: &Catalogue, stages: &[String], row: &Row<'_>) -> Result<()> {
        let name = |action: u16| catalogue.get(usize::from(action)).action.as_str();
        self.decision_id.append_value(row.decision_id);
        self.member_id.append_value(row.member_id);
        self.step.append_value(row.step);
        self.decided_at.append_value(row.decided_at.0);
        self.stage.append_value(row.stage);
        self.action.append_value(name(row.action));
        self.propensity.append_value(row.propensity);
        match row.eligible {
            Some(actions) => self.eligible.append_value(actions.iter().map(|&action| Some(name(action)))),
            None => self.eligible.append_null(),
        }
        self.policy_version.append_option(row.policy_version);
        for (builder, value) in self.features.iter_mut().zip(row.features) {
            builder.push(*value)?;
        }
        self.reached.append_option(row.outcome.reached().map(|stage| stages[stage].as_str()));
        for (builder, at) in self.reached_at.iter_mut().zip(&row.outcome.reached_at) {
            builder.append_option(at.map(|at| at.0));
        }
        self.revenue.append_value(digits(row.outcome.revenue, row, "revenue")?);
        self.orders.append_value(row.outcome.orders);
        self.cost.append_value(digits(row.outcome.cost, row, "cost")?);
        self.points_issued.append_value(row.outcome.points_issued);
        self.points_redeemed.append_value(row.outcome.points_redeemed);
        Ok(())
    }

    /// The filled columns, in the order of the schema; the builders are empty again.
    fn finish(&mut self) -> Vec<ArrayRef> {
        let mut all: Vec<ArrayRef> = vec![
            Arc::new(self.decision_id.finish()),
            Arc::new(self.member_id.finish()),
            Arc::new(self.step.finish()),
            Arc::new(self.decided_at.finish()),
            Arc::new(self.stage.finish()),
            Arc::new(self.action.finish()),
            Arc::new(self.propensity.finish()),
            Arc::new(self.eligible.finish()),
            Arc::new(self.policy_version.finish()),
        ];
        all.extend(self.features.iter_mut().map(FeatureBuilder::finish));
        all.push(Arc::new(self.reached.finish()));
        all.extend(self.reached_at.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef));
        all.push(Arc::new(self.revenue.finish()));
        all.push(Arc::new(self.orders.finish()));
        all.push(Arc::new(self.cost.finish()));
        all.push(Arc::new(self.points_issued.finish()));
        all.push(Arc::new(self.points_redeemed.finish()));
        all
    }
}

impl FeatureBuilder {
    fn push(&mut self, value: Value<'_>) -> Result<()> {
        match (self, value) {
            (FeatureBuilder::Number(builder), Value::Number(number)) => builder.append_value(number),
            (FeatureBuilder::Number(builder), Value::Missing) => builder.append_null(),
            (FeatureBuilder::Category(builder), Value::Category(name)) => builder.append_value(name),
            (FeatureBuilder::Category(builder), Value::Missing) => builder.append_null(),
            (_, other) => return Err(Error::Internal(format!("a feature came as {other:?}"))),
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            FeatureBuilder::Number(builder) => Arc::new(builder.finish()),
            FeatureBuilder::Category(builder) => Arc::new(builder.finish()),
        }
    }
}

/// Money as the digits of its column.
fn digits(money: Money, row: &Row<'_>, what: &str) -> Result<i128> {
    if money.0.abs() < 10i64.pow(u32::from(MONEY_DIGITS)) {
        return Ok(i128::from(money.0));
    }
    Err(Error::Amount {
        place: format!("decision {:?} of member {:?}", row.decision_id, row.member_id),
        what: what.to_owned(),
        given: format!("{} minor units", money.0),
        wanted: format!("at most {MONEY_DIGITS} digits"),
    })
}
