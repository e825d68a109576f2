//! A learner's configuration: what may be set, its defaults and ranges, checked once.

use crate::effects::EffectsConfig;
use crate::encoding::Levels;
use crate::lift::RandomFeatures;
use crate::neural_config::NeuralConfig;
use crate::policy_learning::PolicyConfig;
use crate::trees::TreesConfig;
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
    /// Ridge's model with a posterior, frozen as draws of it.
    BayesLinear(PosteriorConfig),
    /// Logistic regression per action with a Laplace posterior.
    Logistic(PosteriorConfig),
    /// A neural outcome model on burn.
    Neural(NeuralConfig),
    /// Gradient-boosted trees, one forest per head.
    Trees(TreesConfig),
    /// Effects of actions by an R-, X- or DR-learner, and a level.
    Effects(EffectsConfig),
    /// A stochastic policy, learned from the log directly.
    Policy(PolicyConfig),
    /// Always the same action.
    Constant(ConstantConfig),
    /// Any eligible action, evenly.
    Uniform(UniformConfig),
}

/// The quantile at which revenue is winsorised by default.
pub(crate) const WINSORIZE: f64 = 0.99;

/// What the actions' linear models have to do with each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actions {
    /// Nothing: each is shrunk towards no effect of the context (as in LinUCB with disjoint models, Li et al. 2010).
    Disjoint,
    /// Each is shrunk towards one model that all actions share (as in their hybrid models).
    Hybrid,
    /// Each is shrunk towards what its parts (kind, amount, timing and numbers) are worth in the other actions. An
    /// action that was never taken is valued by its parts.
    #[default]
    Factored,
}

/// Settings of the ridge learner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RidgeConfig {
    /// What the actions' models have to do with each other; default factored.
    pub actions: Actions,
    /// For factored actions, the shares ρ of an action's prior variance that its parts explain, to choose from together
    /// with λ; each in [0, 1], taken as at most 0.999. Default 0.5, 0.9, 0.99.
    pub relatedness: Vec<f64>,
    /// The λ to choose from, by the cross-validated squared error of net value; each at least 0, relative to the
    /// mean number of rows per action (see [`crate::Shrinkage`]). Default 0.001 to 10, a factor of about 3 apart.
    pub penalties: Vec<f64>,
    /// How many rows the model that all actions share counts for in an action's intercept; at least 0; default 10.
    pub prior_rows: f64,
    /// Share of the training members that is held out at a time to choose λ and ρ, each member once; in [0, 0.5]; default
    /// 0.2, which is five-fold cross-validation. At most 20 parts. At 0 the middle λ and the middle ρ are taken.
    pub validation_share: f64,
    /// Random features beside the encoded context; default none.
    pub random_features: RandomFeatures,
    /// Quantile, in [0.5, 1], of revenue among decisions that brought any: larger revenue counts as this much, and what is
    /// left is loaded in proportion, so that its sum stays what it was; default 0.99. At 1 revenue counts as it is, as
    /// money that went back always does.
    /// A little bias against actions that bring more of the largest purchases, for much less noise.
    pub winsorize: f64,
    /// Slots of categories.
    pub levels: Levels,
    /// How scores become probabilities; default greedy.
    pub exploration: Exploration,
}

impl Default for RidgeConfig {
    fn default() -> Self {
        RidgeConfig {
            actions: Actions::Factored,
            relatedness: vec![0.5, 0.9, 0.99],
            penalties: vec![0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0],
            prior_rows: 10.0,
            validation_share: 0.2,
            random_features: RandomFeatures::default(),
            winsorize: WINSORIZE,
            levels: Levels::default(),
            exploration: Exploration::Greedy,
        }
    }
}

/// Settings of the linear learners that have a posterior: `bayes_linear` and `logistic`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PosteriorConfig {
    /// What the actions' models have to do with each other; default factored.
    pub actions: Actions,
    /// As for ridge.
    pub relatedness: Vec<f64>,
    /// As for ridge.
    pub penalties: Vec<f64>,
    /// As for ridge.
    pub prior_rows: f64,
    /// As for ridge.
    pub validation_share: f64,
    /// Draws of the posterior that are frozen, in mirrored pairs, 0 to 1,000; 0 freezes its mean (logistic: its mode)
    /// alone. Default 20 for `bayes_linear`, 0 for `logistic`.
    pub draws: Option<usize>,
    /// How many standard deviations over the draws a score is lowered, in [0, 100]; default 0. Above 0 draws can't vote:
    /// votes don't go by scores.
    pub pessimism: f64,
    /// Random features beside the encoded context; default none.
    pub random_features: RandomFeatures,
    /// Quantile at which revenue is winsorised, as for ridge; default 0.99.
    pub winsorize: f64,
    /// Slots of categories.
    pub levels: Levels,
    /// How scores become probabilities; default the draws' vote (Thompson sampling) with a floor of 0.05, or greedy
    /// without draws or with pessimism.
    pub exploration: Option<Exploration>,
}

