//! The command line: every flag with its meaning, unit and default.

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// Reward optimization for loyalty and rewards programmes.
///
/// From a programme's own logs Guerdon learns for each member which kind of reward to offer, what amount, and with what
/// timing; proves offline what a policy is worth, or refuses; and exports it as a bundle that decides in microseconds.
#[derive(Debug, Parser)]
#[command(name = "guerdon", version, propagate_version = true, after_help = FIRST_STEPS, after_long_help = exit_codes())]
pub struct Arguments {
    /// Threads to use [default: all cores]. Results do not depend on it.
    #[arg(long, global = true, value_name = "N", value_parser = at_least_one)]
    pub threads: Option<usize>,
    /// No progress bars and no remarks on stderr.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const FIRST_STEPS: &str = "First steps:\n  guerdon run experiments/coffeehouse.toml     the main job on the built-in programme\n  guerdon --help                               also lists the exit codes";

fn exit_codes() -> String {
    let mut text = String::from(FIRST_STEPS);
    text.push_str("\n\nExit codes:\n");
    for (code, meaning) in guerdon_core::exit_codes() {
        text.push_str(&format!("  {code:>2}  {meaning}\n"));
    }
    text
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("give a whole number of at least 1".into()),
        Ok(n) => Ok(n),
    }
}

fn at_least_two(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0 | 1) | Err(_) => Err("give a whole number of at least 2".into()),
        Ok(n) => Ok(n),
    }
}

fn confidence(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(level) if level > 0.0 && level < 1.0 => Ok(level),
        _ => Err("give a coverage in (0, 1), say 0.95".into()),
    }
}

fn reward_range(text: &str) -> Result<(f64, f64), String> {
    let ends = text.split_once(',').map(|(low, high)| (low.trim().parse::<f64>(), high.trim().parse::<f64>()));
    match ends {
        Some((Ok(low), Ok(high))) if low < high => Ok((low, high)),
        _ => Err("give two numbers, the smaller first, say 0,1".into()),
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err("give a share in (0, 1], say 0.7".into()),
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        _ => Err("write path.to.key=value".into()),
    }
}

fn name_file(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.trim().is_empty() && !file.is_empty() => Ok((name.trim().to_owned(), file.into())),
        _ => Err("write name=decisions.parquet".into()),
    }
}

/// The commands, in the order of the work.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Do it all: ingest, audit, train, evaluate, simulate, report
    Run(RunArgs),
    /// Search learners' settings by cross-validated policy value, or compare learners as they stand
    ///
    /// Draws settings from each [learner.search] of the experiment file, trains every trial on all folds of members but one,
    /// and values it on that one, for each fold. All folds together give one estimate with an interval. A sweep that was
    /// stopped goes on where it stood.
    Sweep(SweepArgs),
    /// Make the raw event files of a built-in programme with known truth
    Generate(GenerateArgs),
    /// Turn raw event files into a decision log
    Ingest(IngestArgs),
    /// Check whether a decision log can be trusted
    Audit(AuditArgs),
    /// Learn a policy from a decision log
    Train(TrainArgs),
    /// Value a policy on a decision log, or refuse to
    Evaluate(EvaluateArgs),
    /// How well policies rank members by an action's effect: AUUC and Qini
    Uplift(UpliftArgs),
    /// Value a target policy that is given as columns, aligned with a log by row, or refuse to
    Ope(OpeArgs),
    /// The difference in value between two policies that are given as columns, on one log
    Diff(DiffArgs),
    /// Rank policies that are given as columns, with differences that hold all at once
    Rank(RankArgs),
    /// Let an online learner decide and learn along a stream of which every arm's reward is known
    Online(OnlineArgs),
    /// Roll policies out over a simulator fitted from a log: cost, incremental revenue, ROI
    Simulate(SimulateArgs),
    /// Give every decision of a log an action, so that expected value is greatest and budgets hold
    ///
    /// For every decision of the log the policy says what each action that eligibility and guardrails leave is expected to
    /// bring and to cost. One action is then chosen for each, so that expected net value is greatest and every limit holds.
    /// The gap printed bounds how much better any other choice within the limits could be. λ is the shadow price of money:
    /// what one more unit of budget would bring; with --export, a policy that decides at that price spends at that pace
    /// while serving.
    Allocate(AllocateArgs),
    /// Value against budget: a policy at a grid of prices beside constant offers and mixes of them
    ///
    /// At each budget of a grid, λ is chosen on members that are not valued; the policy at λ is then valued on members that
    /// its training did not see, together with what it costs. Constant offers are valued on the same decisions, and at each
    /// cost the policy is set against the best mix of them (taking one or the other at random).
    Frontier(FrontierArgs),
    /// Answer requests (JSON lines on stdin) with decisions (JSON lines on stdout)
    Decide(DecideArgs),
    /// Show what is inside a policy bundle
    Inspect(InspectArgs),
    /// Set finished runs side by side
    Compare(CompareArgs),
    /// Print the canonical tables, or the columns of an environment's decision log
    Schema(SchemaArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
}

