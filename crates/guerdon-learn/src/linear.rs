//! Ridge regression per action, shrunk towards what the actions share; and the linear heads that come of it.

use crate::Moments;
use guerdon_core::{Error, Result};
use nalgebra::{Cholesky, DMatrix, Dyn};
use rayon::prelude::*;

/// Linear predictions of every target for every action, in double precision.
///
/// # Shapes
/// Output `target * actions + action`; `weights` is `[inputs][targets * actions]`, row-major. This is the order of
/// [`guerdon_policy::LinearModel`].
#[derive(Debug, Clone, PartialEq)]
pub struct LinearHeads {
    /// Width of the encoded context.
    pub inputs: usize,
    /// How many actions.
    pub actions: usize,
    /// How many targets.
    pub targets: usize,
    /// Slopes.
    pub weights: Vec<f64>,
    /// Intercepts, one per output.
    pub bias: Vec<f64>,
}

impl LinearHeads {
    /// All outputs at the encoded context `x`.
    pub fn predict(&self, x: &[f32], out: &mut [f64]) {
        out.copy_from_slice(&self.bias);
        for (row, &value) in self.weights.chunks_exact(self.bias.len()).zip(x) {
            if value != 0.0 {
                out.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight * f64::from(value));
            }
        }
    }

    /// These targets, and then those of `other`, over the same inputs and actions.
    pub(crate) fn beside(&self, other: &LinearHeads) -> LinearHeads {
        let rows = self.weights.chunks_exact(self.bias.len()).zip(other.weights.chunks_exact(other.bias.len()));
        LinearHeads {
            inputs: self.inputs,
            actions: self.actions,
            targets: self.targets + other.targets,
            weights: rows.flat_map(|(mine, theirs)| mine.iter().chain(theirs).copied()).collect(),
            bias: self.bias.iter().chain(&other.bias).copied().collect(),
        }
    }

    /// The targets of one action at `x`; `out` has one place per target.
    pub fn predict_action(&self, x: &[f32], action: usize, out: &mut [f64]) {
        let outputs = self.bias.len();
        for (target, place) in out.iter_mut().enumerate() {
            let output = target * self.actions + action;
            let slopes = self.weights.iter().skip(output).step_by(outputs);
            *place = self.bias[output] + slopes.zip(x).map(|(weight, &value)| weight * f64::from(value)).sum::<f64>();
        }
    }
}

/// How much the solution is held back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shrinkage {
    /// λ, relative to the mean number of rows per action: an action with as many rows as the average has its slopes
    /// drawn towards the shared ones as by `lambda` times its own rows of evidence to the contrary (features have unit
    /// variance); rarer actions are drawn harder. At least 0.
    pub lambda: f64,
    /// How many rows the shared model counts for in an action's intercept. At least 0; 0 leaves intercepts unpenalised.
    pub prior_rows: f64,
}

/// One action's solution: slopes `[inputs, targets]` and intercepts.
struct Solution {
    slopes: DMatrix<f64>,
    intercepts: Vec<f64>,
}

/// Solves for all actions at once.
///
/// First the slopes that all actions share, from variation within actions: β₀ = (S + λ₁I)⁻¹ c with S and c the centred
/// sums over all actions. Then per action a: min ‖y − α − Xβ‖² + Λ‖β − β₀‖², that is
/// β = β₀ + (Sₐ + ΛI)⁻¹ (cₐ − Sₐβ₀), with Λ = λ · n / actions. The intercept is the action's mean residual, weighted
/// against the residual mean over all actions as n_a to `prior_rows`. An action without rows gets the shared model.
///
/// # Errors
/// [`Error::Empty`] without rows; [`Error::Training`] where the sums are not finite.
pub fn solve(actions: &[Moments], shrinkage: Shrinkage, learner: &str) -> Result<LinearHeads> {
    let (inputs, targets) = actions.first().map_or((0, 0), |first| (first.inputs(), first.targets()));
    let rows: f64 = actions.iter().map(Moments::weight).sum();
    if rows <= 0.0 {
        return Err(Error::Empty {
            place: learner.into(),
            what: "no rows to fit; give a log with training rows".into(),
        });
    }
    let penalty = shrinkage.lambda * rows / actions.len() as f64;
    let centred: Vec<_> = actions.par_iter().map(Moments::centred).collect();
    let mut spread = DMatrix::zeros(inputs, inputs);
    let mut cross = DMatrix::zeros(inputs, targets);
    for (s, c) in &centred {
        spread += s;
        cross += c;
    }
    let shared_slopes = factor(&spread, penalty, learner)?.solve(&cross);
    let shared = Solution { intercepts: shared_intercepts(actions, &shared_slopes, rows), slopes: shared_slopes };
    let solutions: Vec<Result<Solution>> = actions
        .par_iter()
        .zip(&centred)
        .map(|(moments, (s, c))| solve_one(moments, s, c, &shared, penalty, shrinkage.prior_rows, learner))
        .collect();
    assemble(solutions, inputs, targets)
}