impl Default for PosteriorConfig {
    fn default() -> Self {
        let ridge = RidgeConfig::default();
        PosteriorConfig {
            actions: ridge.actions,
            relatedness: ridge.relatedness,
            penalties: ridge.penalties,
            prior_rows: ridge.prior_rows,
            validation_share: ridge.validation_share,
            draws: None,
            pessimism: 0.0,
            random_features: ridge.random_features,
            winsorize: ridge.winsorize,
            levels: ridge.levels,
            exploration: None,
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
            "bayes_linear" => Ok(LearnerConfig::BayesLinear(PosteriorConfig::default())),
            "logistic" => Ok(LearnerConfig::Logistic(PosteriorConfig::default())),
            "neural" => Ok(LearnerConfig::Neural(NeuralConfig::default())),
            "trees" => Ok(LearnerConfig::Trees(TreesConfig::default())),
            "effects" => Ok(LearnerConfig::Effects(EffectsConfig::default())),
            "policy" => Ok(LearnerConfig::Policy(PolicyConfig::default())),
            "uniform" => Ok(LearnerConfig::Uniform(UniformConfig {})),
            "constant" => {
                Err(Error::config("--learner", "learner", "constant", "give its action in a file: action = \"…\""))
            }
            other => Err(Error::config(
                "--learner",
                "learner",
                other,
                "there are ridge, bayes_linear, logistic, neural, trees, effects, policy, constant and uniform",
            )),
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
            LearnerConfig::BayesLinear(_) => "bayes_linear",
            LearnerConfig::Logistic(_) => "logistic",
            LearnerConfig::Neural(_) => "neural",
            LearnerConfig::Trees(_) => "trees",
            LearnerConfig::Effects(_) => "effects",
            LearnerConfig::Policy(_) => "policy",
            LearnerConfig::Constant(_) => "constant",
            LearnerConfig::Uniform(_) => "uniform",
        }
    }

    /// The quantile at which revenue is winsorised before it is learned from; `None` where nothing is learned.
    pub fn winsorize(&self) -> Option<f64> {
        match self {
            LearnerConfig::Ridge(config) => Some(config.winsorize),
            LearnerConfig::BayesLinear(config) | LearnerConfig::Logistic(config) => Some(config.winsorize),
            LearnerConfig::Neural(config) => Some(config.winsorize),
            LearnerConfig::Trees(config) => Some(config.winsorize),
            LearnerConfig::Effects(config) => Some(config.winsorize),
            LearnerConfig::Policy(config) => Some(config.winsorize),
            LearnerConfig::Constant(_) | LearnerConfig::Uniform(_) => None,
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
            LearnerConfig::BayesLinear(config) => config.check(crate::bayes_linear::DRAWS, &range),
            LearnerConfig::Logistic(config) => config.check(crate::logistic::DRAWS, &range),
            LearnerConfig::Neural(config) => config.check(&range),
            LearnerConfig::Trees(config) => config.check(&range),
            LearnerConfig::Effects(config) => config.check(&range),
            LearnerConfig::Policy(config) => config.check(&range),
            LearnerConfig::Constant(_) | LearnerConfig::Uniform(_) => Ok(()),
        }
    }
}

/// Names what is out of range.
pub(crate) struct Range<'a> {
    file: &'a str,
}