/// `guerdon run`
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The experiment file.
    pub experiment: PathBuf,
    /// The programme's raw files: a folder, or a file where the environment has one source. Without it, an experiment
    /// with [generate] makes the built-in programme's.
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
    /// Folder for runs and cached logs.
    #[arg(long, value_name = "DIR", default_value = "checkpoints")]
    pub out: PathBuf,
    /// Override a value of the experiment file, or of the environment's with environment.path.to.key=value.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub sets: Vec<(String, String)>,
    /// Where neural learners train.
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceArg,
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `guerdon sweep`
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// The experiment file.
    pub experiment: PathBuf,
    /// The programme's raw files, as for run.
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
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
    /// Folder for sweeps and cached logs.
    #[arg(long, value_name = "DIR", default_value = "checkpoints")]
    pub out: PathBuf,
    /// Override a value of the experiment file (sweep.folds=10, sweep.halving=true), or of the environment's with
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

/// `guerdon generate`
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// The environment's folder.
    #[arg(long, value_name = "DIR")]
    pub environment: PathBuf,
    /// How many members.
    #[arg(long, value_name = "N")]
    pub members: u64,
    /// The seed; the same seed makes the same bytes.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// The folder to make.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Print what was made as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `guerdon ingest`
#[derive(Debug, Args)]
pub struct IngestArgs {
    /// The environment's folder: environment.toml and views.sql.
    #[arg(long, value_name = "DIR")]
    pub environment: PathBuf,
    /// The raw files: a folder, or a file where the environment has one source.
    #[arg(long, value_name = "PATH")]
    pub data: PathBuf,
    /// The decision log to write (Parquet).
    #[arg(long, value_name = "LOG.parquet")]
    pub out: PathBuf,
    /// Override a value of environment.toml.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub sets: Vec<(String, String)>,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `guerdon audit`
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// The decision log.
    #[arg(long, value_name = "LOG.parquet")]
    pub log: PathBuf,
    /// Print the findings as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `guerdon train`
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// The environment's folder; its economics and guardrails go into the policy.
    #[arg(long, value_name = "DIR")]
    pub environment: PathBuf,
    /// The decision log.
    #[arg(long, value_name = "LOG.parquet")]
    pub log: PathBuf,
    /// ridge, neural, trees, effects, constant or uniform.
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
    #[arg(long, value_name = "DIR")]
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

/// `guerdon online`
#[derive(Debug, Args)]
pub struct OnlineArgs {
    /// The stream: Parquet with columns of the context, x…, and of every arm's reward, r_<arm>, and perhaps of its expected
    /// reward, q_<arm>.
    #[arg(long, value_name = "STREAM.parquet")]
    pub stream: PathBuf,
    /// Learners: epsilon_greedy, linucb, lints, softmax, squarecb, fastcb, regcb, bag, bootstrap_ts, cover, kernel_ucb,
    /// neural_linear_ts, drift_ucb.
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
    /// Instead of rewards: a column with the number of the arm that pays 1.
    #[arg(long, value_name = "COLUMN")]
    pub label: Option<String>,
    /// The seed.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Print the results as JSON, with the curves.
    #[arg(long)]
    pub json: bool,
}

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
    /// Learners to be trained here, with their defaults, on all folds but one at a time, and valued on that one.
    #[arg(long = "learner", value_name = "NAME", num_args = 1..)]
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

/// `guerdon decide`
#[derive(Debug, Args)]
pub struct DecideArgs {
    /// The policy bundle.
    #[arg(long, value_name = "P.safetensors")]
    pub policy: PathBuf,
    /// Always the best action, without exploration.
    #[arg(long)]
    pub greedy: bool,
    /// Add the probability of every action.
    #[arg(long)]
    pub probs: bool,
    /// Place rewards at the deepest stage that a member reaches with at least this chance, in place of what the policy
    /// says.
    #[arg(long, value_name = "CHANCE")]
    pub reach: Option<f64>,
    /// Explain each decision: at which stage it pays, why this amount, and against what else. In plain words instead of
    /// JSON, or with --explain=json as a field of it.
    #[arg(long, value_name = "FORM", num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    pub explain: Option<ExplainForm>,
}

/// How `guerdon decide --explain` explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExplainForm {
    /// A few plain lines for each decision.
    Text,
    /// A field `explanation` of the decision's JSON.
    Json,
}

/// `guerdon inspect`
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The policy bundle.
    #[arg(value_name = "P.safetensors")]
    pub policy: PathBuf,
    /// Print everything as JSON.
    #[arg(long)]
    pub json: bool,
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

/// `guerdon schema`
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// The environment whose decision log is described; without it, the canonical tables that views.sql must make.
    #[arg(long, value_name = "DIR")]
    pub environment: Option<PathBuf>,
    /// Print the columns as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `guerdon completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    pub shell: Shell,
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
