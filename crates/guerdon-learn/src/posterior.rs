//! Draws from an approximate posterior of the last layer: neural-linear Thompson sampling.

use crate::members::Model;
use crate::online::Normal;
use guerdon_core::{Error, Result, Seed};
use guerdon_neural::{Network, Shape, Source, Summary, read, tensor};
use nalgebra::{DMatrix, DVector};

/// What the draws need beside the trained network.
pub(crate) struct Posterior<'a> {
    pub source: &'a dyn Source,
    pub summary: &'a Summary,
    /// Whether the validation members' rows were fitted too.
    pub all: bool,
    /// τ, the precision of the prior.
    pub precision: f64,
    pub seed: Seed,
}

/// Rows that go through the trunk at once.
const ROWS: usize = 2048;

impl Posterior<'_> {
    /// `draws` networks that share `model`'s trunk, their last layers drawn from N(trained weights, Λ⁻¹) with
    /// Λ = τI + Σ h φφᵀ per head and action (Laplace's approximation; exact for revenue with its noise known). φ is the
    /// trunk's output and a 1; h = p(1 − p) for chances, 1/σ² for revenue, σ² being the mean squared error on the rows
    /// themselves. Heads whose outcome never varied keep their weights: there is nothing to be uncertain about.
    ///
    /// Memory: `heads · actions` matrices of `(width + 1)²` doubles.
    ///
    /// # Errors
    /// [`Error::Training`] for a precision matrix that is not positive definite; errors of the source.
    pub fn draws(&self, model: &Model, draws: usize) -> Result<Model> {
        let network = &model.networks[0];
        let shape = Shape { traits: vec![], ..network.shape.clone() };
        let (weights, bias) = network.heads();
        let (weights, bias) = (read(weights)?, read(bias)?);
        let precisions = self.precisions(network, &weights, &bias)?;
        let mut drawn = vec![(weights.clone(), bias.clone()); draws];
        for (output, precision) in precisions.into_iter().enumerate() {
            let Some(precision) = precision else { continue };
            let Some(cholesky) = precision.cholesky() else {
                let reason = "the last layer's precision is not positive definite; raise posterior_precision";
                return Err(Error::Training { learner: "neural".into(), reason: reason.into() });
            };
            let upper = cholesky.l().transpose();
            for (number, (weights, bias)) in drawn.iter_mut().enumerate() {
                let seed = self.seed.named("posterior").indexed(number as u64).indexed(output as u64);
                // Λ = LLᵀ, so that L⁻ᵀε has covariance Λ⁻¹.
                let Some(step) = upper.solve_upper_triangular(&noise(upper.nrows(), seed)) else { continue };
                add(weights, bias, output, shape.outputs(), &step);
            }
        }
        let trunk = 2 * shape.hidden.len();
        let device = network.parameters[0].device();
        let mut networks = vec![];
        for (weights, bias) in drawn {
            let mut parameters = network.parameters[..trunk].to_vec();
            let sizes = shape.parameters();
            parameters.extend([tensor(weights, sizes[trunk], &device), tensor(bias, sizes[trunk + 1], &device)]);
            parameters.extend([tensor(vec![], sizes[trunk + 2], &device), tensor(vec![], sizes[trunk + 3], &device)]);
            networks.push(Network { shape: shape.clone(), parameters });
        }
        Ok(Model { networks, one_trunk: true, scale: model.scale })
    }

    /// Λ of every output, `None` for those that keep their weights.
    fn precisions(&self, network: &Network, weights: &[f32], bias: &[f32]) -> Result<Vec<Option<DMatrix<f64>>>> {
        let shape = &network.shape;
        let (actions, outputs) = (shape.actions, shape.outputs());
        let width = weights.len() / outputs;
        let varies = |head: usize| self.summary.constant.get(head) != Some(&true);
        let mut sums: Vec<Option<DMatrix<f64>>> =
            (0..outputs).map(|output| varies(output / actions).then(|| DMatrix::zeros(width + 1, width + 1))).collect();
        let (mut squares, mut spenders) = (0.0f64, 0.0f64);
        let device = network.parameters[0].device();
        self.source.blocks(None, &mut |block| {
            for rows in block.fitting_rows(self.all, None).chunks(ROWS) {
                let x: Vec<f32> = rows.iter().flat_map(|row| block.context(*row as usize).to_vec()).collect();
                let trunk = read(network.trunk(tensor(x, [rows.len(), shape.inputs], &device)))?;
                for (row, phi) in rows.iter().zip(trunk.chunks_exact(width)) {
                    let row = *row as usize;
                    let (action, targets) = (usize::from(block.action[row]), block.targets_of(row));
                    let phi = DVector::from_iterator(width + 1, phi.iter().map(|v| f64::from(*v)).chain([1.0]));
                    for head in 0..shape.heads {
                        let output = head * actions + action;
                        let Some(sum) = &mut sums[output] else { continue };
                        let value = value(&phi, weights, bias, output, outputs);
                        let mut h = 1.0;
                        if head < shape.heads - 1 {
                            let p = 1.0 / (1.0 + (-value).exp());
                            h = p * (1.0 - p);
                        } else if shape.revenue_stage.is_none_or(|stage| targets[stage] > 0.0) {
                            let scale = self.summary.scale;
                            squares += (f64::from((targets[head] - scale.zero) / scale.unit) - value).powi(2);
                            spenders += 1.0;
                        } else {
                            continue;
                        }
                        sum.syger(h, &phi, &phi, 1.0);
                    }
                }
            }
            Ok(())
        })?;
        let noise = if spenders > 0.0 && squares > 0.0 { squares / spenders } else { 1.0 };
        for (output, sum) in sums.iter_mut().enumerate() {
            let Some(sum) = sum else { continue };
            if output / actions == shape.heads - 1 {
                *sum /= noise;
            }
            sum.fill_upper_triangle_with_lower_triangle();
            (0..=width).for_each(|i| sum[(i, i)] += self.precision);
        }
        Ok(sums)
    }
}

