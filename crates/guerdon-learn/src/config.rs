//! A learner's configuration: what may be set, its defaults and ranges, checked once.

use crate::encoding::Levels;
use guerdon_core::{Error, Result};
use guerdon_policy::Exploration;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Which learner, and its settings. In a file: `learner = "neural"` and the fields of its configuration beside it.
///
/// ```
/// let config = guerdon_learn::LearnerConfig::from_toml("learner = \"ridge\"\npenalties = [0.1, 1.0]", "ridge.toml")?;
/// assert_eq!(config.name(), "ridge");
/// # Ok::<(), guerdon_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "learner", rename_all = "snake_case")]
pub enum LearnerConfig {
    /// Ridge regression per action, in closed form.
    Ridge(RidgeConfig),
    /// A neural outcome model on burn.
    Neural(NeuralConfig),
    /// Always the same action.
    Constant(ConstantConfig),
    /// Any eligible action, evenly.
    Uniform(UniformConfig),
}

/// Settings of the ridge learner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RidgeConfig {
    /// The λ to choose from, by the validation members' squared error of net value; each at least 0, relative to the
    /// mean number of rows per action (see [`crate::Shrinkage`]). Default 0.001 to 10, a factor of about 3 apart.
    pub penalties: Vec<f64>,
    /// How many rows the model that all actions share counts for in an action's intercept; at least 0; default 10.
    pub prior_rows: f64,
    /// Share of the training members that choose λ; in [0, 0.5]; default 0.15. At 0 the middle λ is taken.
    pub validation_share: f64,
    /// Slots of categories.
    pub levels: Levels,
    /// How scores become probabilities; default greedy.
    pub exploration: Exploration,
}

impl Default for RidgeConfig {
    fn default() -> Self {
        RidgeConfig {
            penalties: vec![0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0],
            prior_rows: 10.0,
            validation_share: 0.15,
            levels: Levels::default(),
            exploration: Exploration::Greedy,
        }
    }
}

/// Settings of the neural learner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NeuralConfig {
    /// Widths of the trunk's layers, 1 to 8 of 1 to 4,096 units; default 128, 128.
    pub hidden: Vec<usize>,
    /// Highest learning rate of the schedule (warm-up, then half a cosine), in (0, 1]; default 0.004.
    pub rate: f64,
    /// Share of all steps that warm up, in [0, 0.9]; default 0.1.
    pub warm_up: f64,
    /// AdamW's weight decay for 100,000 fitting rows, in [0, 10]; default 0.5. With n rows it is
    /// `weight_decay · √(100,000 / n)`, at most 50: the fewer the rows, the more they are doubted. It does most of the
    /// work against overfitting: at 0.02 bandit24's score is 0.83 instead of 0.95, and at 1.6 0.75.
    pub weight_decay: f64,
    /// Largest gradient norm of one parameter matrix; above 0; default 1.
    pub clip: f64,
    /// Rows of a batch, 1 to 65,536; default 256.
    pub batch: usize,
    /// Most epochs, 1 to 10,000; default 16. The schedule ends with the last of them.
    pub epochs: usize,
    /// Stop after this many epochs without a better validation loss, at least 1; default 6. The best epoch is kept.
    pub patience: usize,
    /// Share of the training members whose loss stops the run, in [0, 0.5]; default 0.15. At 0 the last epoch is kept.
    pub validation_share: f64,
    /// Whether actions share head weights through kind, amount and timing; default true.
    pub share: bool,
    /// Weight of the logistic loss of all stages together; at least 0; default 1.
    pub reach_weight: f64,
    /// Weight of the logistic loss of paying; at least 0; default 1.
    pub paid_weight: f64,
    /// Weight of half the squared error of revenue, in units of its variance; above 0; default 2.
    pub revenue_weight: f64,
    /// Slots of categories.
    pub levels: Levels,
    /// How scores become probabilities; default greedy.
    pub exploration: Exploration,
}

