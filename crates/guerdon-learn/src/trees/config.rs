//! Settings of the trees learner.

use crate::config::{Range, WINSORIZE};
use crate::encoding::Levels;
use guerdon_core::Result;
use guerdon_policy::Exploration;
use serde::{Deserialize, Serialize};

/// How predictions may depend on an action's amount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AmountShape {
    /// As the data say.
    #[default]
    Free,
    /// Never falling: of two actions that are alike but for the amount (or points), the larger one is never less
    /// likely to reach a stage or to pay, nor expected to bring less revenue. The net value may still fall.
    Monotone,
}

/// Settings of the trees learner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TreesConfig {
    /// Most trees of a head, 1 to 20,000; default 1,000.
    pub rounds: usize,
    /// Most splits between a tree's root and a leaf, 1 to 16; default 3. On bandit24 5 scores 0.949 instead of 0.946, on 10,000
    /// of its rows 0.694 instead of 0.768.
    pub depth: usize,
    /// How much of each tree is added, in (0, 1]; default 0.1.
    pub rate: f64,
    /// Share of the rows that each tree sees, in (0, 1]; default 0.5.
    pub subsample: f64,
    /// Share of the features that each tree sees, in (0, 1]; default 0.5.
    pub columns: f64,
    /// Least weight of a leaf for 100,000 fitting rows, at least 0; default 50. With n rows it is
    /// `min_child_weight · √(n / 100,000)`. A row weighs 1 in revenue and p(1 − p), at most 1/4, in a chance. With
    /// [`TreesConfig::l2`] it does most of the work against overfitting.
    pub min_child_weight: f64,
    /// How many rows' weight draws each leaf towards 0, at least 0; default 20.
    pub l2: f64,
    /// Bins of a number's histogram, 2 to 4,096; default 64.
    pub bins: usize,
    /// Stop a head after this many trees without a better validation loss, at least 1; default 50.
    pub patience: usize,
    /// Share of the training members whose loss chooses how many trees are kept; in [0, 0.5]; default 0.15. At 0 all
    /// [`TreesConfig::rounds`] are.
    pub validation_share: f64,
    /// Whether the forests are grown once more on all training members, with the number of trees that was chosen (in
    /// proportion to the rows: the same number over `1 − validation_share`); default true. Costs that much again.
    pub refit: bool,
    /// `"free"` or `"monotone"`; default free. Monotone leaves the action's index out.
    pub amount: AmountShape,
    /// Whether each action is a feature of its own too; default false. For catalogues whose actions differ in ways
    /// that kind, amount and timing do not tell.
    pub action_index: bool,
    /// Quantile at which revenue is winsorised, as for ridge; default 0.99.
    pub winsorize: f64,
    /// Slots of categories.
    pub levels: Levels,
    /// How scores become probabilities; default greedy.
    pub exploration: Exploration,
}

impl Default for TreesConfig {
    fn default() -> Self {
        TreesConfig {
            rounds: 1000,
            depth: 3,
            rate: 0.1,
            subsample: 0.5,
            columns: 0.5,
            min_child_weight: 50.0,
            l2: 20.0,
            bins: 64,
            patience: 50,
            validation_share: 0.15,
            refit: true,
            amount: AmountShape::Free,
            action_index: false,
            winsorize: WINSORIZE,
            levels: Levels::default(),
            exploration: Exploration::Greedy,
        }
    }
}

impl TreesConfig {
    pub(crate) fn check(&self, range: &Range) -> Result<()> {
        range.count("rounds", self.rounds, 1, 20_000)?;
        range.count("depth", self.depth, 1, 16)?;
        for (key, share) in [("rate", self.rate), ("subsample", self.subsample), ("columns", self.columns)] {
            range.hold(key, share, share > 0.0 && share <= 1.0, "a number above 0, up to 1,")?;
        }
        range.within("min_child_weight", self.min_child_weight, 0.0, 1e9)?;
        range.within("l2", self.l2, 0.0, 1e9)?;
        range.count("bins", self.bins, 2, 4096)?;
        range.count("patience", self.patience, 1, 20_000)?;
        range.within("validation_share", self.validation_share, 0.0, 0.5)?;
        range.winsorize(self.winsorize)?;
        range.levels(&self.levels)?;
        range.exploration(&self.exploration)
    }
}
