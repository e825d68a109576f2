//! Penalised logistic regression of related actions by Newton's method, and its Laplace posterior.

use crate::gram::{add_products, padded};
use crate::lanes::Blocks;
use crate::online::linear_algebra::{add_scaled, dot};
use crate::related::Relation;
use crate::system::System;
use guerdon_core::{Error, Result};
use rayon::prelude::*;

/// Rows of one action: z = (1, x − x̄) and a 0/1 target.
#[derive(Debug, Clone, Default)]
pub(crate) struct ActionRows {
    /// `[rows][size]`.
    pub z: Vec<f32>,
    /// `[rows]`.
    pub y: Vec<f32>,
}

/// What is minimised: Σ ln(1 + e^η) − y·η with η = offset + z·b_a, plus ½·bᵀ(P ⊗ diag(λ))b with P the relation's
/// precision and λ the penalties.
pub(crate) struct Logistic<'a> {
    pub rows: &'a [ActionRows],
    pub relation: &'a Relation,
    /// `[size]`, above 0.
    pub penalties: Vec<f64>,
    pub offset: f64,
}

/// The minimum, and the system whose matrix is the second derivative there: the precision of the Laplace posterior.
pub(crate) struct Fit {
    /// `[actions][size]`.
    pub coefficients: Vec<f64>,
    pub system: System,
    /// Newton's steps.
    pub steps: usize,
}

/// Half the square of Newton's decrement, an estimate of what is left to gain (in units of log likelihood), below which
/// the minimum counts as found.
const ENOUGH: f64 = 1e-9;
const MOST_STEPS: usize = 100;

/// Value, downhill direction's right-hand side and curvature of what rows contribute.
struct Slope {
    value: f64,
    /// −∂/∂b, `[size]`.
    downhill: Vec<f64>,
    /// ∂²/∂b², `[size][size]`.
    curvature: Vec<f64>,
}

impl Logistic<'_> {
    /// Newton's method with halved steps where a whole one does not lead down, from zeros.
    ///
    /// # Errors
    /// [`Error::Training`] where it does not converge in 100 steps, or the sums are not finite.
    pub fn fit(&self, learner: &str) -> Result<Fit> {
        let size = self.penalties.len();
        let mut b = vec![0.0; self.rows.len() * size];
        for steps in 0..MOST_STEPS {
            let slopes: Vec<Slope> =
                self.rows.par_iter().zip(b.par_chunks_exact(size)).map(|(rows, b)| self.slope(rows, b)).collect();
            let curvature: Vec<f64> = slopes.iter().flat_map(|slope| slope.curvature.iter().copied()).collect();
            let system =
                System::new(Blocks::new(&curvature, size), &self.relation.precision, self.penalties.clone(), learner)?;
            let prior = system.prior_product(&b);
            let value = slopes.iter().map(|slope| slope.value).sum::<f64>() + 0.5 * dot(&prior, &b);
            let mut downhill: Vec<f64> = slopes.into_iter().flat_map(|slope| slope.downhill).collect();
            add_scaled(&mut downhill, -1.0, &prior);
            let step = system.solve(&downhill, 1e-8, learner)?;
            let gain = dot(&downhill, &step);
            if 0.5 * gain <= ENOUGH {
                // The last step is within the tolerance: free, and squares the error.
                add_scaled(&mut b, 1.0, &step);
                return Ok(Fit { coefficients: b, system, steps });
            }
            self.walk(&mut b, &step, value, gain, &system);
        }
        Err(Error::Training {
            learner: learner.into(),
            reason: format!("logistic regression did not converge in {MOST_STEPS} steps; raise `penalties`"),
        })
    }

    /// Goes along `step`: whole, or halved until it gains a ten-thousandth of what the slope promises (Armijo 1966).
    fn walk(&self, b: &mut Vec<f64>, step: &[f64], value: f64, gain: f64, system: &System) {
        let mut length = 1.0;
        for _ in 0..30 {
            let mut tried = b.clone();
            add_scaled(&mut tried, length, step);
            if self.value(&tried, system) <= value - 1e-4 * length * gain {
                *b = tried;
                return;
            }
            length *= 0.5;
        }
    }

    fn value(&self, b: &[f64], system: &System) -> f64 {
        let values: Vec<f64> = (self.rows.par_iter())
            .zip(b.par_chunks_exact(self.penalties.len()))
            .map(|(rows, b)| {
                let etas = rows.z.chunks_exact(b.len()).map(|z| self.eta(z, b));
                etas.zip(&rows.y).map(|(eta, y)| loss(eta, f64::from(*y))).sum()
            })
            .collect();
        values.iter().sum::<f64>() + 0.5 * dot(&system.prior_product(b), b)
    }

    fn eta(&self, z: &[f32], b: &[f64]) -> f64 {
        self.offset + z.iter().zip(b).map(|(z, b)| f64::from(*z) * b).sum::<f64>()
    }

    fn slope(&self, rows: &ActionRows, b: &[f64]) -> Slope {
        let size = b.len();
        let width = padded(size);
        let mut slope = Slope { value: 0.0, downhill: vec![0.0; size], curvature: vec![0.0; size * size] };
        let mut sums = vec![0.0; width * width];
        for (z, y) in rows.z.chunks(BLOCK * size).zip(rows.y.chunks(BLOCK)) {
            let mut left = vec![0.0; y.len() * width];
            let mut right = left.clone();
            let packed = left.chunks_exact_mut(width).zip(right.chunks_exact_mut(width));
            for ((z, y), (left, right)) in z.chunks_exact(size).zip(y).zip(packed) {
                let (eta, y) = (self.eta(z, b), f64::from(*y));
                let p = 1.0 / (1.0 + (-eta).exp());
                slope.value += loss(eta, y);
                for i in 0..size {
                    left[i] = f64::from(z[i]);
                    right[i] = left[i] * p * (1.0 - p);
                    slope.downhill[i] += left[i] * (y - p);
                }
            }
            add_products(&left, &right, width, size, &mut sums);
        }
        for i in 0..size {
            for j in 0..=i {
                slope.curvature[i * size + j] = sums[i * width + j];
                slope.curvature[j * size + i] = sums[i * width + j];
            }
        }
        slope
    }
}

