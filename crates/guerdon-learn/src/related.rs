//! Linear heads of actions that are related by their parts: kind, amount, timing.

use crate::Moments;
use crate::lanes::{Blocks, Lane, side_by_side};
use crate::linear::LinearHeads;
use crate::system::{System, inner};
use guerdon_core::{Error, Result};
use nalgebra::{Cholesky, DMatrix};
use rayon::prelude::*;
use std::sync::Arc;

/// How the coefficients of actions are thought to go together before any row is seen: β_a = B·t_a + δ_a with t_a the
/// action's features, B and δ Gaussian. Coefficient i of the actions then has covariance (ρ·TTᵀ + (1 − ρ)·I)/λ_i: a
/// Gaussian process over actions with a linear kernel on their parts. An action without rows gets B·t_a, what its
/// parts are worth elsewhere (its prior mean given the others).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Relation {
    /// The inverse of that covariance without λ, `[actions, actions]`.
    pub precision: DMatrix<f64>,
}

/// ρ beyond this would leave no δ, and a precision that doesn't exist.
const MOST_RELATED: f64 = 0.999;

impl Relation {
    /// # Shapes
    /// `features`: `[actions][features]`, rows of a mean squared length of 1. `relatedness` ρ: 0 keeps actions apart
    /// (disjoint models); up to 0.999.
    ///
    /// # Errors
    /// [`Error::Internal`] if the covariance can't be inverted.
    pub fn new(features: &[f32], actions: usize, relatedness: f64) -> Result<Self> {
        let columns = features.len() / actions.max(1);
        let t = DMatrix::from_row_iterator(actions, columns, features.iter().map(|value| f64::from(*value)));
        let rho = relatedness.clamp(0.0, MOST_RELATED);
        let covariance = &t * t.transpose() * rho + DMatrix::identity(actions, actions) * (1.0 - rho);
        let factor = Cholesky::new(covariance)
            .ok_or_else(|| Error::Internal(format!("no inverse of the actions' covariance at relatedness {rho}")))?;
        let inverse = factor.inverse();
        Ok(Relation { precision: (&inverse + inverse.transpose()) * 0.5 })
    }
}

/// How much the solution is held back, for related actions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Held {
    /// λ, relative to the mean number of rows per action, as in [`crate::Shrinkage`].
    pub lambda: f64,
    /// How many rows the prior counts for in an intercept; above 0.
    pub prior_rows: f64,
}

/// What a log says of every action, about the means over all of its rows. Coefficient 0 is the intercept; the others
/// belong to those inputs that vary.
pub(crate) struct Evidence {
    inputs: usize,
    targets: usize,
    rows: f64,
    mean_x: Vec<f64>,
    mean_y: Vec<f64>,
    /// The inputs that vary.
    varying: Vec<usize>,
    /// Σ over rows of z·zᵀ with z = (1, x − x̄), `[size][size]` for each action.
    blocks: Arc<Blocks>,
    /// Σ over rows of z·(y − ȳ), `[targets][actions][size]`.
    rights: Vec<Vec<f64>>,
    /// Σ over rows of (y − ȳ)(y − ȳ)ᵀ.
    spread_y: DMatrix<f64>,
    actions: usize,
}

impl Evidence {
    /// # Errors
    /// [`Error::Empty`] without rows.
    pub fn of(actions: &[Moments], learner: &str) -> Result<Self> {
        let (inputs, targets) = actions.first().map_or((0, 0), |first| (first.inputs(), first.targets()));
        let rows: f64 = actions.iter().map(Moments::weight).sum();
        if rows <= 0.0 {
            return Err(Error::Empty {
                place: learner.into(),
                what: "no rows to fit; give a log with training rows".into(),
            });
        }
        let total = |of: &dyn Fn(&Moments) -> f64| actions.iter().map(of).sum::<f64>();
        let mean_x: Vec<f64> = (0..inputs).map(|i| total(&|m| m.x(i)) / rows).collect();
        let mean_y: Vec<f64> = (0..targets).map(|t| total(&|m| m.y(t)) / rows).collect();
        let varies = |i: &usize| {
            let square = total(&|m| m.xx(*i, *i)) / rows;
            square - mean_x[*i] * mean_x[*i] > 1e-9 * square
        };
        let varying: Vec<usize> = (0..inputs).filter(varies).collect();
        let blocks = Arc::new(blocks(actions, &mean_x, &varying));
        let rights = (0..targets).map(|t| rights(actions, t, &mean_x, mean_y[t], &varying)).collect();
        let spread_y = DMatrix::from_fn(targets, targets, |t, s| total(&|m| m.yy(t, s)) - rows * mean_y[t] * mean_y[s]);
        let actions = actions.len();
        Ok(Evidence { inputs, targets, rows, mean_x, mean_y, varying, blocks, rights, spread_y, actions })
    }

    /// The posterior's normal equations, in units of the noise's variance.
    pub fn system(&self, relation: &Relation, held: Held, learner: &str) -> Result<System> {
        System::new(self.blocks.clone(), &relation.precision, self.penalties(held), learner)
    }

