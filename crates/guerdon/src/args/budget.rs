//! Flags of the commands that give out a budget.

use super::DeviceArg;
use super::parse::confidence;
use clap::Args;
use std::path::PathBuf;

/// `guerdon allocate`
#[derive(Debug, Args)]
#[command(after_help = LIMITS_FILE)]
pub struct AllocateArgs {
    /// The policy bundle; it must have learned outcomes (ridge, neural, …).
    #[arg(long, value_name = "P.safetensors")]
    pub policy: PathBuf,
    /// The decisions to allocate: a decision log, a row a decision. Outcomes in it are not looked at.
    #[arg(long, value_name = "LOG.parquet")]
    pub members: PathBuf,
    /// Expected cost of rewards in all, in major units of money.
    #[arg(long, value_name = "AMOUNT")]
    pub budget: Option<f64>,
    /// Expected cost of rewards for each decision; with --budget too, the smaller of both counts.
    #[arg(long, value_name = "AMOUNT")]
    pub per_decision: Option<f64>,
    /// File with further limits: points liability, sends by channel, floors and ceilings of segments.
    #[arg(long, value_name = "TOML")]
    pub limits: Option<PathBuf>,
    /// The allocation to write: decision_id, member_id, action, expected_value, expected_cost, expected_liability, p_paid.
    #[arg(long, value_name = "ALLOCATION.parquet")]
    pub out: Option<PathBuf>,
    /// The same policy with λ and μ at the prices found, to be written.
    #[arg(long, value_name = "PRICED.safetensors")]
    pub export: Option<PathBuf>,
    /// Print the totals as JSON.
    #[arg(long)]
    pub json: bool,
}

const LIMITS_FILE: &str = "The limits file:\n  \
[[limit]]\n  \
of = \"sends\"            # money | liability | sends; amounts in major units\n  \
channel = \"email\"       # with sends: only rewards that name it\n  \
at_most = 0.4             # and/or at_least\n  \
per_decision = true       # for each decision rather than in all\n\n  \
[[limit]]\n  \
of = \"money\"\n  \
segment = \"new\"\n  \
at_least = 2000\n\n  \
[segment.new]\n  \
feature = \"tenure_days\"\n  \
below = 90                # and/or from; for a category: is = [\"a\", \"b\"]";

/// `guerdon frontier`
#[derive(Debug, Args)]
pub struct FrontierArgs {
    /// The decision log.
    #[arg(long, value_name = "LOG.parquet")]
    pub log: PathBuf,
    /// Policy bundles; each is valued on the members that its training held out.
    #[arg(long = "policy", value_name = "P.safetensors", num_args = 1.., required_unless_present = "learners")]
    pub policies: Vec<PathBuf>,
    /// Learners to be trained here on all folds but one at a time, and valued on that one: a name, for its defaults, or a
    /// file of settings (.toml), such as a sweep's best.toml.
    #[arg(long = "learner", value_name = "NAME|FILE", num_args = 1..)]
    pub learners: Vec<String>,
    /// Folds over members for --learner.
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = clap::value_parser!(u8).range(2..=50))]
    pub folds: u8,
    /// A budget to look at in particular: cost of rewards for each decision.
    #[arg(long, value_name = "AMOUNT")]
    pub per_decision: Option<f64>,
    /// Budgets on the curve, from nothing to what the unlimited policy expects to spend.
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u16).range(2..=200))]
    pub points: u16,
    /// Nominal coverage of the intervals.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95, value_parser = confidence)]
    pub confidence: f64,
    /// The seed of folds and training.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Where neural learners train.
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceArg,
    /// Print the curves as JSON.
    #[arg(long)]
    pub json: bool,
}
