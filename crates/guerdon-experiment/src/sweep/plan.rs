//! How a sweep searches, as the experiment file says.

use guerdon_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// `[sweep]` of an experiment file.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SweepPlan {
    /// Folds over members, 2 to 50; default 5. A policy is trained on all folds but one and valued on that one.
    pub folds: usize,
    /// Draws from each search space, 0 to 10,000; default 8. The file's own settings are tried beside them. With 0 the
    /// learners are compared as they stand.
    pub trials: usize,
    /// Whether settings that the first folds show to be worse are dropped; default false.
    pub halving: bool,
}

impl Default for SweepPlan {
    fn default() -> Self {
        SweepPlan { folds: 5, trials: 8, halving: false }
    }
}

impl SweepPlan {
    /// Whether nothing is set.
    pub fn is_default(&self) -> bool {
        *self == SweepPlan::default()
    }

    /// Checks every range; `file` names the source in errors.
    ///
    /// # Errors
    /// [`Error::Config`] with the key, the value and the range.
    pub fn check(&self, file: &str) -> Result<()> {
        if !(2..=50).contains(&self.folds) {
            return Err(Error::config(file, "sweep.folds", self.folds, "2 to 50 folds"));
        }
        if self.trials > 10_000 {
            return Err(Error::config(file, "sweep.trials", self.trials, "0 to 10000 draws from each search space"));
        }
        Ok(())
    }
}
