//! Decisions that other systems made, valued in the sweep's folds beside its own trials.

use super::constants::BEST_CONSTANT;
use super::trial::Trial;
use crate::evaluate::{NamedTarget, Role, Target};
use crate::run::references;
use guerdon_core::{Error, Result};
use guerdon_data::{GivenDecisions, LogReader};
use std::path::PathBuf;
use std::sync::Arc;

/// Each file of `decisions` as a target; every decision of `log` must have an eligible action in it.
pub(super) fn targets(decisions: &[(String, PathBuf)], trials: &[Trial], log: &LogReader) -> Result<Vec<NamedTarget>> {
    if decisions.is_empty() {
        return Ok(vec![]);
    }
    let mut names: Vec<String> = references(log)?.into_iter().map(|reference| reference.name).collect();
    names.extend(trials.iter().map(|trial| trial.name.clone()));
    names.push(BEST_CONSTANT.into());
    let mut all = vec![];
    for (name, path) in decisions {
        if names.contains(name) {
            return Err(Error::config(
                "sweep",
                "--decisions",
                name,
                "another policy has that name; choose another name",
            ));
        }
        names.push(name.clone());
        let given = GivenDecisions::read(path, &log.meta().catalogue)?;
        given.check(log)?;
        all.push(NamedTarget { name: name.clone(), role: Role::Given, target: Target::Given(Arc::new(given)) });
    }
    Ok(all)
}
