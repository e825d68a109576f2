//! Bayesian linear regression of related actions: the posterior of all coefficients, and draws of it.

use crate::linear::LinearHeads;
use crate::online::linear_algebra::add_scaled;
use crate::online::normal::Normal;
use crate::related::Evidence;
use crate::system::{System, semi_definite_root};
use guerdon_core::{Error, Result, Seed};
use nalgebra::DMatrix;
use rayon::prelude::*;

/// Relative residual at which a solution counts.
const EXACT: f64 = 1e-10;

/// The posterior under the conjugate prior (matrix normal; Bishop 2006, §3.3 for one target): coefficients of target t
/// and s have covariance noise[t, s]·A⁻¹ with A the system's matrix. The noise's covariance is its estimate of greatest
/// marginal likelihood and counts as known.
pub(crate) struct Posterior<'a> {
    evidence: &'a Evidence,
    system: &'a System,
    /// The mean of each target, `[actions][size]`.
    pub mean: Solution,
    /// Covariance of the targets' noise.
    pub noise: DMatrix<f64>,
}

impl<'a> Posterior<'a> {
    /// # Errors
    /// [`Error::Training`] where there is no finite solution.
    pub fn new(evidence: &'a Evidence, system: &'a System, learner: &str) -> Result<Self> {
        let mean = evidence.solve(system, EXACT, learner)?;
        let noise = evidence.noise(&mean);
        Ok(Posterior { evidence, system, mean, noise })
    }

    /// `count` draws of all targets together, [`mirrored`]. The noise that two targets share (whoever buys, pays) is in
    /// the draws too, so that a score made of several heads varies as it should.
    ///
    /// # Errors
    /// [`Error::Training`] where there is no finite solution.
    pub fn draws(&self, count: usize, seed: Seed, learner: &str) -> Result<Vec<LinearHeads>> {
        let roots = self.system.roots(learner)?;
        let mixing = semi_definite_root(&self.noise)
            .ok_or_else(|| Error::Internal("the noise of the targets is not finite".into()))?;
        let deviations = mirrored(count, |index| {
            let mut normal = Normal::new(seed.indexed(index));
            let mut deviation: Solution = self.mean.iter().map(|target| vec![0.0; target.len()]).collect();
            for source in 0..deviation.len() {
                let unit = self.system.solve(&roots.perturbation(&mut normal), EXACT, learner)?;
                for (t, target) in deviation.iter_mut().enumerate().skip(source) {
                    add_scaled(target, mixing[(t, source)], &unit);
                }
            }
            Ok(deviation)
        })?;
        Ok(deviations.iter().map(|deviation| self.evidence.heads(&added(&self.mean, deviation))).collect())
    }
}

/// Coefficients of each target, `[actions][size]`.
pub(crate) type Solution = Vec<Vec<f64>>;

/// `count` deviations from a mean, in pairs d and −d (antithetic draws, Hammersley & Morton 1956): each by itself is a
/// draw, and the mean over an even number of them is the posterior's own. `draw` gives the deviation of a pair.
pub(crate) fn mirrored(count: usize, draw: impl Fn(u64) -> Result<Solution> + Send + Sync) -> Result<Vec<Solution>> {
    let pairs: Vec<Solution> = (0..count.div_ceil(2) as u64).into_par_iter().map(draw).collect::<Result<_>>()?;
    let mirror = |one: &Solution| one.iter().map(|target| target.iter().map(|value| -value).collect()).collect();
    let mut all: Vec<Solution> = pairs.into_iter().flat_map(|one| [mirror(&one), one]).collect();
    all.truncate(count);
    Ok(all)
}