    /// The penalty of each coefficient, `[size]`: just enough that a λ of 0 leaves something to solve.
    pub fn penalties(&self, held: Held) -> Vec<f64> {
        let slope = (held.lambda * self.rows / self.actions as f64).max(1e-9 * self.rows);
        let mut penalties = vec![slope; self.varying.len() + 1];
        penalties[0] = held.prior_rows.max(1e-9 * self.rows);
        penalties
    }

    /// Appends z = (1, x − x̄) of an encoded context to `z`.
    pub fn centre(&self, x: &[f32], z: &mut Vec<f32>) {
        z.push(1.0);
        z.extend(self.varying.iter().map(|&i| (f64::from(x[i]) - self.mean_x[i]) as f32));
    }

    /// The right-hand side of target `t`.
    pub fn right(&self, t: usize) -> &[f64] {
        &self.rights[t]
    }

    /// The posterior mean of all targets, `[targets]` of `[actions][size]`.
    pub fn solve(&self, system: &System, tolerance: f64, learner: &str) -> Result<Vec<Vec<f64>>> {
        self.rights.par_iter().map(|right| system.solve(right, tolerance, learner)).collect()
    }

    /// The squared errors of coefficients of target `t`, summed over other rows than these.
    pub fn errors_on(&self, held_out: &[Moments], t: usize) -> Errors {
        let total = |of: &dyn Fn(&Moments) -> f64| held_out.iter().map(of).sum::<f64>();
        let mean = self.mean_y[t];
        Errors {
            blocks: blocks(held_out, &self.mean_x, &self.varying),
            right: side_by_side(&rights(held_out, t, &self.mean_x, mean, &self.varying), self.varying.len() + 1),
            square: total(&|m| m.yy(t, t) - 2.0 * mean * m.y(t) + mean * mean * m.weight()),
        }
    }

    /// The covariance of the targets' noise: (Σ(y − ȳ)(y − ȳ)ᵀ − c·b)/n with c the right-hand sides and b the solution,
    /// which is where the marginal likelihood of a conjugate prior (matrix normal) has its maximum.
    pub fn noise(&self, solution: &[Vec<f64>]) -> DMatrix<f64> {
        let explained = DMatrix::from_fn(self.targets, self.targets, |t, s| {
            self.rights[t].iter().zip(&solution[s]).map(|(c, b)| c * b).sum::<f64>()
        });
        let noise = (&self.spread_y - explained) / self.rows;
        (&noise + noise.transpose()) * 0.5
    }

    /// Coefficients as heads over the encoder's inputs.
    pub fn heads(&self, solution: &[Vec<f64>]) -> LinearHeads {
        self.heads_about(solution, &self.mean_y)
    }

    /// The same where coefficients are about `offsets`, one per target, and not about the targets' means.
    pub fn heads_about(&self, solution: &[Vec<f64>], offsets: &[f64]) -> LinearHeads {
        let (actions, targets) = (self.actions, solution.len());
        let (outputs, size) = (targets * actions, self.varying.len() + 1);
        let mut heads = LinearHeads {
            inputs: self.inputs,
            actions,
            targets,
            weights: vec![0.0; self.inputs * outputs],
            bias: vec![0.0; outputs],
        };
        for (t, solution) in solution.iter().enumerate() {
            for (action, coefficients) in solution.chunks_exact(size).enumerate() {
                let output = t * actions + action;
                let mut bias = offsets[t] + coefficients[0];
                for (slope, &i) in coefficients[1..].iter().zip(&self.varying) {
                    heads.weights[i * outputs + output] = *slope;
                    bias -= slope * self.mean_x[i];
                }
                heads.bias[output] = bias;
            }
        }
        heads
    }
}

/// Σ(y − ȳ − z·b)² over some rows, as a function of b.
pub(crate) struct Errors {
    /// Σ z·zᵀ.
    blocks: Blocks,
    /// Σ z·(y − ȳ).
    right: Vec<Lane>,
    /// Σ(y − ȳ)².
    square: f64,
}

impl Errors {
    /// Of the coefficients `b`, [`side_by_side`].
    pub fn of(&self, b: &[Lane]) -> f64 {
        let mut image = vec![Lane::default(); b.len()];
        self.blocks.add_product(b, &mut image);
        (self.square - 2.0 * inner(&self.right, b) + inner(&image, b)).max(0.0)
    }
}

/// Σ z·zᵀ of each action, about `mean`.
fn blocks(actions: &[Moments], mean: &[f64], varying: &[usize]) -> Blocks {
    let blocks: Vec<f64> = actions.par_iter().flat_map_iter(|m| block(m, mean, varying)).collect();
    Blocks::new(&blocks, varying.len() + 1)
}

/// Σ z·(y − ȳ) of each action, `[actions][size]`.
fn rights(actions: &[Moments], t: usize, mean: &[f64], mean_y: f64, varying: &[usize]) -> Vec<f64> {
    actions.iter().flat_map(|m| right(m, t, mean, mean_y, varying)).collect()
}