/// Mean over all rows of what the shared slopes leave of each target.
fn shared_intercepts(actions: &[Moments], slopes: &DMatrix<f64>, rows: f64) -> Vec<f64> {
    (0..slopes.ncols())
        .map(|t| actions.iter().map(|one| one.weight() * residual_mean(one, slopes, t)).sum::<f64>() / rows)
        .collect()
}

/// ȳ − x̄·β of target `t`.
fn residual_mean(moments: &Moments, slopes: &DMatrix<f64>, t: usize) -> f64 {
    moments.mean_y(t) - (0..moments.inputs()).map(|i| moments.mean_x(i) * slopes[(i, t)]).sum::<f64>()
}

fn solve_one(
    moments: &Moments,
    spread: &DMatrix<f64>,
    cross: &DMatrix<f64>,
    shared: &Solution,
    penalty: f64,
    prior_rows: f64,
    learner: &str,
) -> Result<Solution> {
    let weight = moments.weight();
    if weight <= 0.0 {
        return Ok(Solution { slopes: shared.slopes.clone(), intercepts: shared.intercepts.clone() });
    }
    let surprise = cross - spread * &shared.slopes;
    let slopes = &shared.slopes + factor(spread, penalty, learner)?.solve(&surprise);
    let intercepts = (0..slopes.ncols())
        .map(|t| {
            (weight * residual_mean(moments, &slopes, t) + prior_rows * shared.intercepts[t]) / (weight + prior_rows)
        })
        .collect();
    Ok(Solution { slopes, intercepts })
}

/// Cholesky of `spread + penalty·I`, with just enough added to the diagonal that features without variation (a missing
/// indicator that is never set) don't make it singular.
fn factor(spread: &DMatrix<f64>, penalty: f64, learner: &str) -> Result<Cholesky<f64, Dyn>> {
    let largest = spread.diagonal().iter().fold(1.0, |most: f64, value| most.max(*value));
    let mut jitter = largest * 1e-11;
    for _ in 0..4 {
        let mut lifted = spread.clone();
        for i in 0..lifted.nrows() {
            lifted[(i, i)] += penalty + jitter;
        }
        if let Some(done) = Cholesky::new(lifted) {
            return Ok(done);
        }
        jitter *= 100.0;
    }
    Err(Error::Training {
        learner: learner.into(),
        reason: "the normal equations have no finite solution; look for enormous feature values in the log, or raise \
                 `penalties`"
            .into(),
    })
}

fn assemble(solutions: Vec<Result<Solution>>, inputs: usize, targets: usize) -> Result<LinearHeads> {
    let actions = solutions.len();
    let outputs = targets * actions;
    let mut heads =
        LinearHeads { inputs, actions, targets, weights: vec![0.0; inputs * outputs], bias: vec![0.0; outputs] };
    for (action, solution) in solutions.into_iter().enumerate() {
        let solution = solution?;
        for target in 0..targets {
            let output = target * actions + action;
            heads.bias[output] = solution.intercepts[target];
            for i in 0..inputs {
                heads.weights[i * outputs + output] = solution.slopes[(i, target)];
            }
        }
    }
    Ok(heads)
}

/// Mean squared error of target `t` over the rows of `held_out` (one [`Moments`] per action).
pub fn mean_squared_error(heads: &LinearHeads, held_out: &[Moments], t: usize) -> f64 {
    let outputs = heads.bias.len();
    let rows: f64 = held_out.iter().map(Moments::weight).sum();
    let errors: Vec<f64> = held_out
        .par_iter()
        .enumerate()
        .map(|(action, moments)| {
            let output = t * heads.actions + action;
            let slope: Vec<f64> = heads.weights.iter().skip(output).step_by(outputs).copied().collect();
            moments.squared_error(t, &slope, heads.bias[output])
        })
        .collect();
    errors.iter().sum::<f64>() / rows.max(1.0)
}

