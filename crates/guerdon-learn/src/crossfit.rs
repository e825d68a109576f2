//! Cross-fitted q̂(x, a): for each member, a model of net value that has never seen that member.

use crate::accumulate::{Plan, Sums, accumulate};
use crate::encoding::{Levels, fit_encoder};
use crate::linear::{LinearHeads, Shrinkage, choose_lambda, solve};
use crate::outcomes::Outcomes;
use crate::rows::for_fitting;
use guerdon_core::{Error, Progress, Result, Seed, Value, fold_of};
use guerdon_data::LogReader;
use guerdon_policy::Encoder;

/// Ridge per action on net value, by member folds (Chernozhukov et al. 2018): the model of fold k is fitted to the
/// members of all other folds.
///
/// The encoder's state (means, deviations, frequent names) comes from the contexts of all included members; outcomes
/// never enter it, so nothing of a member's outcomes reaches the model that predicts for that member. The penalty of
/// fold k's model is chosen on fold k + 1 by a fit to the remaining ones (with two folds: fixed at 0.1). An action that
/// the other folds never took gets what their actions share: their mean net value, adjusted for the context.
///
/// Memory while fitting: `folds · actions` matrices of `inputs²/2` doubles for those that have rows.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossFit {
    encoder: Encoder,
    models: Vec<LinearHeads>,
    penalties: Vec<f64>,
    seed: Seed,
}

/// The penalties to choose from, and how many rows the shared model counts for in an intercept.
const PENALTIES: [f64; 7] = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0];
const PRIOR_ROWS: f64 = 10.0;

impl CrossFit {
    /// Fits one model per fold to the members for whom `include` holds, in two passes over the log, which stays in memory
    /// between them if it takes no more than 128 MiB.
    ///
    /// # Errors
    /// [`Error::Config`] for fewer than 2 or more than 100 folds; [`Error::Empty`] if no member is included or one fold
    /// has all of them; errors of reading the log.
    pub fn fit(
        log: &LogReader,
        include: &dyn Fn(&str) -> bool,
        folds: usize,
        seed: Seed,
        progress: &dyn Progress,
    ) -> Result<Self> {
        Self::fit_to(&Outcomes::of(log), log, include, folds, seed, progress)
    }

    /// As [`CrossFit::fit`], of net value as `outcomes` count it.
    pub(crate) fn fit_to(
        outcomes: &Outcomes,
        log: &LogReader,
        include: &dyn Fn(&str) -> bool,
        folds: usize,
        seed: Seed,
        progress: &dyn Progress,
    ) -> Result<Self> {
        if !(2..=100).contains(&folds) {
            return Err(Error::config("cross-fitting", "folds", folds, "a whole number from 2 to 100 would do"));
        }
        let seed = seed.named("folds");
        let log = &for_fitting(log, progress)?;
        let encoder = fit_encoder(log, include, Levels::default(), progress)?;
        let actions = log.meta().catalogue.len();
        let plan = Plan {
            include,
            encoder: &encoder,
            targets: 1,
            fill: &|batch, row, out| out[0] = outcomes.net_of(batch, row),
            groups: folds * actions,
            assign: &|batch, row, groups| {
                groups.push((fold_of(seed, batch.member_id(row), folds) * actions + batch.action(row), 1.0));
            },
        };
        let sums = accumulate(log, &plan, progress)?;
        let fitted: Vec<_> = (0..folds).map(|fold| fit_fold(&sums, actions, folds, fold)).collect::<Result<_>>()?;
        let (models, penalties) = fitted.into_iter().unzip();
        Ok(CrossFit { encoder, models, penalties, seed })
    }

    /// Writes q̂(context, a), in major units, for every catalogue action a, from the model that never saw this member.
    /// Right for members that were not included too: no model saw them.
    ///
    /// # Shapes
    /// `context`: one value per feature in the environment's order; `out`: `[actions]`.
    pub fn predict(&self, member_id: &str, context: &[Value], out: &mut [f64]) {
        let mut x = vec![0.0; self.encoder.width()];
        self.encoder.encode(context, &mut x);
        self.models[self.fold(member_id)].predict(&x, out);
    }

    /// The fold of a member, and so the model that predicts for it.
    pub fn fold(&self, member_id: &str) -> usize {
        fold_of(self.seed, member_id, self.models.len())
    }

    /// How many folds there are.
    pub fn folds(&self) -> usize {
        self.models.len()
    }

    /// The penalty λ of each fold's model.
    pub fn penalties(&self) -> &[f64] {
        &self.penalties
    }
}

/// The model of one fold, from the sums of all others, and its penalty.
fn fit_fold(sums: &Sums, actions: usize, folds: usize, fold: usize) -> Result<(LinearHeads, f64)> {
    let mut lambda = 0.1;
    if folds > 2 {
        let judge = (fold + 1) % folds;
        let fitting = sums.over(actions, |part| part != fold && part != judge);
        let held_out = sums.over(actions, |part| part == judge);
        if fitting.iter().any(|moments| moments.weight() > 0.0) {
            (lambda, _) = choose_lambda(&fitting, &held_out, 0, &PENALTIES, PRIOR_ROWS, "cross-fitting")?;
        }
    }
    let others = sums.over(actions, |part| part != fold);
    Ok((solve(&others, Shrinkage { lambda, prior_rows: PRIOR_ROWS }, "cross-fitting")?, lambda))
}
