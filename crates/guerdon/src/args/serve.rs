//! Flags of the commands that use a bundle.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

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
