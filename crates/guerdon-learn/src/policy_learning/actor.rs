//! The network that scores actions, and its steps: burn carries the gradient from scores to weights, nothing else.

use super::logged::Logged;
use crate::linear::LinearHeads;
use burn::tensor::Device;
use guerdon_core::{Result, Seed};
use guerdon_neural::{Network, Optimiser, Shape, read, tensor};

/// A network of one head with its optimiser.
pub(crate) struct Actor {
    pub network: Network,
    optimiser: Optimiser,
    device: Device,
}

/// Rows that are scored at once.
const BLOCK: usize = 2048;

impl Actor {
    /// From parameter values; nothing moved yet.
    pub fn new(shape: Shape, values: &[Vec<f32>], decay: f64, clip: f64, device: &Device) -> Self {
        let network = Network::from_values(shape, values, device);
        Actor { optimiser: Optimiser::new(values.len(), decay as f32, clip as f32), network, device: device.clone() }
    }

    /// Scores of `rows`, `[rows][actions]`.
    pub fn scores(&self, logged: &Logged, rows: &[u32]) -> Result<Vec<f32>> {
        let mut all = Vec::with_capacity(rows.len() * logged.actions);
        for rows in rows.chunks(BLOCK) {
            let x = tensor(logged.contexts(rows), [rows.len(), logged.inputs], &self.device);
            all.extend(read(self.network.forward(x))?);
        }
        Ok(all)
    }

    /// One step up along what `slopes` says of the batch's scores, ∂objective/∂score, `[rows][actions]`.
    pub fn step(
        &mut self,
        rate: f64,
        logged: &Logged,
        rows: &[u32],
        slopes: impl FnOnce(&[f32]) -> Vec<f64>,
    ) -> Result<()> {
        let x = tensor(logged.contexts(rows), [rows.len(), logged.inputs], &self.device);
        let tracked = self.network.tracked();
        let scores = tracked.forward(x.autodiff());
        // The objective's own derivative is known in closed form, so that of Σ score · slope, slopes held fixed, is all
        // that is left to do.
        let slopes = slopes(&read(scores.clone().inner())?);
        let down = slopes.into_iter().map(|slope| -slope as f32).collect();
        let down = tensor(down, [rows.len(), logged.actions], &self.device).autodiff();
        let loss = (scores * down).sum();
        self.network = self.optimiser.step(rate, &tracked, &mut loss.backward());
        Ok(())
    }
}

/// The shape of a policy's network. With a linear start and hidden layers, each of these has `2 · carried` units more.
pub(crate) fn shape(logged: &Logged, hidden: &[usize], carried: usize, traits: Vec<f32>) -> Shape {
    Shape {
        inputs: logged.inputs,
        hidden: hidden.iter().map(|width| width + 2 * carried).collect(),
        heads: 1,
        actions: logged.actions,
        traits,
        ..Shape::default()
    }
}

/// How many values a linear start carries through hidden layers: the contexts or the scores, whichever are fewer.
pub(crate) fn carried(logged: &Logged) -> usize {
    logged.inputs.min(logged.actions)
}

/// Parameters of the uniform policy: the trunk as drawn, every score 0.
pub(crate) fn uniform_start(shape: &Shape, seed: Seed, device: &Device) -> Result<Vec<Vec<f32>>> {
    let mut values = Network::initial(shape.clone(), &[0.0], seed, device).values()?;
    values.iter_mut().skip(2 * shape.hidden.len()).for_each(|values| values.fill(0.0));
    Ok(values)
}

