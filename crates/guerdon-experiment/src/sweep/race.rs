//! Dropping settings that the first folds show to be worse: successive halving (Jamieson & Talwalkar 2016) with folds as
//! the resource, and a paired test before anything is dropped, as in racing (Maron & Moore 1994; Birattari et al. 2002).

use super::folds::Trainings;
use super::trial::Trial;
use crate::evaluate::NamedTarget;
use guerdon_core::{Progress, Result};
use guerdon_ope::Estimator;
use guerdon_ope::selection::{Multiplicity, Pair};
use serde::{Deserialize, Serialize};

/// Why a trial was not tried on all folds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dropped {
    /// After how many folds.
    pub after_folds: usize,
    /// The trial that it lay behind.
    pub behind: String,
    /// By how much, in net value per decision on those folds, in major units.
    pub by: f64,
    /// One-sided p-value of the paired difference, this pair alone.
    pub p: f64,
}

/// Looks at the first `done` folds, and says which of `alive` (by place) to drop: those that lie behind the leader by a
/// paired difference whose one-sided p-value, clustered by member, is at most 1 − confidence; the worst first, and no more
/// than half of those alive. Never dropped: the file's own settings, so that what the search gained is known, and trials
/// that the log can't carry on those folds, of which nothing is known yet.
pub(crate) fn race(
    trainings: &Trainings<'_>,
    alive: &[&Trial],
    done: usize,
    (estimator, confidence): (Estimator, f64),
    progress: &dyn Progress,
) -> Result<Vec<(usize, Dropped)>> {
    let mut targets: Vec<(usize, NamedTarget)> = vec![];
    for (place, trial) in alive.iter().enumerate() {
        if let Ok(target) = trainings.target(trial, done)? {
            targets.push((place, target));
        }
    }
    let folds = trainings.folds;
    let seen = trainings.log.restricted_to(move |member| folds.of(member) < done)?;
    let evaluator = trainings.evaluator.on(&seen);
    let named: Vec<NamedTarget> = targets.iter().map(|(_, target)| target.clone()).collect();
    let valued = evaluator.evaluate(&named, &[], progress)?;
    let ok = |index: usize| valued[index].estimate(estimator).is_some_and(|estimate| estimate.is_ok());
    let (places, carried): (Vec<usize>, Vec<NamedTarget>) =
        targets.into_iter().enumerate().filter(|(index, _)| ok(*index)).map(|(_, target)| target).unzip();
    if carried.len() < 2 {
        return Ok(vec![]);
    }
    let compared = evaluator.compare(&carried, estimator, Multiplicity::Bonferroni, progress)?;
    let leader = compared.ranking[0];
    let behind = |pair: &Pair| pair.difference > 0.0 && pair.p_raw / 2.0 <= 1.0 - confidence;
    let worst_first = compared.ranking.iter().rev();
    let losers = worst_first.filter_map(|other| compared.pair(leader, *other)).filter(behind);
    Ok(losers
        .map(|pair| (places[pair.second], pair))
        .filter(|(place, _)| !alive[*place].drawn.is_empty())
        .take(alive.len() / 2)
        .map(|(place, pair)| {
            let behind = compared.candidates[leader].name.clone();
            (place, Dropped { after_folds: done, behind, by: pair.difference, p: pair.p_raw / 2.0 })
        })
        .collect())
}
