//! One head's forest, by hessboost.

use super::{ActionFeatures, AmountShape, TreesConfig};
use crate::table::Table;
use guerdon_core::{Error, Result, Seed};
use hessboost::config::Monotone;
use hessboost::prelude::*;
use std::num::NonZeroUsize;

/// A forest, or the constant that stands for one.
#[derive(Debug, Clone)]
pub(crate) enum Booster {
    /// The margin (log-odds or major units) of an outcome that never varied.
    Constant(f32),
    /// Grown.
    Grown(Box<BoostedModel>),
}

/// Log-odds that stand for never and always: chances within 1e-7 of 0 and 1.
const CERTAIN: f32 = 16.0;

impl Booster {
    /// How many trees it has.
    pub fn trees(&self) -> usize {
        match self {
            Booster::Constant(_) => 0,
            Booster::Grown(model) => kept(model),
        }
    }

    /// What the trees add up to, before any link, for rows of numbers.
    ///
    /// # Shapes
    /// `x`: `[rows][width]`; the result: `[rows]`.
    ///
    /// # Errors
    /// [`Error::Internal`] if hessboost refuses.
    pub fn margins(&self, x: &[f32], rows: usize) -> Result<Vec<f32>> {
        match self {
            Booster::Constant(margin) => Ok(vec![*margin; rows]),
            Booster::Grown(model) => {
                let data = DMatrix::from_dense(x, rows, x.len() / rows.max(1)).map_err(internal)?;
                Ok(model.predict_margin(&data, Iterations::Best).map_err(internal)?.as_slice().to_vec())
            }
        }
    }
}

/// How many trees a model predicts with.
pub(super) fn kept(model: &BoostedModel) -> usize {
    model.best_iteration().map_or(model.num_trees(), |best| (best + 1).min(model.num_trees()))
}

fn internal(error: HessboostError) -> Error {
    Error::Internal(format!("hessboost: {error}"))
}

fn refused(error: HessboostError) -> Error {
    Error::Training { learner: "trees".into(), reason: error.to_string() }
}

/// What all heads are boosted on.
pub(crate) struct Task<'a> {
    pub table: &'a Table,
    pub features: &'a ActionFeatures,
    pub config: &'a TreesConfig,
}

/// Inputs of the rows that are fitted on, of those that judge, and of all for the refit; each with its rows.
pub(crate) struct Matrices {
    fitting: (DMatrix, Vec<usize>),
    judging: Option<(DMatrix, Vec<usize>)>,
    all: Option<(DMatrix, Vec<usize>)>,
}

