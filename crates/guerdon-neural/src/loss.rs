//! The training loss of the neural learner: only the logged action's heads are compared with what happened.

use crate::links::{self, Pick, softplus};
use crate::network::{Shape, tensor};
use burn::tensor::{Device, Tensor};

/// How much each head counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeadWeights {
    /// All stages together.
    pub reach: f32,
    /// The reward paid.
    pub paid: f32,
    /// Revenue, in units of its own variance.
    pub revenue: f32,
}

/// One batch on the device: encoded contexts `[rows, inputs]`, logged actions, and targets `[rows, heads]` (0/1 for
/// stages and paid, standardised revenue).
pub struct Batch {
    pub x: Tensor<2>,
    pub logged: Pick,
    pub targets: Tensor<2>,
}

impl Batch {
    /// Puts rows on the device. `actions` holds one per row; `targets` `heads` per row.
    pub fn new(x: Vec<f32>, actions: &[u16], targets: Vec<f32>, shape: &Shape, device: &Device) -> Self {
        let rows = actions.len();
        let (inputs, heads) = (x.len() / rows, targets.len() / rows);
        Batch {
            x: tensor(x, [rows, inputs], device),
            logged: Pick::logged(shape, actions, device),
            targets: tensor(targets, [rows, heads], device),
        }
    }
}

/// Mean loss per head, `[heads]`, of the last layer's values `outputs` `[rows, outputs]`: for stages and paid
/// the logistic loss on the log-odds z, max(z, 0) − z·y + log(1 + exp(−|z|)); for revenue ½(z − y)². Both are proper for
/// the mean of the targets as they are given. Rows that did not reach the stage that revenue waits for, if there is one, say
/// nothing of revenue.
pub fn per_head(outputs: Tensor<2>, batch: &Batch, shape: &Shape) -> Tensor<1> {
    let [rows, heads] = batch.targets.dims();
    let logged = links::heads(shape, batch.logged.take(shape, outputs)).reshape([rows, heads]);
    let y = batch.targets.clone();
    let logits = logged.clone().slice([0..rows, 0..heads - 1]);
    let happened = y.clone().slice([0..rows, 0..heads - 1]);
    let logistic = softplus(logits.clone()) - logits * happened;
    let error = logged.slice([0..rows, heads - 1..heads]) - y.clone().slice([0..rows, heads - 1..heads]);
    let error = match shape.revenue_stage {
        Some(stage) => error * y.slice([0..rows, stage..stage + 1]),
        None => error,
    };
    let squared = (error.clone() * error).mul_scalar(0.5);
    Tensor::cat(vec![logistic, squared], 1).mean_dim(0).reshape([heads])
}

/// The weight of each head, `[heads]`: stages share theirs evenly.
pub fn weights(heads: usize, weights: HeadWeights) -> Vec<f32> {
    let stages = heads - 2;
    let mut all = vec![weights.reach / stages.max(1) as f32; stages];
    all.extend([weights.paid, weights.revenue]);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::read;

    #[test]
    fn only_the_logged_actions_heads_count_and_each_loss_is_as_written() {
        let device = Device::flex();
        // Two rows, heads: one stage, paid, revenue; two actions. Output order is head * actions + action.
        let outputs = vec![0.3, 9.0, -1.2, 9.0, 2.0, 9.0, 9.0, -0.5, 9.0, 0.7, 9.0, -3.0];
        let shape = Shape { heads: 3, actions: 2, ..Shape::default() };
        let batch = Batch::new(vec![0.0; 2], &[0, 1], vec![1.0, 0.0, 1.5, 0.0, 1.0, -2.0], &shape, &device);
        let found = read(per_head(tensor(outputs, [2, 6], &device), &batch, &shape)).unwrap();
        let logistic = |z: f64, y: f64| (1.0 + z.exp()).ln() - z * y;
        let expected = [
            (logistic(0.3, 1.0) + logistic(-0.5, 0.0)) / 2.0,
            (logistic(-1.2, 0.0) + logistic(0.7, 1.0)) / 2.0,
            (0.5 * 0.25 + 0.5) / 2.0,
        ];
        for (found, expected) in found.iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-6, "{found} against {expected}");
        }
    }

    #[test]
    fn a_huge_logit_gives_a_finite_loss() {
        let device = Device::flex();
        let shape = Shape { heads: 3, actions: 1, ..Shape::default() };
        let batch = Batch::new(vec![0.0], &[0], vec![0.0, 1.0, 0.0], &shape, &device);
        let found = read(per_head(tensor(vec![1e4, -1e4, 0.0], [1, 3], &device), &batch, &shape)).unwrap();
        assert_eq!(found, [1e4, 1e4, 0.0]);
    }

    #[test]
    fn stages_share_their_weight() {
        assert_eq!(weights(4, HeadWeights { reach: 1.0, paid: 2.0, revenue: 3.0 }), [0.5, 0.5, 2.0, 3.0]);
    }
}