/// `mean` + `deviation`.
pub(crate) fn added(mean: &[Vec<f64>], deviation: &[Vec<f64>]) -> Solution {
    let sum = |(mean, deviation): (&Vec<f64>, &Vec<f64>)| mean.iter().zip(deviation).map(|(a, b)| a + b).collect();
    mean.iter().zip(deviation).map(sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Moments;
    use crate::lanes::Blocks;
    use crate::related::{Held, Relation};

    const FEATURES: [f32; 6] = [1.0, 0.0, 0.8, 0.6, 0.6, 0.8];
    const HELD: Held = Held { lambda: 0.05, prior_rows: 4.0 };

    /// Rows of three actions with two inputs, coefficients drawn from the prior (ρ = 0.7) with noise of deviation 0.5.
    fn simulated(seed: u64, rows: usize) -> (Vec<Moments>, Vec<f64>) {
        let mut normal = Normal::new(Seed(seed));
        let relation = Relation::new(&FEATURES, 3, 0.7).unwrap();
        let slope = HELD.lambda * (3 * rows) as f64 / 3.0;
        let prior =
            System::new(Blocks::new(&[0.0; 27], 3), &relation.precision, vec![HELD.prior_rows, slope, slope], "test")
                .unwrap();
        let unit = prior.roots("test").unwrap().perturbation(&mut normal);
        let truth: Vec<f64> = prior.solve(&unit, 1e-12, "test").unwrap().iter().map(|b| b * 0.5).collect();
        let mut moments = vec![Moments::new(2, 1); 3];
        for row in 0..3 * rows {
            let (x, action) = ([normal.draw() as f32, normal.draw() as f32], row % 3);
            let b = &truth[3 * action..];
            let y = b[0] + b[1] * f64::from(x[0]) + b[2] * f64::from(x[1]) + 0.5 * normal.draw();
            moments[action].add(&x, &[y], 1.0);
        }
        (moments, truth)
    }

    /// The matrix A written out, from its products with unit vectors.
    fn matrix(system: &System, unknowns: usize) -> DMatrix<f64> {
        let mut whole = DMatrix::zeros(unknowns, unknowns);
        for i in 0..unknowns {
            let mut unit = vec![0.0; unknowns];
            unit[i] = 1.0;
            whole.column_mut(i).copy_from_slice(&system.product(&unit));
        }
        whole
    }

    #[test]
    fn the_posterior_is_the_closed_form() {
        let (moments, _) = simulated(1, 40);
        let evidence = Evidence::of(&moments, "test").unwrap();
        let system = evidence.system(&Relation::new(&FEATURES, 3, 0.7).unwrap(), HELD, "test").unwrap();
        let posterior = Posterior::new(&evidence, &system, "test").unwrap();
        let inverse = matrix(&system, 9).try_inverse().unwrap();
        let mean = &inverse * nalgebra::DVector::from_column_slice(evidence.right(0));
        mean.iter().zip(&posterior.mean[0]).for_each(|(a, b)| assert!((a - b).abs() < 1e-9));
        // Draws about their mean: slopes of action 1 on both inputs.
        let draws = posterior.draws(4000, Seed(5), "test").unwrap();
        let slopes = |i: usize| draws.iter().map(move |heads| heads.weights[i * 3 + 1]).collect::<Vec<f64>>();
        let (first, second) = (slopes(0), slopes(1));
        let about = |values: &[f64], centre: f64| values.iter().map(|v| v - centre).collect::<Vec<f64>>();
        let (first, second) = (about(&first, mean[4]), about(&second, mean[5]));
        for (a, b, i, j) in [(&first, &first, 4, 4), (&second, &second, 5, 5), (&first, &second, 4, 5)] {
            let found = a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / 4000.0;
            let truth = posterior.noise[(0, 0)] * inverse[(i, j)];
            let error = posterior.noise[(0, 0)] * (inverse[(i, i)] * inverse[(j, j)] * 2.0 / 4000.0).sqrt();
            assert!((found - truth).abs() < 4.0 * error, "{found} against {truth}");
        }
    }

    #[test]
    fn draws_come_in_pairs_about_the_mean() {
        let (moments, _) = simulated(2, 40);
        let evidence = Evidence::of(&moments, "test").unwrap();
        let system = evidence.system(&Relation::new(&FEATURES, 3, 0.7).unwrap(), HELD, "test").unwrap();
        let posterior = Posterior::new(&evidence, &system, "test").unwrap();
        let (draws, mean) = (posterior.draws(5, Seed(1), "test").unwrap(), evidence.heads(&posterior.mean));
        assert_eq!(draws.len(), 5);
        for (i, weight) in mean.weights.iter().enumerate() {
            assert!((draws[0].weights[i] + draws[1].weights[i] - 2.0 * weight).abs() < 1e-12);
            assert!(draws[0].weights[i] != draws[2].weights[i]);
        }
    }

    #[test]
    fn credible_intervals_cover_what_was_drawn_from_the_prior() {
        let (mut inside, mut all) = (0.0, 0.0);
        for seed in 0..300 {
            let (moments, truth) = simulated(100 + seed, 30);
            let evidence = Evidence::of(&moments, "test").unwrap();
            let system = evidence.system(&Relation::new(&FEATURES, 3, 0.7).unwrap(), HELD, "test").unwrap();
            let posterior = Posterior::new(&evidence, &system, "test").unwrap();
            let inverse = matrix(&system, 9).try_inverse().unwrap();
            // Slopes only: the intercepts are about the rows' own means.
            for i in [1, 2, 4, 5, 7, 8] {
                let deviation = (posterior.noise[(0, 0)] * inverse[(i, i)]).sqrt();
                all += 1.0;
                inside += f64::from(u8::from((truth[i] - posterior.mean[0][i]).abs() < 1.959_964 * deviation));
            }
        }
        let share = inside / all;
        assert!((0.935..0.965).contains(&share), "95 % intervals covered {share}");
    }

    #[test]
    fn an_action_without_rows_is_valued_by_its_parts() {
        // Action 2 has the features of action 1 and no rows.
        let (mut moments, _) = simulated(3, 400);
        moments[2] = Moments::new(2, 1);
        let features = [1.0, 0.0, 0.6, 0.8, 0.6, 0.8];
        let evidence = Evidence::of(&moments, "test").unwrap();
        let relation = Relation::new(&features, 3, 0.999).unwrap();
        let system = evidence.system(&relation, HELD, "test").unwrap();
        let heads = evidence.heads(&evidence.solve(&system, EXACT, "test").unwrap());
        for row in heads.weights.chunks(3).chain([&heads.bias[..]]) {
            assert!((row[1] - row[2]).abs() < 0.05 * (row[0] - row[1]).abs() + 1e-3, "{row:?}");
        }
    }
}
