//! What is tried: each learner as the file has it, and with settings drawn from its search space.

use super::space::configured;
use crate::config::{Experiment, NamedLearner};
use guerdon_core::{Error, Result};
use guerdon_learn::LearnerConfig;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// One learner with one choice of settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The learner's name in the experiment file; with `#1`, `#2`, … where settings were drawn.
    pub name: String,
    /// The learner's name in the experiment file.
    pub learner: String,
    /// The settings that were drawn; none: the file's own.
    pub drawn: BTreeMap<String, Value>,
    /// All settings.
    pub config: LearnerConfig,
    /// Where the file has its rewards placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<f64>,
    /// The learner that the file holds it against.
    #[serde(skip)]
    pub against: Option<String>,
}

impl Trial {
    /// Drawn settings in one line.
    pub fn settings(drawn: &BTreeMap<String, Value>) -> String {
        if drawn.is_empty() {
            return "as in the file".into();
        }
        drawn.iter().map(|(setting, value)| format!("{setting} = {value}")).collect::<Vec<_>>().join(", ")
    }
}

/// Draws in a row that bring nothing new before a search space counts as exhausted.
const MOST_REPEATS: usize = 100;

/// Every learner of the experiment as it stands, then `count` different draws from its search space, if it has one; fewer
/// where it has no more. The first draws are the same for every `count`.
///
/// # Errors
/// [`Error::Config`] for a draw that is out of the learner's range, though each of its settings alone is not.
pub fn trials(experiment: &Experiment, count: usize) -> Result<Vec<Trial>> {
    let seed = experiment.seed.named("sweep").named("draws");
    let mut all = vec![];
    for NamedLearner { name, search, reach, against, config } in &experiment.learners {
        let file = Trial {
            name: name.clone(),
            learner: name.clone(),
            drawn: BTreeMap::new(),
            config: config.clone(),
            reach: *reach,
            against: against.clone(),
        };
        let mut own = vec![file];
        let (mut index, mut repeats) = (0, 0);
        while !search.is_empty() && own.len() <= count && repeats < MOST_REPEATS {
            index += 1;
            let drawn = search.draw(seed.named(name), index);
            let config = configured(config, &drawn).map_err(|wanted| {
                let given = serde_json::to_string(&drawn).unwrap_or_default();
                Error::config(&experiment.name, format!("learner.{name}.search, draw {index}"), given, wanted)
            })?;
            if own.iter().any(|trial| trial.config == config) {
                repeats += 1;
                continue;
            }
            repeats = 0;
            let tried = format!("{name}#{}", own.len());
            own.push(Trial {
                name: tried,
                learner: name.clone(),
                drawn,
                config,
                reach: *reach,
                against: against.clone(),
            });
        }
        all.append(&mut own);
    }
    Ok(all)
}
