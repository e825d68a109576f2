//! Runs side by side.

use crate::evaluate::{PolicyEvaluation, Role};
use crate::folder::{RunFolder, read_json};
use crate::run::Manifest;
use guerdon_core::Result;
use guerdon_ope::Estimate;
use serde::Serialize;
use std::path::Path;

/// One policy of one run.
#[derive(Debug, Clone, Serialize)]
pub struct ComparedPolicy {
    /// The run.
    pub run: String,
    /// The experiment it ran.
    pub experiment: String,
    /// The policy.
    pub policy: String,
    /// Its role.
    pub role: Role,
    /// Its value by every estimator of the run.
    pub estimates: Vec<Estimate>,
}

/// Runs side by side, and what keeps their figures from being set against each other.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// Policies of all runs, in the order of the runs.
    pub policies: Vec<ComparedPolicy>,
    /// Differences between the runs' data, splits or prices that make figures incomparable; empty where there are none.
    pub caveats: Vec<String>,
}

/// Reads the runs and sets them side by side; constants and uniform only where `all`.
///
/// # Errors
/// [`guerdon_core::Error::NotFound`] for a folder without a finished run.
pub fn compare(runs: &[impl AsRef<Path>], all: bool) -> Result<Comparison> {
    let mut policies = vec![];
    let mut manifests = vec![];
    for run in runs {
        let folder = RunFolder::open(run.as_ref())?;
        let manifest: Manifest = read_json(&folder.manifest())?;
        let evaluations: Vec<PolicyEvaluation> = read_json(&folder.estimates())?;
        let shown = |e: &PolicyEvaluation| all || matches!(e.role, Role::Learner | Role::Logging);
        policies.extend(evaluations.into_iter().filter(shown).map(|evaluation| ComparedPolicy {
            run: manifest.run.clone(),
            experiment: manifest.experiment.name.clone(),
            policy: evaluation.name,
            role: evaluation.role,
            estimates: evaluation.estimates,
        }));
        manifests.push(manifest);
    }
    Ok(Comparison { policies, caveats: caveats(&manifests) })
}

fn caveats(manifests: &[Manifest]) -> Vec<String> {
    let mut found = vec![];
    let Some((first, others)) = manifests.split_first() else { return found };
    for other in others {
        let pair = format!("{} and {}", first.run, other.run);
        if first.log_id != other.log_id {
            found.push(format!("{pair} were valued on different logs (data, environment or views differ)"));
        } else if first.experiment.seed != other.experiment.seed
            || first.experiment.split.train_share != other.experiment.split.train_share
        {
            found.push(format!("{pair} hold out different members"));
        }
    }
    found
}