impl Default for NeuralConfig {
    fn default() -> Self {
        NeuralConfig {
            hidden: vec![128, 128],
            rate: 0.004,
            warm_up: 0.1,
            weight_decay: 0.5,
            clip: 1.0,
            batch: 256,
            epochs: 16,
            patience: 6,
            validation_share: 0.15,
            share: true,
            reach_weight: 1.0,
            paid_weight: 1.0,
            revenue_weight: 2.0,
            levels: Levels::default(),
            exploration: Exploration::Greedy,
        }
    }
}

/// Settings of the constant policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConstantConfig {
    /// The action.
    pub action: String,
}

/// The uniform policy has no settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UniformConfig {}

impl LearnerConfig {
    /// The learner called `name` with its defaults.
    ///
    /// # Errors
    /// [`Error::Config`] for a name that no learner has, and for `constant`, which needs its action.
    pub fn named(name: &str) -> Result<Self> {
        match name {
            "ridge" => Ok(LearnerConfig::Ridge(RidgeConfig::default())),
            "neural" => Ok(LearnerConfig::Neural(NeuralConfig::default())),
            "uniform" => Ok(LearnerConfig::Uniform(UniformConfig {})),
            "constant" => {
                Err(Error::config("--learner", "learner", "constant", "give its action in a file: action = \"…\""))
            }
            other => Err(Error::config("--learner", "learner", other, "there are ridge, neural, constant and uniform")),
        }
    }

    /// Reads TOML; `file` names it in errors.
    ///
    /// # Errors
    /// [`Error::Config`] for anything that is not a learner's configuration, or out of range.
    pub fn from_toml(text: &str, file: &str) -> Result<Self> {
        let config: LearnerConfig = toml::from_str(text)
            .map_err(|error| Error::config(file, "learner", "not readable", error.to_string().trim_end()))?;
        config.check(file)?;
        Ok(config)
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`Error::NotFound`], or as [`LearnerConfig::from_toml`].
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| Error::not_found(path, "learner file", error))?;
        Self::from_toml(&text, &path.display().to_string())
    }

    /// The learner's name.
    pub fn name(&self) -> &'static str {
        match self {
            LearnerConfig::Ridge(_) => "ridge",
            LearnerConfig::Neural(_) => "neural",
            LearnerConfig::Constant(_) => "constant",
            LearnerConfig::Uniform(_) => "uniform",
        }
    }

    /// Checks every range; `file` names the source in errors.
    ///
    /// # Errors
    /// [`Error::Config`] with the key, the value and the range.
    pub fn check(&self, file: &str) -> Result<()> {
        let range = Range { file };
        match self {
            LearnerConfig::Ridge(config) => config.check(&range),
            LearnerConfig::Neural(config) => config.check(&range),
            LearnerConfig::Constant(_) | LearnerConfig::Uniform(_) => Ok(()),
        }
    }
}

/// Names what is out of range.
struct Range<'a> {
    file: &'a str,
}

impl Range<'_> {
    fn hold(&self, key: &str, given: impl ToString, holds: bool, wanted: &str) -> Result<()> {
        if holds { Ok(()) } else { Err(Error::config(self.file, key, given, format!("{wanted} would do"))) }
    }

    fn within(&self, key: &str, value: f64, low: f64, high: f64) -> Result<()> {
        self.hold(key, value, value >= low && value <= high, &format!("a number from {low} to {high}"))
    }

    fn count(&self, key: &str, value: usize, low: usize, high: usize) -> Result<()> {
        self.hold(key, value, value >= low && value <= high, &format!("a whole number from {low} to {high}"))
    }

    fn levels(&self, levels: &Levels) -> Result<()> {
        self.count("levels.most", levels.most, 1, 4096)
    }

    fn exploration(&self, exploration: &Exploration) -> Result<()> {
        match exploration {
            Exploration::Greedy => Ok(()),
            Exploration::EpsilonGreedy { epsilon } => self.within("exploration.epsilon", *epsilon, 0.0, 1.0),
            Exploration::Softmax { temperature, floor } => {
                let holds = temperature.is_finite() && *temperature > 0.0;
                self.hold("exploration.temperature", temperature, holds, "a finite number above 0")?;
                self.within("exploration.floor", *floor, 0.0, 1.0)
            }
            Exploration::Vote { floor } => self.within("exploration.floor", *floor, 0.0, 1.0),
        }
    }
}

