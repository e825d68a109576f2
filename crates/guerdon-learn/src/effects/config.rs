//! Settings of the effects learner.

use crate::config::{Range, WINSORIZE};
use crate::encoding::Levels;
use crate::trees::TreesConfig;
use guerdon_core::Result;
use guerdon_policy::Exploration;
use serde::{Deserialize, Serialize};

/// How effects are learned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Residual on residual (Nie & Wager 2021).
    #[default]
    R,
    /// Imputed effects, on either side (Künzel et al. 2019).
    X,
    /// Regression of doubly robust pseudo-outcomes (Kennedy 2023).
    Dr,
}

/// What predicts outcomes before effects are learned from what it leaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// Ridge per action.
    #[default]
    Ridge,
    /// Boosted trees.
    Trees,
}

/// Settings of the effects learner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EffectsConfig {
    /// `"r"`, `"x"` or `"dr"`; default r.
    pub method: Method,
    /// `"ridge"` or `"trees"`; default ridge.
    pub base: Base,
    /// Folds over members, 2 to 20; default 5: a row's base never saw its member, and penalties are chosen across them.
    pub folds: usize,
    /// The λ to choose from, for each head by itself, by the loss of the method on held-out folds; each above 0,
    /// relative to the mean number of rows per action. At 1 a slope has half its size, at 1,000 an action's effect is
    /// nearly the same for everybody. Default 0.03 to 1,000.
    pub penalties: Vec<f64>,
    /// How much of an effect's slopes actions are thought to have in common through kind, amount and timing, in
    /// [0, 0.99]; default 0.7. Methods r and dr; x shrinks towards the mean of all actions.
    pub sharing: f64,
    /// Quantile at which revenue is winsorised, as for ridge; default 0.99.
    pub winsorize: f64,
    /// The base's settings if it is `"trees"`. Two count for nothing: the validation share, since all its rounds are kept,
    /// and the quantile of revenue, which is that of the effects. Default as of the learner `trees` with 200 rounds.
    pub trees: TreesConfig,
    /// Slots of categories.
    pub levels: Levels,
    /// How scores become probabilities; default greedy.
    pub exploration: Exploration,
}

impl Default for EffectsConfig {
    fn default() -> Self {
        EffectsConfig {
            method: Method::R,
            base: Base::Ridge,
            folds: 5,
            penalties: vec![0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0],
            sharing: 0.7,
            winsorize: WINSORIZE,
            trees: TreesConfig { rounds: 200, ..TreesConfig::default() },
            levels: Levels::default(),
            exploration: Exploration::Greedy,
        }
    }
}

impl EffectsConfig {
    pub(crate) fn check(&self, range: &Range) -> Result<()> {
        range.count("folds", self.folds, 2, 20)?;
        let usable = |lambda: &f64| *lambda > 0.0 && lambda.is_finite();
        let holds = !self.penalties.is_empty() && self.penalties.iter().all(usable);
        range.hold("penalties", format!("{:?}", self.penalties), holds, "one or more finite numbers above 0")?;
        range.within("sharing", self.sharing, 0.0, 0.99)?;
        range.winsorize(self.winsorize)?;
        self.trees.check(range)?;
        range.levels(&self.levels)?;
        range.exploration(&self.exploration)
    }
}