impl Range<'_> {
    pub(crate) fn hold(&self, key: &str, given: impl ToString, holds: bool, wanted: &str) -> Result<()> {
        if holds { Ok(()) } else { Err(Error::config(self.file, key, given, format!("{wanted} would do"))) }
    }

    pub(crate) fn within(&self, key: &str, value: f64, low: f64, high: f64) -> Result<()> {
        self.hold(key, value, value >= low && value <= high, &format!("a number from {low} to {high}"))
    }

    pub(crate) fn count(&self, key: &str, value: usize, low: usize, high: usize) -> Result<()> {
        self.hold(key, value, value >= low && value <= high, &format!("a whole number from {low} to {high}"))
    }

    fn pooling(&self, penalties: &[f64], relatedness: &[f64], prior_rows: f64, validation_share: f64) -> Result<()> {
        let usable = |lambda: &f64| *lambda >= 0.0 && lambda.is_finite();
        let holds = !penalties.is_empty() && penalties.iter().all(usable);
        self.hold("penalties", format!("{penalties:?}"), holds, "one or more finite numbers of at least 0")?;
        let shares = !relatedness.is_empty() && relatedness.iter().all(|rho| (0.0..=1.0).contains(rho));
        self.hold("relatedness", format!("{relatedness:?}"), shares, "one or more numbers from 0 to 1")?;
        self.within("prior_rows", prior_rows, 0.0, 1e9)?;
        self.within("validation_share", validation_share, 0.0, 0.5)
    }

    pub(crate) fn levels(&self, levels: &Levels) -> Result<()> {
        self.count("levels.most", levels.most, 1, 4096)
    }

    pub(crate) fn winsorize(&self, quantile: f64) -> Result<()> {
        self.within("winsorize", quantile, 0.5, 1.0)
    }

    pub(crate) fn exploration(&self, exploration: &Exploration) -> Result<()> {
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

impl PosteriorConfig {
    /// How many draws are frozen; `default` is the learner's.
    pub(crate) fn draws(&self, default: usize) -> usize {
        self.draws.unwrap_or(default)
    }

    /// How scores become probabilities where `draws` of the posterior are frozen.
    pub(crate) fn exploration(&self, draws: usize) -> Exploration {
        let votes = draws > 0 && self.pessimism == 0.0;
        let usual = if votes { Exploration::Vote { floor: 0.05 } } else { Exploration::Greedy };
        self.exploration.unwrap_or(usual)
    }

    fn check(&self, default_draws: usize, range: &Range) -> Result<()> {
        let draws = self.draws(default_draws);
        let exploration = self.exploration(draws);
        range.pooling(&self.penalties, &self.relatedness, self.prior_rows, self.validation_share)?;
        range.count("draws", draws, 0, 1000)?;
        range.within("pessimism", self.pessimism, 0.0, 100.0)?;
        let votes = matches!(exploration, Exploration::Vote { .. });
        let enough = draws > 0 || !(votes || self.pessimism > 0.0);
        range.hold("draws", draws, enough, "at least 1, for draws to vote or differ,")?;
        let heard = !(votes && self.pessimism > 0.0);
        range.hold("pessimism", self.pessimism, heard, "0 where draws vote, which does not go by scores,")?;
        self.random_features.check(range.file)?;
        range.winsorize(self.winsorize)?;
        range.levels(&self.levels)?;
        range.exploration(&exploration)
    }
}

impl RidgeConfig {
    fn check(&self, range: &Range) -> Result<()> {
        self.random_features.check(range.file)?;
        range.pooling(&self.penalties, &self.relatedness, self.prior_rows, self.validation_share)?;
        range.winsorize(self.winsorize)?;
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
            ("learner = \"neural\"\nrevenue = \"lognormal\"", "lognormal"),
            ("learner = \"neural\"\ntweedie_power = 2.5", "tweedie_power is 2.5"),
            ("learner = \"neural\"\nrevenue = \"tweedie\"\nposterior_draws = 9", "posterior_draws is 9"),
            ("learner = \"ridge\"\npenalties = [-1.0]", "penalties is [-1.0]"),
            ("learner = \"ridge\"\nvalidation_share = 0.9", "validation_share is 0.9"),
            ("learner = \"ridge\"\nexploration = { kind = \"softmax\", temperature = 0.0 }", "temperature is 0"),
            ("learner = \"ridge\"\nrelatedness = [1.5]", "relatedness is [1.5]"),
            ("learner = \"ridge\"\nactions = \"flat\"", "flat"),
            ("learner = \"bayes_linear\"\ndraws = 0\nexploration = { kind = \"vote\", floor = 0.1 }", "draws is 0"),
            (
                "learner = \"logistic\"\ndraws = 4\npessimism = 1.0\nexploration = { kind = \"vote\", floor = 0.1 }",
                "pessimism is 1",
            ),
            ("learner = \"logistic\"\nwinsorize = 0.1", "winsorize is 0.1"),
            ("learner = \"logistic\"\npessimism = 1.0", "draws is 0"),
            ("learner = \"ridge\"\nrandom_features = { count = 9999 }", "random_features.count is 9999"),
            ("learner = \"constant\"", "action"),
        ] {
            let error = LearnerConfig::from_toml(text, "x.toml").unwrap_err();
            assert_eq!(error.exit_code(), 12);
            assert!(error.to_string().contains(word) && error.to_string().contains("x.toml"), "{error}");
        }
    }
}