impl RidgeConfig {
    fn check(&self, range: &Range) -> Result<()> {
        let usable = |lambda: &f64| *lambda >= 0.0 && lambda.is_finite();
        let holds = !self.penalties.is_empty() && self.penalties.iter().all(usable);
        range.hold("penalties", format!("{:?}", self.penalties), holds, "one or more finite numbers of at least 0")?;
        range.within("prior_rows", self.prior_rows, 0.0, 1e9)?;
        range.within("validation_share", self.validation_share, 0.0, 0.5)?;
        range.levels(&self.levels)?;
        range.exploration(&self.exploration)
    }
}

impl NeuralConfig {
    fn check(&self, range: &Range) -> Result<()> {
        let widths = !self.hidden.is_empty()
            && self.hidden.len() <= 8
            && self.hidden.iter().all(|width| (1..=4096).contains(width));
        range.hold("hidden", format!("{:?}", self.hidden), widths, "1 to 8 widths of 1 to 4096")?;
        range.hold("rate", self.rate, self.rate > 0.0 && self.rate <= 1.0, "a number above 0, up to 1,")?;
        range.within("warm_up", self.warm_up, 0.0, 0.9)?;
        range.within("weight_decay", self.weight_decay, 0.0, 10.0)?;
        range.hold("clip", self.clip, self.clip > 0.0 && self.clip.is_finite(), "a finite number above 0")?;
        range.count("batch", self.batch, 1, 65_536)?;
        range.count("epochs", self.epochs, 1, 10_000)?;
        range.count("patience", self.patience, 1, 10_000)?;
        range.within("validation_share", self.validation_share, 0.0, 0.5)?;
        range.within("reach_weight", self.reach_weight, 0.0, 1e6)?;
        range.within("paid_weight", self.paid_weight, 0.0, 1e6)?;
        let positive = self.revenue_weight > 0.0 && self.revenue_weight <= 1e6;
        range.hold("revenue_weight", self.revenue_weight, positive, "a number above 0, up to 1e6,")?;
        range.levels(&self.levels)?;
        range.exploration(&self.exploration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_only_the_learners_name_gives_its_defaults() {
        let config = LearnerConfig::from_toml("learner = \"neural\"", "n.toml").unwrap();
        assert_eq!(config, LearnerConfig::named("neural").unwrap());
    }

    #[test]
    fn exploration_is_set_as_a_table_with_its_kind() {
        let text = "learner = \"ridge\"\nexploration = { kind = \"epsilon_greedy\", epsilon = 0.1 }";
        let LearnerConfig::Ridge(ridge) = LearnerConfig::from_toml(text, "r.toml").unwrap() else { panic!() };
        assert_eq!(ridge.exploration, Exploration::EpsilonGreedy { epsilon: 0.1 });
    }

    #[test]
    fn a_misspelt_key_an_unknown_learner_and_a_value_out_of_range_are_refused_by_name() {
        for (text, word) in [
            ("learner = \"neural\"\nepoch = 3", "epoch"),
            ("learner = \"forest\"", "forest"),
            ("learner = \"neural\"\nepochs = 0", "epochs is 0"),
            ("learner = \"neural\"\nrate = -1.0", "rate is -1"),
            ("learner = \"neural\"\nhidden = []", "hidden is []"),
            ("learner = \"ridge\"\npenalties = [-1.0]", "penalties is [-1.0]"),
            ("learner = \"ridge\"\nvalidation_share = 0.9", "validation_share is 0.9"),
            ("learner = \"ridge\"\nexploration = { kind = \"softmax\", temperature = 0.0 }", "temperature is 0"),
            ("learner = \"constant\"", "action"),
        ] {
            let error = LearnerConfig::from_toml(text, "x.toml").unwrap_err();
            assert_eq!(error.exit_code(), 12);
            assert!(error.to_string().contains(word) && error.to_string().contains("x.toml"), "{error}");
        }
    }
}