/// The λ of `grid` whose solution on `fitted` has the least squared error of target `t` on `held_out`, and that error
/// for each λ. Where nothing is held out, the middle of the grid.
///
/// # Errors
/// As [`solve`].
pub fn choose_lambda(
    fitted: &[Moments],
    held_out: &[Moments],
    t: usize,
    grid: &[f64],
    prior_rows: f64,
    learner: &str,
) -> Result<(f64, Vec<f64>)> {
    if grid.len() == 1 || held_out.iter().all(|moments| moments.weight() == 0.0) {
        return Ok((grid[grid.len() / 2], vec![]));
    }
    let mut best = (grid[0], f64::INFINITY);
    let mut errors = Vec::with_capacity(grid.len());
    for &lambda in grid {
        let error = mean_squared_error(&solve(fitted, Shrinkage { lambda, prior_rows }, learner)?, held_out, t);
        errors.push(error);
        if error < best.1 {
            best = (lambda, error);
        }
    }
    Ok((best.0, errors))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    const SLOPES: [[f64; 3]; 2] = [[1.5, -2.0, 0.25], [-0.5, 0.75, 3.0]];
    const INTERCEPTS: [f64; 2] = [4.0, -1.0];

    fn exactly_linear(rows: usize) -> Vec<Moments> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut actions = vec![Moments::new(3, 1); 2];
        for row in 0..rows {
            let x: [f32; 3] = std::array::from_fn(|_| rng.random::<f32>() * 2.0 - 1.0);
            let action = row % 2;
            let y = INTERCEPTS[action] + (0..3).map(|i| SLOPES[action][i] * f64::from(x[i])).sum::<f64>();
            actions[action].add(&x, &[y], 1.0);
        }
        actions
    }

    #[test]
    fn exactly_linear_data_is_recovered_as_lambda_goes_to_zero() {
        let heads = solve(&exactly_linear(200), Shrinkage { lambda: 0.0, prior_rows: 0.0 }, "ridge").unwrap();
        for action in 0..2 {
            assert!((heads.bias[action] - INTERCEPTS[action]).abs() < 1e-8);
            for (i, slope) in SLOPES[action].iter().enumerate() {
                assert!((heads.weights[i * 2 + action] - slope).abs() < 1e-8);
            }
        }
        assert!(mean_squared_error(&heads, &exactly_linear(50), 0) < 1e-12);
    }

    #[test]
    fn a_huge_lambda_gives_every_action_the_mean_and_no_slopes() {
        let moments = exactly_linear(200);
        let heads = solve(&moments, Shrinkage { lambda: 1e12, prior_rows: 0.0 }, "ridge").unwrap();
        assert!(heads.weights.iter().all(|weight| weight.abs() < 1e-8));
        for (bias, moments) in heads.bias.iter().zip(&moments) {
            assert!((bias - moments.mean_y(0)).abs() < 1e-8);
        }
    }

    #[test]
    fn an_action_without_rows_gets_the_shared_model() {
        let mut moments = exactly_linear(200);
        moments.push(Moments::new(3, 1));
        let heads = solve(&moments, Shrinkage { lambda: 0.1, prior_rows: 1.0 }, "ridge").unwrap();
        let mean = (moments[0].mean_y(0) + moments[1].mean_y(0)) / 2.0;
        let mut out = [0.0; 3];
        heads.predict(&[0.0; 3], &mut out);
        assert!((out[2] - mean).abs() < 0.5, "{out:?} against {mean}");
    }

    #[test]
    fn predicting_one_action_is_predicting_all_and_looking_there() {
        let heads = solve(&exactly_linear(40), Shrinkage { lambda: 0.3, prior_rows: 2.0 }, "ridge").unwrap();
        let x = [0.3, -0.8, 0.0];
        let (mut all, mut one) = ([0.0; 2], [0.0; 1]);
        heads.predict(&x, &mut all);
        heads.predict_action(&x, 1, &mut one);
        assert!((all[1] - one[0]).abs() < 1e-12);
    }

    #[test]
    fn the_grid_prefers_little_shrinkage_where_there_is_no_noise() {
        let (lambda, errors) =
            choose_lambda(&exactly_linear(200), &exactly_linear(60), 0, &[1e-4, 1.0, 100.0], 0.0, "ridge").unwrap();
        assert_eq!(lambda, 1e-4);
        assert!(errors[0] < errors[1] && errors[1] < errors[2]);
    }
}