/// Rows that are packed at once.
const BLOCK: usize = 1024;

/// ln(1 + e^η) − y·η without overflow.
fn loss(eta: f64, y: f64) -> f64 {
    eta.max(0.0) + (-eta.abs()).exp().ln_1p() - y * eta
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::online::normal::Normal;
    use guerdon_core::Seed;
    use nalgebra::DMatrix;

    fn simulated(rows: usize) -> Vec<ActionRows> {
        let mut normal = Normal::new(Seed(4));
        let action = |slope: f64| {
            let mut one = ActionRows::default();
            for row in 0..rows {
                let x = normal.draw();
                let p = 1.0 / (1.0 + (-(0.5 + slope * x)).exp());
                one.z.extend([1.0, x as f32]);
                one.y.push(f32::from(u8::from(Seed(9).uniform_indexed(row as u64 + (slope * 1e6) as u64) < p)));
            }
            one
        };
        [1.0, 2.0].map(action).to_vec()
    }

    fn relation() -> Relation {
        Relation::new(&[0.8, 0.6, 0.6, 0.8], 2, 0.5).unwrap()
    }

    /// ∂/∂b of the whole, by differences of the loss.
    fn objective(rows: &[ActionRows], relation: &Relation, penalties: &[f64], offset: f64, b: &[f64]) -> f64 {
        let mut sum = 0.0;
        for (action, rows) in rows.iter().enumerate() {
            for (z, y) in rows.z.chunks_exact(2).zip(&rows.y) {
                let eta = offset + b[2 * action] * f64::from(z[0]) + b[2 * action + 1] * f64::from(z[1]);
                sum += (1.0 + eta.exp()).ln() - f64::from(*y) * eta;
            }
        }
        for a in 0..2 {
            for c in 0..2 {
                for i in 0..2 {
                    sum += 0.5 * relation.precision[(a, c)] * penalties[i] * b[2 * a + i] * b[2 * c + i];
                }
            }
        }
        sum
    }

    #[test]
    fn at_the_minimum_the_slope_is_zero_and_the_laplace_precision_is_the_curvature() {
        let (rows, relation, penalties) = (simulated(300), relation(), vec![2.0, 5.0]);
        let problem = Logistic { rows: &rows, relation: &relation, penalties: penalties.clone(), offset: 0.3 };
        let fit = problem.fit("test").unwrap();
        let at = |change: &dyn Fn(&mut Vec<f64>)| {
            let mut b = fit.coefficients.clone();
            change(&mut b);
            objective(&rows, &relation, &penalties, 0.3, &b)
        };
        let (h, centre) = (1e-3, at(&|_| {}));
        let mut curvature = DMatrix::zeros(4, 4);
        for i in 0..4 {
            let slope = (at(&|b| b[i] += 1e-5) - at(&|b| b[i] -= 1e-5)) / 2e-5;
            assert!(slope.abs() < 1e-5, "slope {slope} of {i}");
            for j in 0..4 {
                let corner = |a: f64, c: f64| {
                    at(&|b: &mut Vec<f64>| {
                        b[i] += a * h;
                        b[j] += c * h;
                    })
                };
                let value = corner(1.0, 1.0) - corner(1.0, -1.0) - corner(-1.0, 1.0) + corner(-1.0, -1.0);
                curvature[(i, j)] = value / (4.0 * h * h);
            }
        }
        assert!(centre.is_finite());
        for i in 0..4 {
            let mut unit = vec![0.0; 4];
            unit[i] = 1.0;
            for (j, found) in fit.system.product(&unit).iter().enumerate() {
                assert!((found - curvature[(i, j)]).abs() < 1e-2 * (1.0 + found.abs()), "{i} {j}: {found} {curvature}");
            }
            let variance = fit.system.solve(&unit, 1e-12, "test").unwrap()[i];
            let truth = curvature.clone().try_inverse().unwrap()[(i, i)];
            assert!((variance / truth - 1.0).abs() < 1e-2, "{variance} {truth}");
        }
    }

    #[test]
    fn much_data_gives_the_coefficients_that_made_it() {
        let (rows, relation) = (simulated(40_000), relation());
        let problem = Logistic { rows: &rows, relation: &relation, penalties: vec![1e-3, 1e-3], offset: 0.0 };
        let fit = problem.fit("test").unwrap();
        for (found, truth) in fit.coefficients.iter().zip([0.5, 1.0, 0.5, 2.0]) {
            assert!((found - truth).abs() < 0.06, "{found} {truth}");
        }
        assert!(fit.steps < 12, "{}", fit.steps);
    }

    #[test]
    fn an_action_that_always_succeeds_has_a_finite_fit() {
        let mut rows = simulated(50);
        rows[1].y.fill(1.0);
        let (relation, penalties) = (relation(), vec![1.0, 1.0]);
        let fit = Logistic { rows: &rows, relation: &relation, penalties, offset: 0.0 }.fit("test").unwrap();
        assert!(fit.coefficients.iter().all(|b| b.is_finite()));
        assert!(fit.coefficients[2] > fit.coefficients[0]);
    }
}
