//! The command line: every flag with its meaning, unit and default.

mod budget;
mod columns;
mod experiment;
mod learn;
mod log;
mod parse;
mod serve;
mod value;

pub use budget::{AllocateArgs, FrontierArgs};
pub use columns::{ColumnArgs, DiffArgs, OpeArgs, RankArgs};
pub use experiment::{CompareArgs, ExperimentArgs, SweepArgs};
pub use learn::{DeviceArg, OnlineArgs, TrainArgs};
pub use log::{AuditArgs, GenerateArgs, IngestArgs, SchemaArgs};
pub use serve::{DecideArgs, ExplainForm, InspectArgs};
pub use value::{EvaluateArgs, SimulateArgs, UpliftArgs};

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use parse::at_least_one;

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

/// The commands, in the order of the work.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Do it all: ingest, audit, train, evaluate, simulate, report
    Run(ExperimentArgs),
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

/// `guerdon completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    pub shell: Shell,
}
