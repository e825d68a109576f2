//! The SQL engine: bounded memory, the raw files as tables, the environment's views.

use super::IngestOptions;
use super::pool::TwoPools;
use super::sources::{Compression, SourceFiles};
use crate::environment::LoadedEnvironment;
use arrow::array::RecordBatch;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::{DdlStatement, LogicalPlan};
use datafusion::prelude::*;
use datafusion::sql::parser::DFParser;
use futures::StreamExt;
use guerdon_core::{Error, Result, SourceFormat};
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Most parts that a table is read and sorted in at once: each needs memory of its own.
const MOST_PARTITIONS: usize = 8;

/// Rows that the engine handles at once.
const BATCH_ROWS: usize = 4096;

/// Bytes that merging holds for each file that a sort spilled: two batches, in two forms each.
const MERGED_FILE: usize = 3 << 19;

/// Bytes that each sort may hold while it merges what it spilled. Left alone, the first one to merge takes all there is,
/// and the others fail. Three sorts of so many parts share half of the memory that can't spill.
fn merge_memory(limit: usize, threads: usize) -> usize {
    (limit / (4 * 3 * threads)).max(128 << 10)
}

/// DataFusion with what it runs on.
pub(super) struct Engine {
    pub(super) context: SessionContext,
    runtime: Runtime,
    sql_file: String,
    views_sql: String,
}

