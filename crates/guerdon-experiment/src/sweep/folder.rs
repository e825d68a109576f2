//! Where each file of a sweep lies.

use crate::folder::make;
use guerdon_core::Result;
use std::path::{Path, PathBuf};

/// A sweep's folder: `<out>/<experiment>/sweep-<hash>`.
#[derive(Debug, Clone)]
pub struct SweepFolder {
    root: PathBuf,
}

impl SweepFolder {
    /// The folder at `root`, made if need be.
    pub(crate) fn create(root: PathBuf) -> Result<Self> {
        make(&root)?;
        Ok(SweepFolder { root })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What the sweep found; written last.
    pub fn trials(&self) -> PathBuf {
        self.root.join("trials.json")
    }

    /// The winner's settings, as `guerdon train --config` takes them.
    pub fn best(&self) -> PathBuf {
        self.root.join("best.toml")
    }

    /// The winner, trained on all members that the sweep saw.
    pub fn best_policy(&self) -> PathBuf {
        self.root.join("best.safetensors")
    }

    /// The audit's findings.
    pub(crate) fn audit(&self) -> PathBuf {
        self.root.join("audit.json")
    }

    /// Which fold each member is in: Parquet, `member_id, fold`. Written first.
    pub fn folds(&self) -> PathBuf {
        self.root.join("folds.parquet")
    }

    /// What one trial gave on one fold; written after its policy, so that it marks a finished training.
    pub fn result(&self, trial: &str, fold: usize) -> PathBuf {
        self.root.join("folds").join(trial).join(format!("fold-{fold}.json"))
    }

    /// The policy that one trial learnt from all folds but this one.
    pub fn policy(&self, trial: &str, fold: usize) -> PathBuf {
        self.root.join("folds").join(trial).join(format!("fold-{fold}.safetensors"))
    }

    /// Makes the folder of one trial.
    pub(crate) fn make_trial(&self, trial: &str) -> Result<()> {
        make(&self.root.join("folds").join(trial))
    }
}
