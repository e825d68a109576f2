//! The experiment file: which environment, which data, which learners, and how results are judged.

use crate::sweep::{SearchSpace, SweepPlan};
use guerdon_core::{Error, Result, Seed};
use guerdon_learn::LearnerConfig;
use guerdon_ope::Estimator;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// An experiment, as its file says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Names the folder of its runs.
    pub name: String,
    /// The environment's folder, relative to the experiment file.
    pub environment: String,
    /// The seed that every other seed of the run is derived from.
    #[serde(default = "default_seed")]
    pub seed: Seed,
    /// Raw data of the built-in programme, made when no `--data` is given.
    #[serde(default)]
    pub generate: Option<Generate>,
    /// How members are split.
    #[serde(default)]
    pub split: Split,
    /// The learners, in order.
    #[serde(rename = "learner")]
    pub learners: Vec<NamedLearner>,
    /// How policies are valued.
    #[serde(default)]
    pub evaluate: Evaluate,
    /// How `guerdon sweep` searches.
    #[serde(default, skip_serializing_if = "SweepPlan::is_default")]
    pub sweep: SweepPlan,
    /// The roll-out, if any.
    #[serde(default)]
    pub simulate: Option<Simulate>,
    /// Value against budget, where it is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// What the page shows.
    #[serde(default)]
    pub report: Report,
}

/// Value against budget.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Budgets on the curve, 2 to 200.
    pub points: usize,
    /// A budget to look at in particular: cost of rewards for each decision, in major units.
    pub per_decision: Option<f64>,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { points: 24, per_decision: None }
    }
}

/// How much raw data the built-in programme makes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// Members of the programme.
    pub members: u64,
}

/// How members are split into those trained on and those held out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Split {
    /// Share of members trained on, in (0, 1).
    pub train_share: f64,
}

impl Default for Split {
    fn default() -> Self {
        Split { train_share: 0.7 }
    }
}

/// A learner under the name that its policy gets.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NamedLearner {
    /// The policy's name, unique in the experiment.
    pub name: String,
    /// What `guerdon sweep` may set instead; `guerdon run` doesn't look at it.
    #[serde(default, skip_serializing_if = "SearchSpace::is_empty")]
    pub search: SearchSpace,
    /// Where rewards are placed: at the deepest stage that is reached with at least this chance, in (0, 1); see
    /// [`guerdon_policy::Placement`]. Without it, wherever the score sends them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<f64>,
    /// Another learner of the file, of which this one is a variant: `guerdon sweep` prints the paired difference to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// What learns, and its settings.
    #[serde(flatten)]
    pub config: LearnerConfig,
}

/// How policies are valued.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Evaluate {
    /// The estimators.
    pub estimators: Vec<Estimator>,
    /// The one that the headline and the ranking go by.
    pub headline: Estimator,
    /// Nominal coverage of the intervals, in (0, 1).
    pub confidence: f64,
    /// Folds over members for the cross-fitted q̂.
    pub folds: usize,
}

impl Default for Evaluate {
    fn default() -> Self {
        Evaluate { estimators: Estimator::DEFAULT.to_vec(), headline: Estimator::Dr, confidence: 0.95, folds: 5 }
    }
}

/// The roll-out over a fitted simulator.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Simulate {
    /// Decisions per member.
    pub horizon: usize,
    /// Members simulated.
    pub members: usize,
    /// Fitted models, each on a bootstrap of members.
    #[serde(default = "default_ensemble")]
    pub ensemble: usize,
}

/// What the page shows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Report {
    /// Features by which chosen actions are shown; by default the first three attributes.
    pub segments: Vec<String>,
}

fn default_seed() -> Seed {
    Seed(1)
}

fn default_ensemble() -> usize {
    10
}

