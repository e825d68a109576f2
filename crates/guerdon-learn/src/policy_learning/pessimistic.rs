//! Pessimistic choice: a lower bound on each action's net value from the posterior of its ridge regression.

use super::config::PolicyConfig;
use super::logged::Logged;
use super::objective::Point;
use super::served::Served;
use crate::linear::{LinearHeads, mean_squared_error};
use crate::{Moments, Shrinkage, choose_lambda, solve};
use guerdon_core::{Error, Result};
use guerdon_neural::Metric;
use guerdon_policy::{ChanceLink, Dense, EnsembleModel, RevenueLink};
use nalgebra::{DMatrix, SymmetricEigen};
use rayon::prelude::*;

/// Most directions per action in which a width is known; those of least posterior variance are left out beyond it.
const MOST_DIRECTIONS: usize = 64;

/// Standard errors of net value, per action and context: √((1, x)ᵀ C_a (1, x)), C_a being the posterior covariance of
/// action a's intercept and slopes under ridge regression with the shared slopes taken as known (the width of LinUCB,
/// Li et al. 2010, times the noise's standard deviation).
///
/// With S_a the centred sums of squares, x̄ the mean context, n_a rows, penalty Λ, p₀ prior rows and noise variance σ_a²:
/// width² = σ_a² [1 / (n_a + p₀) + (x − x̄)ᵀ (S_a + ΛI)⁻¹ (x − x̄)].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Widths {
    /// F with C_a = F Fᵀ: `[actions][directions][1 + inputs]`.
    factors: Vec<Vec<Vec<f64>>>,
}

impl Widths {
    /// From net value's sums per action and the solution for them.
    ///
    /// # Errors
    /// [`Error::Training`] where the sums are not finite.
    pub fn of(moments: &[Moments], heads: &LinearHeads, shrinkage: Shrinkage) -> Result<Self> {
        let rows: f64 = moments.iter().map(Moments::weight).sum();
        let penalty = shrinkage.lambda * rows / moments.len().max(1) as f64;
        let pooled = mean_squared_error(heads, moments, 0);
        let factor = |(action, one): (usize, &Moments)| {
            let slopes: Vec<f64> = heads.weights.iter().skip(action).step_by(heads.actions).copied().collect();
            let squares = one.squared_error(0, &slopes, heads.bias[action]);
            let prior = shrinkage.prior_rows;
            let noise = (squares + prior * pooled) / (one.weight() + prior).max(f64::MIN_POSITIVE);
            factors(one, penalty, prior, noise)
        };
        let factors: Vec<Vec<Vec<f64>>> = moments.par_iter().enumerate().map(factor).collect();
        if factors.iter().flatten().flatten().all(|value| value.is_finite()) {
            return Ok(Widths { factors });
        }
        Err(Error::Training {
            learner: "policy".into(),
            reason: "the widths are not finite; look for enormous values or revenues in the log".into(),
        })
    }

    /// The standard error of net value of `action` at the encoded context `x`.
    pub fn width(&self, x: &[f32], action: usize) -> f64 {
        let along = |factor: &Vec<f64>| {
            factor[0] + factor[1..].iter().zip(x).map(|(slope, value)| slope * f64::from(*value)).sum::<f64>()
        };
        self.factors[action].iter().map(|factor| along(factor).powi(2)).sum::<f64>().sqrt()
    }