impl Engine {
    /// An engine that spills to `options.temp_dir`, or else to `folder`.
    pub(super) fn new(environment: &LoadedEnvironment, options: &IngestOptions, folder: &Path) -> Result<Self> {
        let threads = options.threads.clamp(1, MOST_PARTITIONS);
        let mut config = SessionConfig::new().with_target_partitions(threads).with_batch_size(BATCH_ROWS);
        let settings = config.options_mut();
        // One text type everywhere.
        settings.sql_parser.map_string_types_to_utf8view = false;
        settings.execution.parquet.schema_force_view_types = false;
        // This rule loses the table's name of a struct's field inside COALESCE (a field that is spelt in two ways).
        settings.optimizer.enable_leaf_expression_pushdown = false;
        let per_sort = merge_memory(options.memory_limit, threads);
        settings.execution.sort_spill_reservation_bytes = per_sort.min(10 << 20);
        let temp = options.temp_dir.as_deref().unwrap_or(folder);
        let environment_of_run = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(TwoPools::new(options.memory_limit)))
            .with_temp_file_path(temp)
            .with_max_spill_merge_fan_in((per_sort / MERGED_FILE).max(2))
            .build_arc()
            .map_err(|e| Error::write(temp, e))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()
            .map_err(|e| Error::Internal(format!("can't start threads: {e}")))?;
        Ok(Engine {
            context: SessionContext::new_with_config_rt(config, environment_of_run),
            runtime,
            sql_file: environment.sql_file(),
            views_sql: environment.views_sql.clone(),
        })
    }

    /// Makes each source a table under its name.
    pub(super) fn register(&self, sources: &[SourceFiles]) -> Result<()> {
        sources.iter().try_for_each(|source| {
            let done = self.runtime.block_on(self.register_one(source));
            done.map_err(|e| match e.find_root() {
                DataFusionError::Plan(reason) | DataFusionError::Configuration(reason) => {
                    Error::Internal(format!("{}: {reason}", source.path.display()))
                }
                root => Error::Malformed {
                    file: source.path.display().to_string(),
                    format: match source.format {
                        SourceFormat::Csv => "CSV",
                        SourceFormat::Ndjson => "JSON lines",
                        SourceFormat::Parquet => "Parquet",
                    },
                    reason: format!("{root}; is it whole?"),
                },
            })
        })
    }

    async fn register_one(&self, source: &SourceFiles) -> Result<(), DataFusionError> {
        let mut path = source.path.display().to_string();
        if source.path.is_dir() {
            path.push('/');
        }
        let compression = match source.compression {
            Compression::None => FileCompressionType::UNCOMPRESSED,
            Compression::Gzip => FileCompressionType::GZIP,
            Compression::Zstd => FileCompressionType::ZSTD,
            Compression::Bzip2 => FileCompressionType::BZIP2,
            Compression::Xz => FileCompressionType::XZ,
        };
        let name = source.name.as_str();
        match source.format {
            SourceFormat::Csv => {
                let options = CsvReadOptions::new()
                    // Otherwise a large file is cut at line breaks, inside quotes too.
                    .newlines_in_values(true)
                    .schema_infer_max_records(usize::MAX)
                    .file_extension(&source.ending)
                    .file_compression_type(compression);
                self.context.register_csv(name, path, options).await
            }
            SourceFormat::Ndjson => {
                // A field that the inference does not see would be missing without a word: look at every row.
                let options = JsonReadOptions {
                    schema_infer_max_records: usize::MAX,
                    file_extension: &source.ending,
                    file_compression_type: compression,
                    ..JsonReadOptions::default()
                };
                self.context.register_json(name, path, options).await
            }
            SourceFormat::Parquet => {
                let options = ParquetReadOptions { file_extension: &source.ending, ..ParquetReadOptions::default() };
                self.context.register_parquet(name, path, options).await
            }
        }
    }

    /// Runs `views.sql`.
    pub(super) fn create_views(&self) -> Result<()> {
        let statements = DFParser::parse_sql(&self.views_sql).map_err(|e| self.sql_error(&e))?;
        for statement in statements {
            let text: String = statement.to_string().chars().take(60).collect();
            self.runtime.block_on(async {
                let plan = self.context.state().statement_to_plan(statement).await.map_err(|e| self.sql_error(&e))?;
                if !matches!(plan, LogicalPlan::Ddl(DdlStatement::CreateView(_) | DdlStatement::CreateMemoryTable(_))) {
                    let reason = format!("`{text}…`: only CREATE VIEW and CREATE TABLE … AS statements stand here");
                    return Err(Error::Sql { file: self.sql_file.clone(), reason });
                }
                let made = async { self.context.execute_logical_plan(plan).await?.collect().await };
                made.await.map_err(|e| self.run_error(e))
            })?;
        }
        Ok(())
    }

    /// The canonical table called `name`.
    pub(super) fn table(&self, name: &str) -> Result<DataFrame> {
        let known = self.context.table_exist(name).unwrap_or(false);
        if !known {
            let reason = format!("makes no table {name:?}; it must CREATE VIEW members, rewards, decisions and events");
            return Err(Error::Sql { file: self.sql_file.clone(), reason });
        }
        self.runtime.block_on(self.context.table(name)).map_err(|e| self.run_error(e))
    }

    /// All rows of `frame`, partition by partition in their order.
    pub(super) fn collect(&self, frame: DataFrame) -> Result<Vec<RecordBatch>> {
        let partitions = self.runtime.block_on(frame.collect_partitioned()).map_err(|e| self.run_error(e))?;
        Ok(partitions.into_iter().flatten().collect())
    }

    /// Starts to stream the rows of `frame`.
    pub(super) fn stream(&self, frame: DataFrame) -> Result<SendableRecordBatchStream> {
        self.runtime.block_on(frame.execute_stream()).map_err(|e| self.run_error(e))
    }

    /// The next batch of a stream.
    pub(super) fn next(&self, stream: &mut SendableRecordBatchStream) -> Result<Option<RecordBatch>> {
        self.runtime.block_on(stream.next()).transpose().map_err(|e| self.run_error(e))
    }

    pub(super) fn sql_error(&self, error: &DataFusionError) -> Error {
        Error::Sql { file: self.sql_file.clone(), reason: one_line(error.find_root()) }
    }

    /// An error while rows were read: the files', the SQL's or the machine's.
    pub(super) fn run_error(&self, error: DataFusionError) -> Error {
        use arrow::error::ArrowError;
        let root = error.find_root();
        let reason = one_line(root);
        let broken = |format| Error::Malformed {
            file: format!("a source of {}", self.sql_file),
            format,
            reason: format!("{reason}; is it whole?"),
        };
        match root {
            DataFusionError::ParquetError(_) => broken("Parquet"),
            DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
                ArrowError::CsvError(_) => broken("CSV"),
                ArrowError::ParseError(_) => broken("CSV"),
                ArrowError::JsonError(_) => broken("JSON lines"),
                ArrowError::ParquetError(_) => broken("Parquet"),
                ArrowError::IoError(..) | ArrowError::ExternalError(_) => broken("the format it is read as"),
                _ => self.sql_error(&error),
            },
            DataFusionError::IoError(_) | DataFusionError::ObjectStore(_) => broken("the format it is read as"),
            DataFusionError::ResourcesExhausted(_) => Error::Internal(format!(
                "{reason}; a view holds more than the memory limit allows: raise the limit, or put the smaller table of \
                 each join on the left (that side is held in memory)"
            )),
            DataFusionError::Internal(_) => Error::Internal(reason),
            _ => self.sql_error(&error),
        }
    }
}

/// An engine message on one line, without the offer to report a bug elsewhere.
fn one_line(error: &DataFusionError) -> String {
    error.to_string().replace('\n', " ")
}