impl Task<'_> {
    /// Lays the inputs out once for all heads: rows that are fitted on, that judge, and for a refit.
    ///
    /// # Errors
    /// [`Error::Training`] where no row is fitted on.
    pub fn matrices(&self, fitting: &[usize], judging: Option<&[usize]>, all: Option<&[usize]>) -> Result<Matrices> {
        let laid = |rows: &[usize]| -> Result<_> { Ok((self.matrix(rows)?, rows.to_vec())) };
        if fitting.is_empty() {
            return Err(Error::Training {
                learner: "trees".into(),
                reason: "no rows are left to fit on; lower validation_share or give a larger log".into(),
            });
        }
        Ok(Matrices {
            fitting: laid(fitting)?,
            judging: judging.map(laid).transpose()?,
            all: all.map(laid).transpose()?,
        })
    }

    fn matrix(&self, rows: &[usize]) -> Result<DMatrix> {
        let width = self.table.inputs + self.features.width;
        let mut x = Vec::with_capacity(rows.len() * width);
        for &row in rows {
            self.features.append(self.table.context(row), usize::from(self.table.action[row]), &mut x);
        }
        DMatrix::from_dense_vec(x, rows.len(), width).map_err(refused)
    }

    /// Boosts one head; also its loss on the rows that judge.
    ///
    /// # Errors
    /// [`Error::Training`] if hessboost refuses.
    pub fn boost(&self, matrices: &Matrices, head: usize, seed: Seed) -> Result<(Booster, Option<f64>)> {
        let revenue = head + 1 == self.table.heads;
        let Some(fitting) = self.labelled(&matrices.fitting, head)? else {
            return Ok((Booster::Constant(0.0), None));
        };
        if let Some(margin) = constant(fitting.labels().unwrap_or_default(), revenue) {
            return Ok((Booster::Constant(margin), None));
        }
        let params = self.params(revenue, fitting.n_rows(), seed)?;
        let judging = match &matrices.judging {
            Some(judging) => self.labelled(judging, head)?,
            None => None,
        };
        let Some(judging) = judging else {
            let model = train(&params, &fitting, self.config.rounds).map_err(refused)?;
            return Ok((Booster::Grown(Box::new(model)), None));
        };
        let patience = NonZeroUsize::new(self.config.patience).unwrap_or(NonZeroUsize::MIN);
        let trainer = Trainer::new(&params, &fitting, self.config.rounds).eval(&judging, "validation");
        let found = trainer.early_stopping_rounds(patience).train().map_err(refused)?;
        let mut model = found.model;
        if let Some(all) = &matrices.all
            && let Some(all) = self.labelled(all, head)?
        {
            let rounds = kept(&model) as f64 * all.n_rows() as f64 / fitting.n_rows().max(1) as f64;
            model = train(&params, &all, rounds.round() as usize).map_err(refused)?;
        }
        Ok((Booster::Grown(Box::new(model)), found.best_score))
    }

    /// Rows with the head's labels; of those that reached the stage that brings revenue, if this is revenue and there is
    /// one; `None` where that leaves no row.
    fn labelled(&self, (matrix, rows): &(DMatrix, Vec<usize>), head: usize) -> Result<Option<DMatrix>> {
        let table = self.table;
        let label = |row: &usize| table.targets_of(*row)[head];
        let hurdle = table.revenue_stage.filter(|_| head + 1 == table.heads);
        let Some(stage) = hurdle else {
            let labels: Vec<f32> = rows.iter().map(label).collect();
            return matrix.clone().with_labels(&labels).map(Some).map_err(refused);
        };
        let over: Vec<usize> = (0..rows.len()).filter(|i| table.targets_of(rows[*i])[stage] > 0.0).collect();
        if over.is_empty() {
            return Ok(None);
        }
        let labels: Vec<f32> = over.iter().map(|i| label(&rows[*i])).collect();
        matrix.select_rows(&over).and_then(|view| view.with_labels(&labels)).map(Some).map_err(refused)
    }

    fn params(&self, revenue: bool, rows: usize, seed: Seed) -> Result<TrainingParams> {
        let config = self.config;
        let (objective, metric) = if revenue {
            (Objective::SquaredError(RegLoss::default()), EvalMetric::Rmse)
        } else {
            (Objective::BinaryLogistic(RegLoss::default()), EvalMetric::LogLoss)
        };
        let mut params = TrainingParams::builder()
            .objective(objective)
            .eval_metric(metric)
            .tree_method(TreeMethod::Hist)
            .max_depth(config.depth)
            .eta(config.rate)
            .subsample(config.subsample)
            .colsample_bytree(config.columns)
            .min_child_weight(config.min_child_weight * (rows as f64 / 1e5).sqrt())
            .lambda(config.l2)
            .max_bin(config.bins)
            .seed(seed.0);
        if config.amount == AmountShape::Monotone {
            let mut constraints = vec![Monotone::None; self.table.inputs + self.features.width];
            for column in &self.features.amounts {
                constraints[self.table.inputs + column] = Monotone::Increasing;
            }
            params = params.monotone_constraints(constraints);
        }
        params.build().map_err(refused)
    }
}

/// The margin of labels that are all the same.
fn constant(labels: &[f32], revenue: bool) -> Option<f32> {
    let first = *labels.first()?;
    if labels.iter().any(|label| *label != first) {
        return None;
    }
    Some(match (revenue, first > 0.5) {
        (true, _) => first,
        (false, true) => CERTAIN,
        (false, false) => -CERTAIN,
    })
}
