//! Policies with the members that each may be valued on: one with its hold-out, or one a fold.

use crate::evaluate::held_out_of;
use crate::workers::side_by_side;
use guerdon_core::{Error, MemberSplit, NoProgress, Progress, Result, Seed, fold_of};
use guerdon_data::{LogMeta, LogReader};
use guerdon_learn::{Device, LearnerConfig, TrainOptions, train};
use guerdon_policy::Policy;
use std::sync::{Arc, OnceLock};

/// Tells which policy, if any, may be valued on a member's decisions.
pub(super) type Values = Arc<dyn Fn(&str) -> Option<usize> + Send + Sync>;

/// One learner's policies, each with members that its training did not see.
#[derive(Clone)]
pub struct Arms {
    /// The name in results.
    pub name: String,
    pub(super) policies: Vec<Policy>,
    pub(super) values: Values,
}

impl Arms {
    /// One policy, valued on the members that its training held out; on all members if it was trained on other data.
    pub fn held_out(name: &str, policy: Policy, meta: &LogMeta) -> Arms {
        let split = held_out_of(&policy, meta);
        let values = move |member: &str| split.is_none_or(|split| !split.is_train(member)).then_some(0);
        Arms { name: name.to_owned(), policies: vec![policy], values: Arc::new(values) }
    }

    /// Trains one policy a fold on the members of all other folds; each is valued on its own fold, so that every decision
    /// of the log counts once (cross-fitting by member).
    ///
    /// # Errors
    /// [`Error::Config`] for fewer than 2 or more than 100 folds; what training gives.
    pub fn cross_fitted(
        log: &LogReader,
        name: &str,
        config: &LearnerConfig,
        folds: usize,
        seed: Seed,
        device: Device,
        progress: &dyn Progress,
    ) -> Result<Arms> {
        if !(2..=100).contains(&folds) {
            return Err(Error::config("frontier", "--folds", folds, "a whole number from 2 to 100 would do"));
        }
        let by = seed.named("frontier folds");
        let policies: Vec<OnceLock<Policy>> = (0..folds).map(|_| OnceLock::new()).collect();
        progress.start(&format!("train {name}"), Some(folds as u64));
        side_by_side(folds, rayon::current_num_threads(), &|fold| {
            let others = log.restricted_to(move |member| fold_of(by, member, folds) != fold)?;
            let everyone = MemberSplit { seed: by, train_share: 1.0 };
            // Learners of one kind start from the same draws, and differ by their settings alone.
            let draws = seed.named("train").named(config.name()).named(&fold.to_string());
            let options = TrainOptions { device, name: Some(name.to_owned()), ..TrainOptions::new(draws, everyone) };
            let trained = train(&others, config, &options, &NoProgress)?;
            trained.remarks.iter().for_each(|remark| progress.remark(&format!("{name}, fold {fold}: {remark}")));
            policies[fold].get_or_init(|| trained.policy);
            progress.advance(1);
            Ok(())
        })?;
        progress.finish();
        let policies = policies.into_iter().filter_map(OnceLock::into_inner).collect();
        let values = move |member: &str| Some(fold_of(by, member, folds));
        Ok(Arms { name: name.to_owned(), policies, values: Arc::new(values) })
    }

    /// The log of the members on whom a policy is priced: those that it is not valued on, or all where there are no others.
    pub(super) fn pricing(&self, log: &LogReader, arm: usize) -> Result<LogReader> {
        let values = self.values.clone();
        match log.restricted_to(move |member| values(member) != Some(arm)) {
            Err(Error::Empty { .. }) => Ok(log.clone()),
            found => found,
        }
    }
}
