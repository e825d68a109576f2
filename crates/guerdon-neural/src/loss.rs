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
    /// Revenue, its loss divided by the dispersion of the fitting rows: with squared error in units of its variance.
    pub revenue: f32,
}

/// What revenue's head loses against the revenue y that there was.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum RevenueLoss {
    /// ½(z − y)², z being the prediction.
    #[default]
    Squared,
    /// Half the deviance of a Tweedie distribution of mean μ = e^z and variance φμ^power (Tweedie 1984; Jørgensen 1987),
    /// but for what does not depend on z. Proper for the mean of any y that is not negative.
    Tweedie {
        /// 1 (Poisson's) up to, not including, 2 (the gamma distribution's, which is never 0 and whose loss has no least
        /// value where y is); between them sums of a Poisson number of gamma amounts, which may be 0.
        power: f32,
    },
}

impl RevenueLoss {
    /// For last values `z` and targets `y`, of the same shape. With μ = e^z, Tweedie's derivative by z is
    /// μ^(2 − power) − y μ^(1 − power); the loss is its integral from z = 0.
    fn of(self, z: Tensor<2>, y: Tensor<2>) -> Tensor<2> {
        match self {
            RevenueLoss::Squared => {
                let error = z - y;
                (error.clone() * error).mul_scalar(0.5)
            }
            RevenueLoss::Tweedie { power } => {
                // Further out single precision ends.
                let z = z.clamp(-60.0, 60.0);
                integral(z.clone(), 2.0 - power) - y * integral(z, 1.0 - power)
            }
        }
    }
}

/// ∫ e^(kt) dt from 0 to z.
fn integral(z: Tensor<2>, k: f32) -> Tensor<2> {
    // So near to 0 the difference has no digits left.
    if k.abs() < 1e-3 {
        return z.clone() + (z.clone() * z).mul_scalar(k / 2.0);
    }
    z.mul_scalar(k).exp().sub_scalar(1.0).div_scalar(k)
}

/// One batch on the device: encoded contexts `[rows, inputs]`, logged actions, and targets `[rows, heads]` (0/1 for
/// stages and paid, revenue in units of its [`crate::Scale`]).
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
/// the logistic loss on the log-odds z, max(z, 0) − z·y + log(1 + exp(−|z|)); for revenue its [`RevenueLoss`]. All are
/// proper for the mean of the targets as they are given. Rows that did not reach the stage that revenue waits for, if there
/// is one, say nothing of revenue.
pub fn per_head(outputs: Tensor<2>, batch: &Batch, shape: &Shape) -> Tensor<1> {
    let [rows, heads] = batch.targets.dims();
    let logged = links::heads(shape, batch.logged.take(shape, outputs)).reshape([rows, heads]);
    let y = batch.targets.clone();
    let logits = logged.clone().slice([0..rows, 0..heads - 1]);
    let happened = y.clone().slice([0..rows, 0..heads - 1]);
    let logistic = softplus(logits.clone()) - logits * happened;
    let of_revenue = |of: Tensor<2>| of.slice([0..rows, heads - 1..heads]);
    let (mut z, mut revenue) = (of_revenue(logged), of_revenue(y.clone()));
    if let Some(stage) = shape.revenue_stage {
        // At 0 and 0 every loss is 0.
        let reached = y.slice([0..rows, stage..stage + 1]);
        (z, revenue) = (z * reached.clone(), revenue * reached);
    }
    let revenue = shape.revenue.of(z, revenue);
    Tensor::cat(vec![logistic, revenue], 1).mean_dim(0).reshape([heads])
}

/// The weight of each head, `[heads]`: stages share theirs evenly, and revenue's is divided by `dispersion`.
pub fn weights(heads: usize, weights: HeadWeights, dispersion: f32) -> Vec<f32> {
    let stages = heads - 2;
    let mut all = vec![weights.reach / stages.max(1) as f32; stages];
    all.extend([weights.paid, weights.revenue / dispersion]);
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

    /// Half the unit deviance of a Tweedie distribution, as the literature has it (Jørgensen 1997, The Theory of
    /// Dispersion Models, table 4.1).
    fn half_deviance(y: f64, mu: f64, p: f64) -> f64 {
        let own = if y > 0.0 { y * (y / mu).ln() } else { 0.0 };
        match p {
            1.0 => own - (y - mu),
            p => {
                y.powf(2.0 - p) / ((1.0 - p) * (2.0 - p)) - y * mu.powf(1.0 - p) / (1.0 - p)
                    + mu.powf(2.0 - p) / (2.0 - p)
            }
        }
    }

    #[test]
    fn tweedies_loss_differs_from_half_the_deviance_by_what_does_not_depend_on_the_prediction() {
        let device = Device::flex();
        for power in [1.0, 1.0002, 1.3, 1.5, 1.9f32] {
            for y in [0.0, 0.4, 1.0, 7.0] {
                let loss = |z: f32| {
                    let one = |value| tensor(vec![value], [1, 1], &device);
                    f64::from(read(RevenueLoss::Tweedie { power }.of(one(z), one(y))).unwrap()[0])
                };
                for z in [-3.0, -0.2, 0.5, 2.5f32] {
                    let deviance = |z: f32| half_deviance(f64::from(y), f64::from(z).exp(), f64::from(power));
                    let (found, truth) = (loss(z) - loss(1.0), deviance(z) - deviance(1.0));
                    assert!((found - truth).abs() < 2e-5 * truth.abs().max(1.0), "{power}, {y}, {z}: {found}, {truth}");
                }
            }
        }
    }

    #[test]
    fn revenue_counts_where_its_stage_was_reached_and_by_the_loss_asked_for() {
        let device = Device::flex();
        let revenue = RevenueLoss::Tweedie { power: 1.5 };
        let shape = Shape { heads: 3, actions: 1, revenue_stage: Some(0), revenue, ..Shape::default() };
        let targets = vec![1.0, 0.0, 3.0, 0.0, 0.0, 0.0];
        let batch = Batch::new(vec![0.0; 2], &[0, 0], targets, &shape, &device);
        let outputs = tensor(vec![0.0, 0.0, 0.5, 0.0, 0.0, 1e30], [2, 3], &device);
        let found = read(per_head(outputs, &batch, &shape)).unwrap()[2];
        // 2√μ + 2y/√μ, less its value at μ = 1, of one of two rows.
        let truth = (2.0 * 0.25f32.exp() + 6.0 * (-0.25f32).exp() - 8.0) / 2.0;
        assert!((found - truth).abs() < 1e-6, "{found}, not {truth}");
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
        assert_eq!(weights(4, HeadWeights { reach: 1.0, paid: 2.0, revenue: 3.0 }, 2.0), [0.5, 0.5, 2.0, 1.5]);
    }
}
