//! Effects of actions: what an action adds, learned apart from the level that it is added to.
//!
//! A base model of every head (ridge or trees) is cross-fitted by member folds; effects are learned from what it leaves,
//! by one of three methods, and are linear in the encoded context. A level, linear too, is then fitted to the outcomes
//! less the effect of the action taken, so that the frozen policy is a plain linear model with
//! head_a(x) = level(x) + τ_a(x).
//!
//! - `r` ([`residual`]): y − m(x) ≈ Σ_a (1\[A = a\] − e_a(x)) τ_a(x), the R-learner of Nie & Wager (2021, eq. 4) with a
//!   vector of treatments; m(x) = Σ_a e_a(x) q̂_a(x).
//! - `dr` ([`doubly`]): regression of Γ_a = q̂_a(x) + 1\[A = a\] (y − q̂_a(x)) / p, the DR-learner of Kennedy (2023)
//!   with p the logged propensity; Γ_a is held against the mean of all actions' Γ.
//! - `x` ([`crossed`]): the X-learner of Künzel et al. (2019), each action against `none`.
//!
//! Where actions were not always eligible, sums and means over actions are over those that were: e_a(x) is 0 for the others,
//! and nothing is imputed for them.
//!
//! Each head's slopes are shrunk, towards none (an action's effect is then a constant) and towards what alike actions
//! share ([`prior`]), by a penalty that the held-out folds choose: the noisier a head, the harder.

mod base;
mod choose;
mod config;
mod crossed;
mod doubly;
mod level;
mod prior;
mod residual;
mod shares;

pub use config::{Base, EffectsConfig, Method};

use crate::linear::LinearHeads;
use crate::table::Table;
use base::Bases;
use choose::{Chosen, choose};
use guerdon_core::{Progress, Result, Seed, fold_of};
use guerdon_data::LogMeta;
use guerdon_neural::Metric;
use prior::Prior;
use rayon::prelude::*;
use shares::Shares;

/// Effects and level as one linear model, and what was tried.
pub(crate) struct Fitted {
    pub heads: LinearHeads,
    pub metrics: Vec<Metric>,
}

/// Rows that are worked on at once.
const BLOCK: usize = 4096;

/// The fold of a member, as a part of the table.
pub(crate) fn folds(seed: Seed, folds: usize) -> impl Fn(&str) -> u8 {
    let seed = seed.named("effects").named("folds");
    move |member| fold_of(seed, member, folds) as u8
}

/// Learns effects and level; the table's parts are the folds.
///
/// # Errors
/// [`guerdon_core::Error::Training`] where a fold has all rows, where method x has no action `none`, or where the method
/// would need too large a matrix.
pub(crate) fn fit(
    table: &Table,
    meta: &LogMeta,
    config: &EffectsConfig,
    seed: Seed,
    progress: &dyn Progress,
) -> Result<Fitted> {
    let task = Task {
        table,
        folds: config.folds,
        bases: Bases::fit(table, &meta.catalogue, config, seed.named("effects"), progress)?,
        shares: Shares::of(table, meta.catalogue.names())?,
        none: meta.catalogue.none(),
    };
    if task.shares.estimated() {
        progress.remark("shares of actions estimated from logged propensities");
    }
    let prior = Prior::new(&meta.catalogue, config.sharing)?;
    progress.start("effects", Some(config.folds as u64));
    let chosen = match config.method {
        Method::R => choose(&task.sums(residual::sums)?, &prior, config, task.table.heads)?,
        Method::Dr if table.masked() => choose(&task.sums(doubly::masked_sums)?, &prior, config, task.table.heads)?,
        Method::Dr => choose(&task.sums(doubly::sums)?, &prior, config, task.table.heads)?,
        Method::X => choose(&task.sums(crossed::sums)?, &prior, config, task.table.heads)?,
    };
    progress.finish();
    let heads = level::add(table, chosen.effects.clone())?;
    Ok(Fitted { metrics: metrics(config, &chosen), heads })
}

/// What every method works from.
pub(crate) struct Task<'a> {
    pub table: &'a Table,
    pub folds: usize,
    pub bases: Bases,
    pub shares: Shares,
    pub none: Option<usize>,
}

impl Task<'_> {
    /// The sums of every fold, folds side by side, each one's rows in order.
    fn sums<S: Send>(&self, of_fold: impl Fn(&Task, usize, &[usize]) -> Result<S> + Sync) -> Result<Vec<S>> {
        (0..self.folds)
            .into_par_iter()
            .map(|fold| of_fold(self, fold, &self.table.rows_where(|row| usize::from(self.table.part[row]) == fold)))
            .collect()
    }

    /// Calls `f` with each of `rows` and q̂ of every head and action for it, `[heads * actions]`, from the base that
    /// never saw fold `fold`.
    fn each(&self, fold: usize, rows: &[usize], mut f: impl FnMut(usize, &[f64])) -> Result<()> {
        for block in rows.chunks(BLOCK) {
            let q_hat = self.bases.outcomes(fold, self.table, block)?;
            let width = self.table.heads * self.table.actions;
            block.iter().zip(q_hat.chunks_exact(width)).for_each(|(row, q_hat)| f(*row, q_hat));
        }
        Ok(())
    }
}

fn metrics(config: &EffectsConfig, chosen: &Chosen) -> Vec<Metric> {
    let tried = config.penalties.iter().enumerate().map(|(place, penalty)| Metric {
        learner: "effects".into(),
        step: place + 1,
        rate: *penalty,
        training_loss: None,
        validation_loss: chosen.losses[place].last().copied(),
        heads: chosen.losses[place].clone(),
        best: chosen.penalties.last() == Some(penalty),
    });
    tried.collect()
}
