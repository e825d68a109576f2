//! Flags of the commands that take an experiment file, and of those that look at its runs.

use super::DeviceArg;
use super::parse::{at_least_one, key_value, name_file};
use clap::Args;
use guerdon_experiment::run::RunOptions;
use std::path::PathBuf;

/// `guerdon run`; `guerdon sweep` takes the same and more.
#[derive(Debug, Args)]
pub struct ExperimentArgs {
    /// The experiment file.
    pub experiment: PathBuf,
    /// The programme's raw files: a folder, or a file where the environment has one source. Without it, an experiment
    /// with [generate] makes the built-in programme's.
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
    /// Folder for results and cached logs.
    #[arg(long, value_name = "DIR", default_value = "checkpoints")]
    pub out: PathBuf,
    /// Override a value of the experiment file (evaluate.confidence=0.9, sweep.folds=10), or of the environment's with
    /// environment.path.to.key=value.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub sets: Vec<(String, String)>,
    /// Where neural learners train.
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceArg,
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
}

impl ExperimentArgs {
    /// The same for the engine.
    pub fn options(&self, threads: usize) -> RunOptions {
        RunOptions {
            data: self.data.clone(),
            out: self.out.clone(),
            sets: self.sets.clone(),
            device: self.device.into(),
            threads,
        }
    }
}

/// `guerdon sweep`
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// What a run takes too.
    #[command(flatten)]
    pub common: ExperimentArgs,
    /// Trainings side by side, each on one thread [default: --threads]. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub jobs: Option<usize>,
    /// Draws from each search space, beside the file's own settings [default: the file's sweep.trials, or 8]. With 0 the
    /// learners are compared as they stand, on all members.
    #[arg(long, value_name = "N")]
    pub trials: Option<u32>,
    /// Decisions of another system to value in the same folds: Parquet with decision_id and action, a row for each decision
    /// of the members in folds.parquet (in the sweep's folder: member_id, fold). Those of a fold must come from a model that
    /// saw the other folds alone. What was trained before is not trained again.
    #[arg(long, value_name = "NAME=FILE", value_parser = name_file)]
    pub decisions: Vec<(String, PathBuf)>,
}

/// `guerdon compare`
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Run folders.
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// The constants and the uniform policy too.
    #[arg(long)]
    pub all: bool,
    /// Print the comparison as JSON.
    #[arg(long)]
    pub json: bool,
}