impl Experiment {
    /// Reads the file, applies `--set` overrides, and checks every range.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Config`] naming the key, the value and what would do.
    pub fn load(path: &Path, sets: &[(String, String)]) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::not_found(path, "experiment file", e))?;
        let experiment: Experiment =
            guerdon_data::environment::with_overrides(&text, &path.display().to_string(), sets)?;
        experiment.check(path)?;
        Ok(experiment)
    }

    /// The environment's folder, seen from the experiment file.
    pub fn environment_dir(&self, file: &Path) -> PathBuf {
        file.parent().unwrap_or(Path::new(".")).join(&self.environment)
    }

    /// The experiment as [`run`](crate::run::run) takes it: without what only a sweep looks at.
    pub fn without_search(&self) -> Experiment {
        let mut plain = self.clone();
        plain.sweep = SweepPlan::default();
        plain.learners.iter_mut().for_each(|learner| {
            learner.search = SearchSpace::default();
            learner.against = None;
        });
        plain
    }

    fn check(&self, file: &Path) -> Result<()> {
        let refuse = |key: &str, given: String, wanted: &str| Err(Error::config(file.display(), key, given, wanted));
        let plain = |name: &str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        if !plain(&self.name) {
            return refuse("name", format!("{:?}", self.name), "use letters, digits, '-', '_' and '.'");
        }
        if self.learners.is_empty() {
            return refuse("learner", "empty".into(), "name at least one [[learner]]");
        }
        for (i, learner) in self.learners.iter().enumerate() {
            if !plain(&learner.name) || self.learners[..i].iter().any(|other| other.name == learner.name) {
                return refuse(
                    "learner.name",
                    format!("{:?}", learner.name),
                    "give each learner a name of its own, of letters, digits, '-', '_' and '.'",
                );
            }
            let another =
                |name: &&String| **name == learner.name || !self.learners.iter().any(|other| other.name == **name);
            if let Some(against) = learner.against.as_ref().filter(another) {
                let names: Vec<&str> = self.learners.iter().map(|learner| learner.name.as_str()).collect();
                let wanted = format!("the name of another learner of this file: {}", names.join(", "));
                return refuse(&format!("learner.{}.against", learner.name), format!("{against:?}"), &wanted);
            }
            if let Some(reach) = learner.reach.filter(|reach| !(*reach > 0.0 && *reach < 1.0)) {
                return refuse(
                    &format!("learner.{}.reach", learner.name),
                    reach.to_string(),
                    "a chance between 0 and 1, say 0.3",
                );
            }
            learner.config.check(&file.display().to_string())?;
            learner.search.check(&file.display().to_string(), &learner.name, &learner.config)?;
        }
        if !(self.split.train_share > 0.0 && self.split.train_share < 1.0) {
            return refuse("split.train_share", self.split.train_share.to_string(), "a share of members in (0, 1)");
        }
        let evaluate = &self.evaluate;
        if !(evaluate.confidence > 0.0 && evaluate.confidence < 1.0) {
            return refuse("evaluate.confidence", evaluate.confidence.to_string(), "a coverage in (0, 1), say 0.95");
        }
        if !(2..=50).contains(&evaluate.folds) {
            return refuse("evaluate.folds", evaluate.folds.to_string(), "2 to 50 folds");
        }
        if !evaluate.estimators.contains(&evaluate.headline) {
            return refuse("evaluate.headline", evaluate.headline.to_string(), "one of evaluate.estimators");
        }
        self.sweep.check(&file.display().to_string())?;
        if let Some(simulate) = self.simulate
            && (simulate.horizon == 0 || simulate.members == 0 || simulate.ensemble < 2)
        {
            return refuse(
                "simulate",
                format!("horizon {}, members {}, ensemble {}", simulate.horizon, simulate.members, simulate.ensemble),
                "a horizon and members of at least 1, an ensemble of at least 2",
            );
        }
        if let Some(budget) = self.budget {
            if !(2..=200).contains(&budget.points) {
                return refuse("budget.points", budget.points.to_string(), "2 to 200 points");
            }
            if let Some(each) = budget.per_decision.filter(|x| !(0.0..=1e15).contains(x)) {
                return refuse("budget.per_decision", each.to_string(), "an amount of at least 0");
            }
        }
        if self.generate.is_some_and(|generate| generate.members == 0) {
            return refuse("generate.members", "0".into(), "at least 1");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(reach: &str) -> Result<Experiment> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("small.toml");
        let learner = format!("[[learner]]\nname = \"first\"\nlearner = \"ridge\"\n{reach}\n");
        std::fs::write(&file, format!("name = \"small\"\nenvironment = \".\"\n\n{learner}")).unwrap();
        Experiment::load(&file, &[])
    }

    #[test]
    fn a_learner_may_say_where_its_rewards_are_placed_and_leaves_no_trace_if_it_does_not() {
        assert_eq!(load("reach = 0.3").unwrap().learners[0].reach, Some(0.3));
        let plain = load("").unwrap();
        assert_eq!(plain.learners[0].reach, None);
        assert!(!serde_json::to_string(&plain).unwrap().contains("reach"), "run ids of older files would change");
    }

    #[test]
    fn a_chance_of_placement_outside_0_to_1_is_refused_by_name() {
        for reach in ["0.0", "1.0", "-0.2", "1.5", "nan"] {
            let error = load(&format!("reach = {reach}")).unwrap_err().to_string();
            assert!(error.contains("learner.first.reach") && error.contains("between 0 and 1"), "{error}");
        }
    }
}
