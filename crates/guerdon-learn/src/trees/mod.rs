//! Gradient-boosted trees (Friedman 2001; Chen & Guestrin 2016) by the crate hessboost: one forest per head over the
//! encoded context and the action's features.
//!
//! One forest serves every action, so that what is learned of one carries over to those like it: an action is its kind,
//! timing and slot as 0/1, and its amount, points, threshold and validity as numbers ([`features`]). Chances are
//! boosted on the logistic loss, revenue on squared error: among the rows that reached the stage that brings revenue,
//! where the programme has one (then the two are multiplied: a hurdle, Cragg 1971), else among all.
//!
//! Validation members choose how many trees a head keeps: the number after which their loss was least. A head whose
//! outcome never varies gets no trees. The result does not depend on the number of threads.

mod boost;
mod config;
mod export;
mod features;

use crate::table::Table;
pub(crate) use boost::{Booster, Task};
pub use config::{AmountShape, TreesConfig};
pub(crate) use export::model;
pub(crate) use features::{ActionFeatures, action_features};
use guerdon_core::{Catalogue, Progress, Result, Seed};
use guerdon_neural::Metric;

/// A head's forest as it was trained, and what the served model needs beside it.
#[derive(Debug, Clone)]
pub(crate) struct Fitted {
    /// One per head.
    pub boosters: Vec<Booster>,
    pub features: ActionFeatures,
    pub inputs: usize,
    pub revenue_stage: Option<usize>,
    pub metrics: Vec<Metric>,
}

impl Fitted {
    /// All heads after their links, in double precision.
    ///
    /// # Shapes
    /// `x`: `[rows][inputs]`; the result `[rows][heads * actions]`.
    ///
    /// # Errors
    /// [`guerdon_core::Error::Internal`] if hessboost refuses.
    pub fn outcomes(&self, x: &[f32], rows: usize) -> Result<Vec<f64>> {
        let actions = self.features.actions;
        let mut spread = Vec::with_capacity(rows * actions * (self.inputs + self.features.width));
        for row in 0..rows {
            let context = &x[row * self.inputs..(row + 1) * self.inputs];
            (0..actions).for_each(|action| self.features.append(context, action, &mut spread));
        }
        let heads = self.boosters.len();
        let mut all = vec![0.0; rows * heads * actions];
        for (head, booster) in self.boosters.iter().enumerate() {
            let margins = booster.margins(&spread, rows * actions)?;
            for (row, margins) in margins.chunks_exact(actions).enumerate() {
                let place = (row * heads + head) * actions;
                for (out, margin) in all[place..place + actions].iter_mut().zip(margins) {
                    let margin = f64::from(*margin);
                    *out = if head + 1 < heads { 1.0 / (1.0 + (-margin).exp()) } else { margin };
                }
            }
        }
        if let Some(stage) = self.revenue_stage {
            for outcomes in all.chunks_exact_mut(heads * actions) {
                let (chances, revenue) = outcomes.split_at_mut((heads - 1) * actions);
                revenue.iter_mut().zip(&chances[stage * actions..]).for_each(|(revenue, chance)| *revenue *= chance);
            }
        }
        Ok(all)
    }
}

/// Part 0 of a table is fitted on, part 1 judges.
pub(crate) const VALIDATION: u8 = 1;

/// Boosts every head.
///
/// # Errors
/// [`guerdon_core::Error::Training`] where no rows are left to fit on, or hessboost refuses.
pub(crate) fn fit(
    table: &Table,
    catalogue: &Catalogue,
    config: &TreesConfig,
    seed: Seed,
    progress: &dyn Progress,
) -> Result<Fitted> {
    let index = config.action_index && config.amount == AmountShape::Free;
    let features = action_features(catalogue, index);
    let task = Task { table, features: &features, config };
    let part = |judging: bool| table.rows_where(|row| (table.part[row] == VALIDATION) == judging);
    let judging = part(true);
    let matrices = if judging.is_empty() {
        task.matrices(&part(false), None, None)?
    } else {
        let all: Option<Vec<usize>> = config.refit.then(|| (0..table.rows()).collect());
        task.matrices(&part(false), Some(&judging), all.as_deref())?
    };
    progress.start("boost trees", Some(table.heads as u64));
    let mut fitted = Fitted {
        boosters: vec![],
        features: features.clone(),
        inputs: table.inputs,
        revenue_stage: table.revenue_stage,
        metrics: vec![],
    };
    for head in 0..table.heads {
        let (booster, loss) = task.boost(&matrices, head, seed.named("trees").indexed(head as u64))?;
        fitted.metrics.push(Metric {
            learner: "trees".into(),
            step: head + 1,
            rate: config.rate,
            training_loss: None,
            validation_loss: loss,
            heads: vec![booster.trees() as f64],
            best: true,
        });
        fitted.boosters.push(booster);
        progress.advance(1);
    }
    progress.finish();
    Ok(fitted)
}
