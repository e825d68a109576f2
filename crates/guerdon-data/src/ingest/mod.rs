//! From raw files to a decision log.

mod canonical;
mod check;
mod cursor;
mod design;
mod engine;
mod member;
mod merge;
mod pool;
mod rewards;
mod scan;
mod sources;
mod tables;
mod tally;

use crate::environment::LoadedEnvironment;
use crate::history::HistoryPlan;
use crate::log::{FORMAT_VERSION, IngestSummary, LogMeta, LogWriter};
use engine::Engine;
use guerdon_core::{Error, Progress, Result};
use merge::Inputs;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// How much of the machine an ingest may use. The log does not depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestOptions {
    /// Threads for reading and sorting.
    pub threads: usize,
    /// Bytes that the SQL engine may hold before it spills to disk.
    pub memory_limit: usize,
    /// Where it spills to; by default the folder of the log. What it leaves there is gone when
    /// it ends.
    pub temp_dir: Option<PathBuf>,
}

impl Default for IngestOptions {
    fn default() -> Self {
        IngestOptions {
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            memory_limit: 1 << 30,
            temp_dir: None,
        }
    }
}

/// Reads the raw files below `data` as `environment` says and writes the decision log to `out`.
///
/// `data` is a folder, or the raw file itself where the environment has a single source. The log is written beside
/// `out` first and then renamed, so that `out` is never half a log. The same inputs give the same bytes, whatever the
/// options.
///
/// # Errors
/// Whatever is wrong with the files, the SQL or the rows, each as its own variant of [`Error`]: a missing or broken
/// file, a column that is missing or of the wrong type, an impossible propensity or amount, an unknown action, something
/// before its member joined, rows that contradict each other, no mature decision.
pub fn ingest(
    environment: &LoadedEnvironment,
    data: &Path,
    out: &Path,
    options: &IngestOptions,
    progress: &dyn Progress,
) -> Result<IngestSummary> {
    // On a thread of its own: the engine waits for asynchronous work, which a caller's own runtime would forbid.
    std::thread::scope(|scope| {
        let work = scope.spawn(|| run(environment, data, out, options, progress));
        work.join().unwrap_or_else(|_| Err(Error::Internal("ingest panicked".into())))
    })
}

fn run(
    environment: &LoadedEnvironment,
    data: &Path,
    out: &Path,
    options: &IngestOptions,
    progress: &dyn Progress,
) -> Result<IngestSummary> {
    let folder = folder_of(out)?;
    let files = sources::resolve(environment, data)?;
    progress.start("read", None);
    let data_sha256 = sources::hash(&files)?;
    let engine = Engine::new(environment, options, &folder)?;
    engine.register(&files)?;
    engine.create_views()?;
    let catalogue = rewards::read(&engine, &environment.spec)?;
    let plan = HistoryPlan::new(&environment.spec, &catalogue)?;
    let tables = canonical::Tables::of(&engine, &environment.spec)?;
    let overview = scan::overview(&engine, &tables, environment)?;
    check::decision_ids_are_unique(&engine, &tables)?;
    progress.finish();
    let propensities = design::Propensities::new(environment, &catalogue, &overview)?;
    let mut writer = LogWriter::create(out, &folder, &environment.spec)?;
    let mut meta = LogMeta {
        format_version: FORMAT_VERSION,
        log_id: id_of(environment, &data_sha256)?,
        data_sha256,
        propensity_source: environment.spec.design.propensity,
        environment: environment.spec.clone(),
        catalogue,
        summary: IngestSummary::default(),
    };
    let inputs =
        Inputs { engine: &engine, tables: &tables, plan: &plan, overview: &overview, propensities: &propensities };
    progress.start("ingest", Some(overview.decisions));
    meta.summary = merge::merge(&inputs, &meta, &mut writer, progress)?;
    writer.finish(&meta)?;
    progress.finish();
    Ok(meta.summary)
}

/// The folder of the log, which must be there.
fn folder_of(out: &Path) -> Result<PathBuf> {
    let folder = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    if folder.is_dir() { Ok(folder) } else { Err(Error::write(out, "its folder is not there; make it first")) }
}

/// The id of the log that [`ingest`] would make of these files: the same id, the same rows. Reads every byte of the files,
/// but no row.
///
/// # Errors
/// Those of finding and opening the files.
pub fn log_id(environment: &LoadedEnvironment, data: &Path) -> Result<String> {
    id_of(environment, &sources::hash(&sources::resolve(environment, data)?)?)
}

/// Names the log by everything that it depends on.
fn id_of(environment: &LoadedEnvironment, data_sha256: &str) -> Result<String> {
    let spec = serde_json::to_string(&environment.spec).map_err(|e| Error::Internal(e.to_string()))?;
    let mut hash = Sha256::new();
    for part in [data_sha256, &spec, &environment.views_sql, &FORMAT_VERSION.to_string()] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    Ok(sources::hex(&hash.finalize()))
}
