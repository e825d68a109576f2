//! Flags of the commands that value policies.

use super::parse::{at_least_two, confidence};
use clap::Args;
use std::path::PathBuf;

/// `guerdon evaluate`
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// The policy bundle.
    #[arg(long, value_name = "P.safetensors")]
    pub policy: PathBuf,
    /// The decision log. On the data that the policy was trained on, only the members held out count.
    #[arg(long, value_name = "LOG.parquet")]
    pub log: PathBuf,
    /// Estimators: dm, ips, snips, dr, sndr, dr_cv; with a level ips_clip=5, dr_clip=5, switch_dr=10, dros=100,
    /// sg_ips=0.05, sg_dr=0.05.
    #[arg(long, value_name = "A,B,…", value_delimiter = ',', default_value = "dm,ips,snips,dr")]
    pub estimators: Vec<guerdon_ope::Estimator>,
    /// Nominal coverage of the intervals.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95, value_parser = confidence)]
    pub confidence: f64,
    /// Value the policy's best action rather than its own distribution.
    #[arg(long)]
    pub greedy: bool,
    /// Folds over members for the cross-fitted outcome model.
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = clap::value_parser!(u8).range(2..=50))]
    pub folds: u8,
    /// The seed of the folds.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Print the estimates as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `guerdon uplift`
#[derive(Debug, Args)]
pub struct UpliftArgs {
    /// The policy bundles; the others are held against the first.
    #[arg(long = "policy", value_name = "P.safetensors", num_args = 1.., required = true)]
    pub policies: Vec<PathBuf>,
    /// The decision log. On the data that a policy was trained on, only the members held out count.
    #[arg(long, value_name = "LOG.parquet")]
    pub log: PathBuf,
    /// The action whose effect is ranked by; give several, or none for all.
    #[arg(long = "action", value_name = "ACTION", num_args = 1..)]
    pub actions: Vec<String>,
    /// What it is held against.
    #[arg(long, value_name = "ACTION", default_value = "none")]
    pub reference: String,
    /// The outcome: net, revenue, or a stage of the funnel.
    #[arg(long, value_name = "OUTCOME", default_value = "net")]
    pub outcome: guerdon_experiment::uplift::Outcome,
    /// Nominal coverage of the intervals.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95, value_parser = confidence)]
    pub confidence: f64,
    /// Resamples of members behind the intervals.
    #[arg(long, value_name = "B", default_value_t = 500, value_parser = at_least_two)]
    pub resamples: usize,
    /// Seed of the resamples.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `guerdon simulate`
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// The environment's folder.
    #[arg(long, value_name = "DIR")]
    pub environment: PathBuf,
    /// The decision log to fit the simulator from.
    #[arg(long, value_name = "LOG.parquet")]
    pub log: PathBuf,
    /// The policy bundles.
    #[arg(long = "policy", value_name = "P.safetensors", num_args = 1.., required = true)]
    pub policies: Vec<PathBuf>,
    /// Decisions per member.
    #[arg(long, value_name = "H", default_value_t = 8)]
    pub horizon: usize,
    /// Members simulated.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub members: usize,
    /// Fitted models, each on a bootstrap of members.
    #[arg(long, value_name = "E", default_value_t = 10, value_parser = clap::value_parser!(u16).range(2..=1000))]
    pub ensemble: u16,
    /// The seed.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Nominal coverage of the intervals.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95, value_parser = confidence)]
    pub confidence: f64,
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
}