/// Σ z·zᵀ of one action.
fn block(m: &Moments, mean: &[f64], varying: &[usize]) -> Vec<f64> {
    let size = varying.len() + 1;
    let mut block = vec![0.0; size * size];
    block[0] = m.weight();
    for (a, &i) in varying.iter().enumerate() {
        let first = m.x(i) - m.weight() * mean[i];
        (block[a + 1], block[(a + 1) * size]) = (first, first);
        for (b, &j) in varying[..=a].iter().enumerate() {
            let value = m.xx(i, j) - mean[i] * m.x(j) - mean[j] * m.x(i) + m.weight() * mean[i] * mean[j];
            block[(a + 1) * size + b + 1] = value;
            block[(b + 1) * size + a + 1] = value;
        }
    }
    block
}

/// Σ z·(y − ȳ) of one action and target.
fn right(m: &Moments, t: usize, mean: &[f64], mean_y: f64, varying: &[usize]) -> Vec<f64> {
    let about = m.y(t) - m.weight() * mean_y;
    let slope = |&i: &usize| m.xy(i, t) - mean_y * m.x(i) - mean[i] * about;
    std::iter::once(about).chain(varying.iter().map(slope)).collect()
}

/// One pair that was tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tried {
    pub relatedness: f64,
    pub lambda: f64,
    /// Mean squared error on the held-out rows.
    pub error: f64,
}

/// What to choose from.
pub(crate) struct Grid<'a> {
    pub features: &'a [f32],
    pub relatedness: &'a [f64],
    pub penalties: &'a [f64],
    pub prior_rows: f64,
}

/// Cross-validation: for every pair of the grid, fits target `t` to all parts but one and measures it on that one, each
/// part in its turn; errors are means over the rows of all parts. Where fewer than two parts have rows or there is one
/// pair only, the middle λ and the middle ρ with an error of 0. The first of the best wins.
///
/// # Shapes
/// `parts`: `[parts][actions]`.
pub(crate) fn choose(parts: &[Vec<Moments>], t: usize, grid: &Grid, learner: &str) -> Result<(Tried, Vec<Tried>)> {
    let middle = |values: &[f64]| values[values.len() / 2];
    let used: Vec<Vec<Moments>> = (parts.iter())
        .filter(|part| part.iter().any(|moments| moments.weight() > 0.0))
        .map(|part| part.iter().map(|moments| moments.target(t)).collect())
        .collect();
    if grid.relatedness.len() * grid.penalties.len() == 1 || used.len() < 2 {
        let (relatedness, lambda) = (middle(grid.relatedness), middle(grid.penalties));
        return Ok((Tried { relatedness, lambda, error: 0.0 }, vec![]));
    }
    let relations: Vec<Relation> = (grid.relatedness.iter())
        .map(|rho| Relation::new(grid.features, used[0].len(), *rho))
        .collect::<Result<_>>()?;
    let errors: Vec<Vec<f64>> = (0..used.len())
        .into_par_iter()
        .map(|part| errors_on(&used, part, &relations, grid, learner))
        .collect::<Result<_>>()?;
    let rows: f64 = used.iter().flatten().map(Moments::weight).sum();
    let pairs = grid.relatedness.iter().flat_map(|rho| grid.penalties.iter().map(move |lambda| (*rho, *lambda)));
    let tried: Vec<Tried> = pairs
        .enumerate()
        .map(|(place, (relatedness, lambda))| {
            let error = errors.iter().map(|part| part[place]).sum::<f64>() / rows;
            Tried { relatedness, lambda, error }
        })
        .collect();
    let best = tried.iter().copied().reduce(|best, next| if next.error < best.error { next } else { best });
    best.map(|best| (best, tried)).ok_or_else(|| Error::Internal("an empty grid".into()))
}

/// For every pair of the grid, the squared error on the rows of `part`, summed, of the fit to the other parts.
fn errors_on(
    parts: &[Vec<Moments>],
    part: usize,
    relations: &[Relation],
    grid: &Grid,
    learner: &str,
) -> Result<Vec<f64>> {
    let held_out = &parts[part];
    let mut others = vec![Moments::new(held_out[0].inputs(), 1); held_out.len()];
    for (_, other) in parts.iter().enumerate().filter(|(place, _)| *place != part) {
        others.iter_mut().zip(other).for_each(|(sum, moments)| sum.merge(moments));
    }
    let evidence = Evidence::of(&others, learner)?;
    let measured = evidence.errors_on(held_out, 0);
    let right = side_by_side(evidence.right(0), evidence.varying.len() + 1);
    let mut errors = Vec::with_capacity(relations.len() * grid.penalties.len());
    for relation in relations {
        let mut start: Option<Vec<Lane>> = None;
        for &lambda in grid.penalties {
            let system = evidence.system(relation, Held { lambda, prior_rows: grid.prior_rows }, learner)?;
            let solution = system.solve_from(&right, start.as_deref(), 1e-4, learner)?;
            errors.push(measured.of(&solution));
            start = Some(solution);
        }
    }
    Ok(errors)
}
