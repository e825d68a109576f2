//! The best constant offer, chosen where its value is not measured.

use super::folds::Trainings;
use crate::evaluate::{Evaluator, NamedTarget, Options, Role, Target};
use crate::run::{best_constant, constant_name};
use guerdon_core::{NoProgress, Result};
use guerdon_data::LogReader;
use guerdon_ope::Estimator;

/// The name in results of the constant offer that the other folds recommend.
pub const BEST_CONSTANT: &str = "best constant";

/// The constant offer (other than `none`) of highest value on the members that `log` shows, by SNIPS: an estimator that
/// needs no model, so that no outcome of other members reaches the choice through q̂. None where the log carries none.
pub(crate) fn chosen_on(log: &LogReader, constants: &[NamedTarget], options: &Options) -> Result<Option<String>> {
    let options = Options { estimators: vec![Estimator::Snips], held_out_of: None, ..options.clone() };
    let valued = Evaluator::new(log, options, &NoProgress)?.evaluate(constants, &[], &NoProgress)?;
    Ok(best_constant(&valued, Estimator::Snips).map(|best| best.name.clone()))
}

/// For each fold the constant offer that the other folds recommend.
pub(crate) fn by_fold(
    trainings: &Trainings<'_>,
    constants: &[NamedTarget],
    options: &Options,
) -> Result<Vec<Option<String>>> {
    let folds = trainings.folds;
    (0..folds.count)
        .map(|fold| {
            let others = trainings.log.restricted_to(move |member| folds.of(member) != fold)?;
            chosen_on(&others, constants, options)
        })
        .collect()
}

/// Those offers as one target; none where a fold has none.
pub(crate) fn target(
    trainings: &Trainings<'_>,
    constants: &[NamedTarget],
    by_fold: &[Option<String>],
) -> Option<NamedTarget> {
    let policies = by_fold.iter().map(|name| {
        let target = constants.iter().find(|target| Some(&target.name) == name.as_ref())?;
        target.target.policies().first().cloned()
    });
    let target: Target = trainings.folded(policies.collect::<Option<Vec<_>>>()?);
    Some(NamedTarget { name: BEST_CONSTANT.into(), role: Role::Constant, target })
}

/// Whether `name` is the policy that never makes an offer.
pub(crate) fn is_none(name: &str) -> bool {
    name == constant_name(guerdon_core::NONE)
}