    /// An ensemble of linear members whose mean is `layer` and whose standard deviation of net value is exactly the
    /// width: for each direction F_k two members at ± √(number of directions) · F_k, all of it on the revenue head,
    /// divided by the margin that revenue counts with. So members are draws of net value, not of each head.
    ///
    /// # Errors
    /// [`Error::Training`] for a margin of 0, with which revenue counts for nothing.
    pub fn ensemble(&self, layer: &Dense, margin: f64, pessimism: f64) -> Result<EnsembleModel> {
        if margin <= 0.0 {
            let reason = "pessimistic needs a margin above 0: its members differ in revenue".into();
            return Err(Error::Training { learner: "policy".into(), reason });
        }
        let actions = self.factors.len();
        let directions = self.factors.iter().map(Vec::len).max().unwrap_or(0);
        let revenue = layer.outputs - actions;
        let scale = (directions as f64).sqrt() / margin;
        let mut members = vec![];
        for (direction, sign) in (0..directions).flat_map(|direction| [(direction, 1.0), (direction, -1.0)]) {
            let mut member = layer.clone();
            for (action, factors) in self.factors.iter().enumerate() {
                let Some(factor) = factors.get(direction) else { continue };
                let by = |value: f64| (sign * scale * value) as f32;
                member.bias[revenue + action] += by(factor[0]);
                for (input, slope) in factor[1..].iter().enumerate() {
                    member.weights[input * layer.outputs + revenue + action] += by(*slope);
                }
            }
            members.push(vec![member]);
        }
        Ok(EnsembleModel {
            trunk: vec![],
            members,
            link: ChanceLink::Clamp,
            revenue_link: RevenueLink::Identity,
            follows: vec![],
            revenue_stage: None,
            amount: None,
            pessimism,
        })
    }
}

/// The columns of F for one action.
fn factors(moments: &Moments, penalty: f64, prior_rows: f64, noise: f64) -> Vec<Vec<f64>> {
    let inputs = moments.inputs();
    let (spread, _) = moments.centred();
    let SymmetricEigen { eigenvectors, eigenvalues } = SymmetricEigen::new(spread);
    let deviation = noise.max(0.0).sqrt();
    let mut all = vec![vec![0.0; inputs + 1]];
    all[0][0] = deviation / (moments.weight() + prior_rows).max(f64::MIN_POSITIVE).sqrt();
    let mut order: Vec<usize> = (0..inputs).collect();
    order.sort_by(|a, b| eigenvalues[*a].total_cmp(&eigenvalues[*b]).then(a.cmp(b)));
    for k in order.into_iter().take(MOST_DIRECTIONS - 1) {
        let precision = eigenvalues[k].max(0.0) + penalty;
        if precision > 0.0 {
            all.push(along(moments, &eigenvectors, k, deviation / precision.sqrt()));
        }
    }
    all
}

/// `scale` · (−x̄·v, v) with v the eigenvector `k`.
fn along(moments: &Moments, vectors: &DMatrix<f64>, k: usize, scale: f64) -> Vec<f64> {
    let slopes: Vec<f64> = vectors.column(k).iter().map(|value| scale * value).collect();
    let centre: f64 = slopes.iter().enumerate().map(|(i, slope)| slope * moments.mean_x(i)).sum();
    std::iter::once(-centre).chain(slopes).collect()
}

/// The κ whose greedy policy on the lower bound, fitted to the other members, the judges value most (their value less
/// `caution` standard errors); where nobody judges, the middle one.
///
/// # Errors
/// As [`Widths::of`].
pub(crate) fn choose_kappa(
    rows: &Logged,
    config: &PolicyConfig,
    penalties: &[f64],
    prior_rows: f64,
) -> Result<(f64, Vec<Metric>)> {
    let judges = rows.rows(true);
    let mut best = config.kappa[config.kappa.len() / 2];
    let mut metrics = vec![];
    if !judges.is_empty() {
        let [fitting, held_out] = rows.moments();
        let (lambda, _) = choose_lambda(&fitting, &held_out, 0, penalties, prior_rows, "policy")?;
        let shrinkage = Shrinkage { lambda, prior_rows };
        let heads = solve(&fitting, shrinkage, "policy")?;
        let widths = Widths::of(&fitting, &heads, shrinkage)?;
        let mut top = f64::NEG_INFINITY;
        for (place, &kappa) in config.kappa.iter().enumerate() {
            let terms = terms(rows, &judges, config, &heads, &widths, kappa);
            let bound = rows.held_out(&judges, &terms).bound(config.caution);
            if bound > top {
                (best, top) = (kappa, bound);
            }
            metrics.push(metric(place + 1, kappa, Some(-bound)));
        }
    } else {
        metrics.push(metric(1, best, None));
    }
    metrics.iter_mut().for_each(|metric| metric.best = metric.rate == best);
    Ok((best, metrics))
}

fn metric(step: usize, kappa: f64, validation_loss: Option<f64>) -> Metric {
    Metric {
        learner: "policy".into(),
        step,
        rate: kappa,
        training_loss: None,
        validation_loss,
        heads: vec![],
        best: false,
    }
}