/// Parameters whose scores are those of `linear` times `factor`, whatever the hidden layers: their last `2 · carried`
/// units hold z and −z of what they carry, and silu(z) − silu(−z) = z.
pub(crate) fn linear_start(
    shape: &Shape,
    linear: &LinearHeads,
    factor: f64,
    seed: Seed,
    device: &Device,
) -> Result<Vec<Vec<f32>>> {
    let mut values = uniform_start(shape, seed, device)?;
    let (inputs, actions) = (shape.inputs, shape.actions);
    let weights: Vec<f32> = linear.weights.iter().map(|weight| (weight * factor) as f32).collect();
    let head = 2 * shape.hidden.len();
    values[head + 1] = linear.bias.iter().map(|bias| (bias * factor) as f32).collect();
    if shape.hidden.is_empty() {
        values[head] = weights;
        return Ok(values);
    }
    let carried = inputs.min(actions);
    let identity =
        |size: usize| -> Vec<f32> { (0..size * size).map(|i| if i / size == i % size { 1.0 } else { 0.0 }).collect() };
    // Scores are carried where actions are the fewer, contexts otherwise.
    let (first, last) = if actions <= inputs { (weights, identity(actions)) } else { (identity(inputs), weights) };
    for (layer, &width) in shape.hidden.iter().enumerate() {
        let own = width - 2 * carried;
        let matrix = &mut values[2 * layer];
        matrix.chunks_exact_mut(width).for_each(|row| row[own..].fill(0.0));
        if layer == 0 {
            set_twice(matrix, width, own, &first, carried);
        } else {
            let before = shape.hidden[layer - 1] - 2 * carried;
            let (plus, minus) = matrix[before * width..].split_at_mut(carried * width);
            set_twice(plus, width, own, &identity(carried), carried);
            set_twice(minus, width, own, &identity(carried).iter().map(|v| -v).collect::<Vec<_>>(), carried);
        }
    }
    let own = shape.hidden.last().map_or(0, |width| width - 2 * carried);
    let (plus, minus) = values[head][own * actions..].split_at_mut(carried * actions);
    plus.copy_from_slice(&last);
    minus.iter_mut().zip(&last).for_each(|(minus, value)| *minus = -value);
    Ok(values)
}

/// Writes `block` (`carried` columns) into a matrix of `width` columns from column `own` on, and its negative beside it.
fn set_twice(matrix: &mut [f32], width: usize, own: usize, block: &[f32], carried: usize) {
    for (row, values) in matrix.chunks_exact_mut(width).zip(block.chunks_exact(carried)) {
        row[own..own + carried].copy_from_slice(values);
        row[own + carried..].iter_mut().zip(values).for_each(|(minus, value)| *minus = -value);
    }
}

/// Divides the scores by `temperature` where they are made: in the last layer.
pub(crate) fn sharpen(shape: &Shape, values: &mut [Vec<f32>], temperature: f64) {
    for values in values.iter_mut().skip(2 * shape.hidden.len()) {
        values.iter_mut().for_each(|value| *value = (f64::from(*value) / temperature) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linear(inputs: usize, actions: usize) -> LinearHeads {
        let value = |i: usize| (i as f64 * 0.7).sin();
        LinearHeads {
            inputs,
            actions,
            targets: 1,
            weights: (0..inputs * actions).map(value).collect(),
            bias: (0..actions).map(|i| value(i + 5)).collect(),
        }
    }

    #[test]
    fn a_linear_start_scores_as_the_linear_model_through_any_hidden_layers() {
        let device = Device::flex();
        for (inputs, actions) in [(5, 3), (3, 6)] {
            let mut logged = Logged::new(inputs, actions);
            logged.x = (0..inputs * 4).map(|i| (i as f32 * 0.3).cos() * 2.0).collect();
            let linear = linear(inputs, actions);
            for hidden in [vec![], vec![4], vec![4, 7, 2]] {
                let shape = shape(&logged, &hidden, carried(&logged), vec![1.0; actions]);
                let values = linear_start(&shape, &linear, 2.0, Seed(1), &device).unwrap();
                let actor = Actor::new(shape, &values, 0.0, 1.0, &device);
                let found = actor.scores(&logged, &[0, 1, 2, 3]).unwrap();
                let mut expected = vec![0.0; actions];
                for (row, found) in found.chunks(actions).enumerate() {
                    linear.predict(logged.context(row), &mut expected);
                    for (found, expected) in found.iter().zip(&expected) {
                        assert!((f64::from(*found) - 2.0 * expected).abs() < 1e-5, "{hidden:?}: {found}, {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_uniform_start_scores_nothing_and_learns_all_the_same() {
        let device = Device::flex();
        let mut logged = Logged::new(2, 3);
        logged.x = vec![0.5, -1.0];
        let shape = shape(&logged, &[4], 0, vec![1.0; 3]);
        let values = uniform_start(&shape, Seed(1), &device).unwrap();
        let mut actor = Actor::new(shape, &values, 0.0, 1.0, &device);
        assert_eq!(actor.scores(&logged, &[0]).unwrap(), [0.0; 3]);
        actor.step(0.1, &logged, &[0], |_| vec![1.0, 0.0, -1.0]).unwrap();
        let scores = actor.scores(&logged, &[0]).unwrap();
        assert!(scores[0] > scores[1] && scores[1] > scores[2], "{scores:?}");
    }
}
