//! One trial on one fold: trained on the members of all other folds, valued on its own.

use super::folder::SweepFolder;
use super::trial::Trial;
use crate::evaluate::{Evaluator, Folded, NamedTarget, Role, Target};
use crate::folder::{read_json, write_json};
use crate::run::placed;
use crate::workers::side_by_side;
use guerdon_core::{Error, MemberSplit, NoProgress, Progress, Result, Seed, fold_of};
use guerdon_data::LogReader;
use guerdon_learn::{Device, TrainOptions};
use guerdon_ope::Estimate;
use guerdon_policy::Policy;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which fold each member is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Folds {
    /// The seed of the folds.
    pub seed: Seed,
    /// How many there are.
    pub count: usize,
}

impl Folds {
    pub(crate) fn of(self, member: &str) -> usize {
        fold_of(self.seed, member, self.count)
    }
}

/// What one trial gave on one fold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoldResult {
    /// The fold, from 0.
    pub fold: usize,
    /// The trial, with all its settings.
    pub trial: Trial,
    /// The version of the policy that was learnt from the other folds; absent where training gave no usable one.
    pub policy: Option<String>,
    /// Decisions it was trained on.
    pub rows: u64,
    /// Members it was trained on.
    pub members: u64,
    /// What it is worth on this fold alone, by the headline estimator: net value per decision in major units.
    pub estimate: Option<Estimate>,
    /// Why there is no policy.
    pub failed: Option<String>,
}

/// What every training of a sweep shares.
pub(crate) struct Trainings<'a> {
    pub log: &'a LogReader,
    pub folds: Folds,
    pub evaluator: &'a Evaluator<'a>,
    pub folder: &'a SweepFolder,
    pub seed: Seed,
    pub device: Device,
    pub jobs: usize,
}

impl Trainings<'_> {
    /// Trains `trials` on `folds`, side by side, but for those of which a result lies in the folder.
    pub(crate) fn run(&self, trials: &[&Trial], folds: &[usize], progress: &dyn Progress) -> Result<()> {
        trials.iter().try_for_each(|trial| self.folder.make_trial(&trial.name))?;
        // Fold by fold, so that a sweep that is stopped has tried everything alike.
        let all = folds.iter().flat_map(|fold| trials.iter().map(|trial| (*trial, *fold)));
        let open: Vec<(&Trial, usize)> = all.filter(|(trial, fold)| !self.done(trial, *fold)).collect();
        progress.start("training", Some(open.len() as u64));
        side_by_side(open.len(), self.jobs, &|piece| {
            let (trial, fold) = open[piece];
            write_json(&self.folder.result(&trial.name, fold), &self.train(trial, fold)?)?;
            progress.note(&format!("{} fold {fold}", trial.name));
            progress.advance(1);
            Ok(())
        })?;
        progress.finish();
        Ok(())
    }

    /// Whether the folder holds the result of these very settings: an older build may have drawn others for this name.
    fn done(&self, trial: &Trial, fold: usize) -> bool {
        self.result(trial, fold).is_ok_and(|result| {
            let same = (&result.trial.config, result.trial.reach) == (&trial.config, trial.reach);
            same && (result.failed.is_some() || self.folder.policy(&trial.name, fold).is_file())
        })
    }

    /// What lies in the folder for this trial and fold.
    pub(crate) fn result(&self, trial: &Trial, fold: usize) -> Result<FoldResult> {
        read_json(&self.folder.result(&trial.name, fold))
    }

    fn train(&self, trial: &Trial, fold: usize) -> Result<FoldResult> {
        let folds = self.folds;
        let (seen, unseen) = (
            self.log.restricted_to(move |member| folds.of(member) != fold)?,
            self.log.restricted_to(move |member| folds.of(member) == fold)?,
        );
        // All trials of a learner start from the same draws, so that they differ by their settings alone. A learner that is
        // held against another has draws of its own.
        let seed = self.seed.named("train").named(&trial.learner).indexed(fold as u64);
        let split = MemberSplit { seed: folds.seed, train_share: 1.0 };
        let options =
            TrainOptions { device: self.device, name: Some(trial.name.clone()), ..TrainOptions::new(seed, split) };
        let mut result =
            FoldResult { fold, trial: trial.clone(), policy: None, rows: 0, members: 0, estimate: None, failed: None };
        let policy = match guerdon_learn::train(&seen, &trial.config, &options, &NoProgress) {
            Ok(trained) => placed(trained.policy, trial.reach)?,
            Err(Error::Training { reason, .. }) => return Ok(FoldResult { failed: Some(reason), ..result }),
            Err(error) => return Err(error),
        };
        policy.save(&self.folder.policy(&trial.name, fold))?;
        result.policy = Some(policy.version().to_owned());
        if let Some(training) = &policy.parts().training {
            (result.rows, result.members) = (training.rows, training.members);
        }
        let target = learner_target(&trial.name, Target::Policy(Box::new(policy)));
        let valued = self.evaluator.on(&unseen).evaluate(&[target], &[], &NoProgress)?;
        result.estimate = valued.into_iter().flat_map(|valued| valued.estimates).next();
        Ok(result)
    }

    /// The trial's policies of the first `done` folds as one target, or why a training failed.
    pub(crate) fn target(&self, trial: &Trial, done: usize) -> Result<Result<NamedTarget, String>> {
        let mut policies = vec![];
        for fold in 0..done {
            if let Some(reason) = self.result(trial, fold)?.failed {
                return Ok(Err(format!("training without fold {fold} gave no usable policy: {reason}")));
            }
            policies.push(Policy::load(&self.folder.policy(&trial.name, fold))?);
        }
        Ok(Ok(learner_target(&trial.name, self.folded(policies))))
    }

    /// One policy a fold as one target.
    pub(crate) fn folded(&self, policies: Vec<Policy>) -> Target {
        Target::Folded(Arc::new(Folded { seed: self.folds.seed, folds: self.folds.count, policies }))
    }
}

fn learner_target(name: &str, target: Target) -> NamedTarget {
    NamedTarget { name: name.to_owned(), role: Role::Learner, target }
}