/// The doubly robust terms of `rows` under the greedy policy, with its floor, on mean − κ · width.
fn terms(
    logged: &Logged,
    rows: &[u32],
    config: &PolicyConfig,
    heads: &LinearHeads,
    widths: &Widths,
    kappa: f64,
) -> Vec<f64> {
    let served = Served { floor: config.floor };
    let (mut scores, mut pi) = (vec![0.0; logged.actions], vec![0.0; logged.actions]);
    let term = |&row: &u32| {
        let row = row as usize;
        let x = logged.context(row);
        heads.predict(x, &mut scores);
        scores.iter_mut().enumerate().for_each(|(action, score)| *score -= kappa * widths.width(x, action));
        served.greedy(&scores, logged.left_of(row), &mut pi);
        Point::term(&logged.point(row, &pi, config.clip, true))
    };
    rows.iter().map(term).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHRINKAGE: Shrinkage = Shrinkage { lambda: 0.1, prior_rows: 4.0 };

    fn moments() -> Vec<Moments> {
        let mut all = vec![Moments::new(2, 1); 2];
        for row in 0..60u8 {
            let t = f64::from(row);
            let x = [(t * 0.7).sin() as f32, (t * 1.9).cos() as f32 + 0.5];
            let y = f64::from(x[0]) - 0.5 * f64::from(x[1]) + (t * 5.3).sin();
            all[usize::from(row % 3 == 0)].add(&x, &[y], 1.0);
        }
        all
    }

    #[test]
    fn a_width_is_the_posterior_standard_deviation_written_out() {
        let moments = moments();
        let heads = solve(&moments, SHRINKAGE, "test").unwrap();
        let widths = Widths::of(&moments, &heads, SHRINKAGE).unwrap();
        let x = [0.3f32, -1.2];
        for (action, one) in moments.iter().enumerate() {
            let slopes = [heads.weights[action], heads.weights[2 + action]];
            let pooled = mean_squared_error(&heads, &moments, 0);
            let squares = one.squared_error(0, &slopes, heads.bias[action]);
            let noise = (squares + 4.0 * pooled) / (one.weight() + 4.0);
            let (mut spread, _) = one.centred();
            spread += DMatrix::identity(2, 2) * (0.1 * 60.0 / 2.0);
            let d = DMatrix::from_fn(2, 1, |i, _| f64::from(x[i]) - one.mean_x(i));
            let inside = (d.transpose() * spread.try_inverse().unwrap() * d)[(0, 0)];
            let expected = (noise * (1.0 / (one.weight() + 4.0) + inside)).sqrt();
            let found = widths.width(&x, action);
            assert!((found - expected).abs() < 1e-10, "{action}: {found} against {expected}");
        }
    }

    #[test]
    fn the_ensembles_mean_and_standard_deviation_of_net_value_are_the_models_and_the_width() {
        let moments = moments();
        let heads = solve(&moments, SHRINKAGE, "test").unwrap();
        let widths = Widths::of(&moments, &heads, SHRINKAGE).unwrap();
        // Heads paid and revenue of two actions.
        let layer = Dense { inputs: 2, outputs: 4, weights: vec![0.1; 8], bias: vec![0.2, 0.3, 1.0, -1.0] };
        let model = widths.ensemble(&layer, 0.4, 1.0).unwrap();
        let x = [0.3f32, -1.2];
        let revenue = |member: &Dense, action: usize| -> f64 {
            let slopes = (0..2).map(|i| f64::from(member.weights[i * 4 + 2 + action] * x[i]));
            f64::from(member.bias[2 + action]) + slopes.sum::<f64>()
        };
        for action in 0..2 {
            let all: Vec<f64> = model.members.iter().map(|member| 0.4 * revenue(&member[0], action)).collect();
            let n = all.len() as f64;
            let mean = all.iter().sum::<f64>() / n;
            let deviation = (all.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
            assert!((mean - 0.4 * revenue(&layer, action)).abs() < 1e-6);
            assert!((deviation - widths.width(&x, action)).abs() < 1e-6, "{deviation}");
        }
        assert!(widths.ensemble(&layer, 0.0, 1.0).unwrap_err().to_string().contains("margin"));
    }
}
