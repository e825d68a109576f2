//! Flags of the commands that value policies given as columns.

use super::parse::{confidence, reward_range};
use clap::Args;
use std::path::PathBuf;

/// The names of the columns of `guerdon ope` and `guerdon diff`.
#[derive(Debug, Args)]
pub struct ColumnArgs {
    /// Column of the logged action: a name or a number, as it ends the names of the target's columns.
    #[arg(long, value_name = "COLUMN", default_value = "action")]
    pub action: String,
    /// Column of the logged action's probability.
    #[arg(long, value_name = "COLUMN", default_value = "propensity")]
    pub propensity: String,
    /// Column of the reward [default: reward; net value in a log made by ingest].
    #[arg(long, value_name = "COLUMN")]
    pub reward: Option<String>,
    /// Column that tells members apart; rows must be sorted by it. Without it each row is a member of its own.
    #[arg(long, value_name = "COLUMN")]
    pub member: Option<String>,
    /// What the names of the target's probabilities begin with.
    #[arg(long, value_name = "PREFIX", default_value = "pi_e_")]
    pub target_prefix: String,
    /// What the names of the outcome model's predictions begin with, if there are any.
    #[arg(long, value_name = "PREFIX", default_value = "q_hat_")]
    pub q_hat_prefix: String,
    /// What the names of the logging policy's probabilities begin with, if there are any.
    #[arg(long, value_name = "PREFIX", default_value = "pi_b_")]
    pub logging_prefix: String,
}

/// `guerdon ope`
#[derive(Debug, Args)]
pub struct OpeArgs {
    /// The log: Parquet with action, propensity and reward, or a decision log made by ingest.
    #[arg(long, value_name = "LOG.parquet")]
    pub log: PathBuf,
    /// The target policy: Parquet with a column pi_e_<action> per action and, optionally, q_hat_<action>; row by row as the
    /// log.
    #[arg(long, value_name = "TARGET.parquet")]
    pub target: PathBuf,
    /// Estimators: dm, ips, snips, dr, sndr, dr_cv, replay; with a level ips_clip=5, dr_clip=5, switch_dr=10, dros=100,
    /// sg_ips=0.05, sg_dr=0.05; without it (switch_dr, dros:mse) the level is chosen by SLOPE or the MSE bound; auto.
    /// [default: those that the files allow, auto first]
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    pub estimators: Vec<guerdon_ope::Wanted>,
    /// Nominal coverage of the intervals.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95, value_parser = confidence)]
    pub confidence: f64,
    /// Intervals by this many Poisson bootstraps of members instead of the delta method.
    #[arg(long, value_name = "RESAMPLES", value_parser = clap::value_parser!(u32).range(50..=10_000))]
    pub bootstrap: Option<u32>,
    /// Seed of the bootstrap.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Smallest and largest reward that can occur; gives Cressie-Read, empirical Bernstein, Hoeffding and Clopper-Pearson
    /// intervals and a confidence sequence beside the estimates.
    #[arg(long, value_name = "LOW,HIGH", value_parser = reward_range)]
    pub reward_range: Option<(f64, f64)>,
    /// Largest weight that can occur: those intervals are narrower, and some need it.
    #[arg(long, value_name = "W", requires = "reward_range")]
    pub weight_max: Option<f64>,
    /// The propensities are estimates: say so with every number.
    #[arg(long)]
    pub propensities_estimated: bool,
    /// The outcome model has seen the members that it speaks of: say so with every number that uses it.
    #[arg(long)]
    pub not_cross_fitted: bool,
    /// Names of columns.
    #[command(flatten)]
    pub columns: ColumnArgs,
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `guerdon diff`
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The log, as for ope.
    #[arg(long, value_name = "LOG.parquet")]
    pub log: PathBuf,
    /// The first policy, as for ope; its q_hat_<action> columns serve both.
    #[arg(long, value_name = "FIRST.parquet")]
    pub first: PathBuf,
    /// The second policy, subtracted from the first.
    #[arg(long, value_name = "SECOND.parquet")]
    pub second: PathBuf,
    /// Estimators, as for ope [default: snips, and dr where there is a q_hat].
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    pub estimators: Vec<guerdon_ope::Estimator>,
    /// Nominal coverage of the intervals.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95, value_parser = confidence)]
    pub confidence: f64,
    /// Names of columns.
    #[command(flatten)]
    pub columns: ColumnArgs,
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `guerdon rank`
#[derive(Debug, Args)]
pub struct RankArgs {
    /// The log, as for ope.
    #[arg(long, value_name = "LOG.parquet")]
    pub log: PathBuf,
    /// A policy, as for ope, perhaps with a name for it; give several. The first one's q_hat_<action> columns serve all.
    #[arg(long = "target", value_name = "[NAME=]TARGET.parquet", required = true, num_args = 1..)]
    pub targets: Vec<String>,
    /// The estimator.
    #[arg(long, value_name = "NAME", default_value = "snips")]
    pub estimator: guerdon_ope::Estimator,
    /// Probability that the intervals of all differences hold at once.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95, value_parser = confidence)]
    pub confidence: f64,
    /// Seed of the draws behind those intervals.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Names of columns.
    #[command(flatten)]
    pub columns: ColumnArgs,
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
}