/// φ · w of one output.
fn value(phi: &DVector<f64>, weights: &[f32], bias: &[f32], output: usize, outputs: usize) -> f64 {
    let weights = weights[output..].iter().step_by(outputs);
    weights.zip(phi.iter()).map(|(w, phi)| f64::from(*w) * phi).sum::<f64>() + f64::from(bias[output])
}

fn noise(length: usize, seed: Seed) -> DVector<f64> {
    let mut normal = Normal::new(seed);
    DVector::from_fn(length, |_, _| normal.draw())
}

/// Adds `step`, weights and then bias, to one output's.
fn add(weights: &mut [f32], bias: &mut [f32], output: usize, outputs: usize, step: &DVector<f64>) {
    for (weight, step) in weights[output..].iter_mut().step_by(outputs).zip(step.iter()) {
        *weight = (f64::from(*weight) + step) as f32;
    }
    if let Some(step) = step.iter().next_back() {
        bias[output] = (f64::from(bias[output]) + step) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use guerdon_neural::{Dataset, Layout, Scale};

    const ROWS: usize = 60;

    fn data() -> Dataset {
        let mut data = Dataset::new(Layout { inputs: 2, heads: 3, actions: 1, revenue_stage: None });
        for row in 0..ROWS {
            let x = [(row as f32 * 0.7).sin(), (row as f32 * 1.3).cos()];
            data.x.extend(x);
            data.action.push(0);
            data.targets.extend([f32::from(u8::from(x[0] > 0.2)), 0.0, x[0] - 0.5 * x[1] + (row as f32).sin()]);
            data.validation.push(false);
            data.member.push(row as u64);
        }
        data
    }

    /// The covariance of weights and bias of one output over the draws, and their mean.
    fn moments(model: &Model, output: usize) -> (DMatrix<f64>, DVector<f64>) {
        let drawn: Vec<DVector<f64>> = model
            .networks
            .iter()
            .map(|network| {
                let (weights, bias) = network.heads();
                let (weights, bias) = (read(weights).unwrap(), read(bias).unwrap());
                let all = weights[output..].iter().step_by(3).chain([&bias[output]]).map(|w| f64::from(*w));
                DVector::from_iterator(4, all)
            })
            .collect();
        let mean = drawn.iter().fold(DVector::zeros(4), |sum, w| sum + w) / drawn.len() as f64;
        let squares = drawn.iter().fold(DMatrix::zeros(4, 4), |sum, w| sum + (w - &mean) * (w - &mean).transpose());
        (squares / drawn.len() as f64, mean)
    }

    #[test]
    fn draws_have_the_mean_and_the_covariance_of_the_closed_form() {
        let data = data();
        let shape = Shape { inputs: 2, hidden: vec![3], heads: 3, actions: 1, traits: vec![1.0], ..Shape::default() };
        let network = Network::initial(shape, &[-0.4, -5.0, 0.3], Seed(3), &Device::flex());
        let (weights, bias) = network.heads();
        let (weights, bias) = (read(weights).unwrap(), read(bias).unwrap());
        let trunk = read(network.trunk(tensor(data.x.clone(), [ROWS, 2], &Device::flex()))).unwrap();
        let model =
            Model { networks: vec![network], one_trunk: false, scale: Scale { zero: 0.0, unit: 1.0, most: 9.0 } };
        let summary =
            Summary { rows: ROWS, start: vec![], scale: model.scale, dispersion: 1.0, constant: vec![false, true] };
        let posterior = Posterior { source: &data, summary: &summary, all: true, precision: 2.0, seed: Seed(11) };
        let drawn = posterior.draws(&model, 4000).unwrap();

        let phi = DMatrix::from_fn(ROWS, 4, |row, k| if k < 3 { f64::from(trunk[row * 3 + k]) } else { 1.0 });
        let head = |output: usize| {
            let own = weights[output..].iter().step_by(3).chain([&bias[output]]).map(|w| f64::from(*w));
            DVector::from_iterator(4, own)
        };
        let prior = DMatrix::identity(4, 4) * 2.0;
        let revenue = DVector::from_fn(ROWS, |row, _| f64::from(data.targets[row * 3 + 2]));
        let noise = (revenue - &phi * head(2)).norm_squared() / ROWS as f64;
        let linear = (&prior + phi.transpose() * &phi / noise).try_inverse().unwrap();
        let p = (&phi * head(0)).map(|z| 1.0 / (1.0 + (-z).exp()));
        let curvature = DMatrix::from_diagonal(&p.map(|p| p * (1.0 - p)));
        let logistic = (&prior + phi.transpose() * curvature * &phi).try_inverse().unwrap();
        for (output, wanted) in [(0, logistic), (2, linear)] {
            let (covariance, mean) = moments(&drawn, output);
            let error = (&covariance - &wanted).norm() / wanted.norm();
            assert!(error < 0.06, "head {output}: {covariance} against {wanted}");
            assert!((mean - head(output)).norm() < 4.0 * (wanted.trace() / 4000.0).sqrt());
        }
        // "paid" never happened: its weights stay.
        assert_eq!(moments(&drawn, 1).0.norm(), 0.0);
    }
}
