//! The base: q̂ of every head and action, from a model per fold that never saw the fold's members.

use super::{Base, EffectsConfig};
use crate::linear::{LinearHeads, Shrinkage, choose_lambda, solve};
use crate::moments::Moments;
use crate::table::Table;
use crate::trees;
use crate::trees::{Task, TreesConfig, action_features};
use guerdon_core::{Catalogue, Error, Progress, Result, Seed};
use rayon::prelude::*;

/// One model per fold.
pub(crate) enum Bases {
    Ridge(Vec<LinearHeads>),
    Trees(Vec<trees::Fitted>),
}

/// What ridge chooses from, and how many rows the shared model counts for in an intercept.
const PENALTIES: [f64; 5] = [0.01, 0.1, 0.3, 1.0, 3.0];
const PRIOR_ROWS: f64 = 10.0;

impl Bases {
    /// Fits one model per fold to the rows of all others.
    ///
    /// # Errors
    /// [`Error::Training`] where one fold has all rows.
    pub fn fit(
        table: &Table,
        catalogue: &Catalogue,
        config: &EffectsConfig,
        seed: Seed,
        progress: &dyn Progress,
    ) -> Result<Self> {
        if (0..config.folds).any(|fold| table.part.iter().all(|part| usize::from(*part) == fold)) {
            return Err(Error::Training {
                learner: "effects".into(),
                reason: "one fold has all members; effects need more members, or more folds".into(),
            });
        }
        match config.base {
            Base::Ridge => Ok(Bases::Ridge(ridges(table, config.folds)?)),
            Base::Trees => {
                progress.start("base", Some(config.folds as u64));
                let fit = |fold: usize| -> Result<trees::Fitted> {
                    let one = forest(table, catalogue, &config.trees, fold, seed.indexed(fold as u64));
                    progress.advance(1);
                    one
                };
                let all = (0..config.folds).map(fit).collect::<Result<_>>()?;
                progress.finish();
                Ok(Bases::Trees(all))
            }
        }
    }

    /// q̂ of `rows` by the model of `fold`.
    ///
    /// # Shapes
    /// The result: `[rows][heads * actions]`.
    ///
    /// # Errors
    /// [`Error::Internal`] if hessboost refuses.
    pub fn outcomes(&self, fold: usize, table: &Table, rows: &[usize]) -> Result<Vec<f64>> {
        match self {
            Bases::Ridge(models) => {
                let width = table.heads * table.actions;
                let mut all = vec![0.0; rows.len() * width];
                for (row, out) in rows.iter().zip(all.chunks_exact_mut(width)) {
                    models[fold].predict(table.context(*row), out);
                }
                Ok(all)
            }
            Bases::Trees(models) => {
                let x: Vec<f32> = rows.iter().flat_map(|row| table.context(*row)).copied().collect();
                models[fold].outcomes(&x, rows.len())
            }
        }
    }
}

/// Ridge per action for all heads; fold k's penalty is the one that does best for revenue on fold k + 1 (with two folds
/// the middle one).
fn ridges(table: &Table, folds: usize) -> Result<Vec<LinearHeads>> {
    let sums: Vec<Vec<Moments>> = (0..folds).into_par_iter().map(|fold| fold_sums(table, fold)).collect();
    let over = |which: &dyn Fn(usize) -> bool| -> Vec<Moments> {
        let mut all = vec![Moments::new(table.inputs, table.heads); table.actions];
        for (_, sums) in sums.iter().enumerate().filter(|(fold, _)| which(*fold)) {
            all.iter_mut().zip(sums).for_each(|(sum, one)| sum.merge(one));
        }
        all
    };
    let fit = |fold: usize| -> Result<LinearHeads> {
        let judge = (fold + 1) % folds;
        let fitting = over(&|other| other != fold && other != judge);
        let mut lambda = PENALTIES[PENALTIES.len() / 2];
        if fitting.iter().any(|moments| moments.weight() > 0.0) {
            let held_out = over(&|other| other == judge);
            (lambda, _) = choose_lambda(&fitting, &held_out, table.heads - 1, &PENALTIES, PRIOR_ROWS, "effects")?;
        }
        solve(&over(&|other| other != fold), Shrinkage { lambda, prior_rows: PRIOR_ROWS }, "effects")
    };
    (0..folds).map(fit).collect()
}

fn fold_sums(table: &Table, fold: usize) -> Vec<Moments> {
    let mut sums = vec![Moments::new(table.inputs, table.heads); table.actions];
    let mut y = vec![0.0; table.heads];
    for row in table.rows_where(|row| usize::from(table.part[row]) == fold) {
        y.iter_mut().zip(table.targets_of(row)).for_each(|(y, target)| *y = f64::from(*target));
        sums[usize::from(table.action[row])].add(table.context(row), &y, 1.0);
    }
    sums
}

fn forest(
    table: &Table,
    catalogue: &Catalogue,
    config: &TreesConfig,
    fold: usize,
    seed: Seed,
) -> Result<trees::Fitted> {
    let features = action_features(catalogue, config.action_index);
    let task = Task { table, features: &features, config };
    let others = table.rows_where(|row| usize::from(table.part[row]) != fold);
    let matrices = task.matrices(&others, None, None)?;
    let boosters = (0..table.heads)
        .map(|head| Ok(task.boost(&matrices, head, seed.indexed(head as u64))?.0))
        .collect::<Result<_>>()?;
    let (inputs, revenue_stage) = (table.inputs, table.revenue_stage);
    Ok(trees::Fitted { boosters, features, inputs, revenue_stage, metrics: vec![] })
}
