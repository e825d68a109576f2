//! What a sweep found.

use super::folds::FoldResult;
use super::race::Dropped;
use crate::evaluate::{Against, PolicyEvaluation, Role};
use guerdon_core::Result;
use guerdon_ope::selection::Compared;
use guerdon_ope::{Difference, Estimate, Estimator};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Whose decisions the folds hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Members {
    /// Every member: nothing was searched, so nothing need be kept back.
    All,
    /// Those that the experiment's split trains on; the winner is valued on the others.
    Training,
}

/// All that a sweep found: `trials.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Found {
    /// The sweep's id, made of the experiment and the data.
    pub sweep: String,
    /// The experiment.
    pub experiment: String,
    /// Identifies the decision log.
    pub log_id: String,
    /// The engine's version.
    pub code_version: String,
    /// Whose decisions the folds hold.
    pub members: Members,
    /// How many folds.
    pub folds: usize,
    /// Draws from each search space.
    pub draws: usize,
    /// Whether trials could be dropped after the first folds.
    pub halving: bool,
    /// The estimator that everything goes by.
    pub estimator: Estimator,
    /// Nominal coverage of the intervals, in (0, 1).
    pub confidence: f64,
    /// Every trial, ranked by the lower end of its interval; behind them those without a value.
    pub trials: Vec<TrialResult>,
    /// Decisions made elsewhere, and the policies to beat, on the same decisions: best constant, logging, uniform, every
    /// constant.
    pub references: Vec<Worth>,
    /// For each fold the constant offer that the other folds recommend; together they are the reference `best constant`.
    pub best_constants: Vec<Option<String>>,
    /// Trials, decisions made elsewhere, best constant and logging, pair by pair, at a level that holds for all pairs at once.
    pub compared: Option<Compared>,
    /// The trial with the highest lower end; none where no trial has a value.
    pub winner: Option<String>,
    /// What the winner is worth on members that the sweep never saw.
    pub held_out: Option<HeldOut>,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// What became of one trial.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TrialResult {
    /// The trial's name.
    pub trial: String,
    /// The learner's name in the experiment file.
    pub learner: String,
    /// The settings that were drawn; none: the file's own.
    pub settings: BTreeMap<String, Value>,
    /// The learner that the file holds it against, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// What it is worth over all folds; absent where it was dropped or failed.
    pub worth: Option<Worth>,
    /// Why it was not tried on all folds.
    pub dropped: Option<Dropped>,
    /// Why it has no policies.
    pub failed: Option<String>,
    /// Net value per decision on each fold that it was tried on; absent where a fold alone can't carry it.
    pub by_fold: Vec<Option<f64>>,
}

impl TrialResult {
    /// What ranks it: the lower end of its interval.
    pub fn lower(&self) -> Option<f64> {
        self.worth.as_ref().and_then(|worth| worth.estimate.lower)
    }

    /// By how much it is worth more than the learner that it is held against, where that could be said.
    pub fn more_than_its_counterpart(&self) -> Option<Difference> {
        self.worth.as_ref()?.more_than(self.against.as_ref()?)
    }

    pub(crate) fn values_of(results: &[FoldResult]) -> Vec<Option<f64>> {
        results.iter().map(|result| result.estimate.as_ref().and_then(|estimate| estimate.value)).collect()
    }
}

/// What a policy is worth, and by how much it is more than others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Worth {
    /// The policy.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Net value per decision, in major units.
    pub estimate: Estimate,
    /// Paired differences against the best constant, logging, `none`, and the learners that others are held against.
    pub differences: Vec<Against>,
    /// True value on the same decisions; only a built-in programme's world knows it.
    pub true_value: Option<f64>,
    /// Expected share of each action.
    pub actions: BTreeMap<String, f64>,
}

impl Worth {
    pub(crate) fn of(valued: PolicyEvaluation, estimator: Estimator) -> Result<Worth> {
        let estimate = valued
            .estimate(estimator)
            .cloned()
            .ok_or_else(|| guerdon_core::Error::Internal(format!("{} was not valued by {estimator}", valued.name)))?;
        Ok(Worth {
            name: valued.name,
            role: valued.role,
            estimate,
            differences: valued.differences,
            true_value: valued.true_value,
            actions: valued.actions,
        })
    }

    /// By how much it is worth more than `other`, where that could be said.
    pub fn more_than(&self, other: &str) -> Option<Difference> {
        self.differences.iter().find(|against| against.policy == other).and_then(|against| against.difference)
    }
}

/// What the winner is worth on members that the sweep never saw.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeldOut {
    /// The version of the policy: the winner's settings, trained on all members that the sweep saw.
    pub policy: String,
    /// The policy.
    pub winner: Worth,
    /// The constant offer that the sweep's members recommend.
    pub best_constant: Option<String>,
    /// The policies to beat.
    pub references: Vec<Worth>,
}
