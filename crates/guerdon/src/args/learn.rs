//! Flags of the commands that learn.

use super::parse::{key_value, reward_range, share};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `guerdon train`
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// The environment's folder; its economics and guardrails go into the policy.
    #[arg(long, value_name = "DIR")]
    pub environment: PathBuf,
    /// The decision log.
    #[arg(long, value_name = "LOG.parquet")]
    pub log: PathBuf,
    /// ridge, bayes_linear, logistic, neural, trees, effects, policy or uniform; constant needs --config.
    #[arg(long, value_name = "NAME")]
    pub learner: String,
    /// Settings of the learner; without it, its defaults.
    #[arg(long, value_name = "TOML")]
    pub config: Option<PathBuf>,
    /// The seed of the split, the initial weights and the policy's draws.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Share of members trained on; the others are kept for `evaluate`.
    #[arg(long, value_name = "SHARE", default_value_t = 0.7, value_parser = share)]
    pub train_share: f64,
    /// Let the policy place rewards at the deepest stage that a member reaches with at least this chance.
    #[arg(long, value_name = "CHANCE")]
    pub reach: Option<f64>,
    /// Where neural learners train.
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceArg,
    /// File for the state of an unfinished training; a second try resumes from it.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// The policy bundle to write.
    #[arg(long, value_name = "P.safetensors")]
    pub out: PathBuf,
    /// Override a value of environment.toml (economics, guardrails).
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub sets: Vec<(String, String)>,
    /// Print what was learnt as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `guerdon online`
#[derive(Debug, Args)]
pub struct OnlineArgs {
    /// The stream: Parquet with columns of the context, x…, and of every arm's reward, r_<arm>, and perhaps of its expected
    /// reward, q_<arm>.
    #[arg(long, value_name = "STREAM.parquet")]
    pub stream: PathBuf,
    /// Learners: epsilon_greedy, linucb, lints, softmax, squarecb, fastcb, regcb, bag, bootstrap_ts, cover, kernel_ucb,
    /// kernel_ts, neural_linear_ts, drift_ucb.
    #[arg(long, value_name = "A,B,…", value_delimiter = ',', default_value = "linucb,kernel_ucb,drift_ucb")]
    pub learners: Vec<String>,
    /// Settings of the learner (one only), which replace its documented defaults.
    #[arg(long, value_name = "TOML", conflicts_with = "learners")]
    pub config: Option<PathBuf>,
    /// Rows in the order of this file's column instead of the stream's own: FILE:COLUMN.
    #[arg(long, value_name = "FILE:COLUMN")]
    pub order: Option<String>,
    /// Divide every number of the context by this, so that they are of size 1.
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub divide: f64,
    /// What the names of the context's columns begin with.
    #[arg(long, value_name = "PREFIX", default_value = "x")]
    pub context_prefix: String,
    /// What the names of the rewards' columns begin with.
    #[arg(long, value_name = "PREFIX", default_value = "r_")]
    pub reward_prefix: String,
    /// What the names of the expected rewards' columns begin with.
    #[arg(long, value_name = "PREFIX", default_value = "q_")]
    pub expected_prefix: String,
    /// What the names of columns begin with that say by 0 or 1 whether an arm is eligible; without any, all are.
    #[arg(long, value_name = "PREFIX", default_value = "e_")]
    pub eligible_prefix: String,
    /// Instead of rewards: a column with the number of the arm that pays 1.
    #[arg(long, value_name = "COLUMN")]
    pub label: Option<String>,
    /// Show learners (reward − LOW) / (HIGH − LOW), cut to [0, 1], which their defaults suit. Means and regrets stay in the
    /// stream's own unit.
    #[arg(long, value_name = "LOW,HIGH", value_parser = reward_range, allow_hyphen_values = true)]
    pub reward_range: Option<(f64, f64)>,
    /// The seed.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Print the results as JSON, with the curves.
    #[arg(long)]
    pub json: bool,
}

/// Where neural learners train.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum DeviceArg {
    /// The processor.
    #[default]
    Cpu,
    /// Any vendor's GPU through wgpu; needs a build with `--features gpu`.
    Gpu,
}

impl From<DeviceArg> for guerdon_learn::Device {
    fn from(device: DeviceArg) -> Self {
        match device {
            DeviceArg::Cpu => guerdon_learn::Device::Cpu,
            DeviceArg::Gpu => guerdon_learn::Device::Gpu,
        }
    }
}
