//! One policy's figures, comparisons and choices.

use super::IntervalValue;
use guerdon_ope::{Difference, Estimate};
use serde::{Deserialize, Serialize};

/// What a policy is in the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyRole {
    /// Learned in this run.
    Learner,
    /// The policy that wrote the log: what was done.
    Logging,
    /// Offers nothing, ever.
    None,
    /// Every action with the same probability.
    Uniform,
    /// One action, always.
    Constant,
}

/// Share of decisions that reach a stage under a policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageShare {
    /// The stage.
    pub stage: String,
    /// The share, in [0, 1] but for the noise of an estimate.
    pub share: IntervalValue,
}

/// One policy as it was valued on the held-out decisions. Money is in major units per decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyReport {
    /// Its name, unique in the report; for a constant policy the action's name.
    pub name: String,
    /// What it is in the comparison.
    pub role: PolicyRole,
    /// Its net value by every estimator asked for.
    pub estimates: Vec<Estimate>,
    /// Estimated share of decisions reaching each stage, in funnel order.
    #[serde(default)]
    pub funnel: Vec<StageShare>,
    /// Estimated revenue per decision.
    #[serde(default)]
    pub revenue: Option<IntervalValue>,
    /// Estimated cost of rewards and contacts per decision.
    #[serde(default)]
    pub cost: Option<IntervalValue>,
    /// The true value per decision, where the programme is a synthetic world that knows it.
    #[serde(default)]
    pub true_value: Option<f64>,
}

impl PolicyReport {
    /// The name for people: "always bogo_5", "what was done".
    pub fn label(&self) -> String {
        match self.role {
            PolicyRole::Learner => self.name.clone(),
            PolicyRole::Logging => "what was done".into(),
            PolicyRole::None => "no offers".into(),
            PolicyRole::Uniform => "uniform".into(),
            PolicyRole::Constant => format!("always {}", self.name),
        }
    }
}

/// V̂(first) − V̂(second), paired decision by decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedDifference {
    /// A policy's name.
    pub first: String,
    /// The name of the policy that it is held against.
    pub second: String,
    /// The difference, in major units per decision.
    pub difference: Difference,
}

/// Which actions a policy takes for each value of one feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentShares {
    /// The policy's name.
    pub policy: String,
    /// The feature, say "gender".
    pub feature: String,
    /// Its values or ranges, say "F", "M", "missing".
    pub segments: Vec<String>,
    /// Decisions in each segment.
    pub decisions: Vec<u64>,
    /// The actions' names.
    pub actions: Vec<String>,
    /// For each segment, the share of each action, in [0, 1]; `shares[segment][action]`.
    pub shares: Vec<Vec<f64>>,
}
