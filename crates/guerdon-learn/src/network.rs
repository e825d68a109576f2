//! The neural outcome model: a trunk that all actions share and heads per action, as plain burn tensors.

use burn::tensor::activation::silu;
use burn::tensor::{Device, Tensor, TensorData};
use guerdon_core::{Error, Result, Seed};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The sizes of a network.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    /// Width of the encoded context.
    pub inputs: usize,
    /// Widths of the trunk's layers.
    pub hidden: Vec<usize>,
    /// Stages, then `paid`, then `revenue`.
    pub heads: usize,
    /// How many actions.
    pub actions: usize,
    /// What the actions have in common, `[actions][traits]` (see [`crate::traits`]).
    pub traits: Vec<f32>,
}

impl Shape {
    /// How many traits an action has.
    pub fn trait_count(&self) -> usize {
        self.traits.len() / self.actions.max(1)
    }

    /// Width of the last layer: output `head * actions + action`.
    pub fn outputs(&self) -> usize {
        self.heads * self.actions
    }

    /// Rows and columns of every parameter, in order: weight and bias of each trunk layer, then of the heads, then the
    /// weights and biases that actions share through their traits.
    pub fn parameters(&self) -> Vec<[usize; 2]> {
        let mut all = vec![];
        let mut width = self.inputs;
        for &next in &self.hidden {
            all.extend([[width, next], [1, next]]);
            width = next;
        }
        all.extend([[width, self.outputs()], [1, self.outputs()]]);
        all.extend([[width * self.heads, self.trait_count()], [self.heads, self.trait_count()]]);
        all
    }
}

/// The parameters, each a matrix (biases are one row).
#[derive(Debug, Clone)]
pub(crate) struct Network {
    pub shape: Shape,
    pub parameters: Vec<Tensor<2>>,
}

impl Network {
    /// Fresh parameters. Trunk: uniform, variance 2/fan-in (He et al. 2015). Heads start from `start` (one per head, the
    /// link-scale value of the head's mean) and small shared weights; what is particular to an action starts at zero.
    /// All draws are ours (ChaCha8), never burn's global generator.
    pub fn initial(shape: Shape, start: &[f32], seed: Seed, device: &Device) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed.0);
        let sizes = shape.parameters();
        let trunk = 2 * shape.hidden.len();
        let values = sizes.iter().enumerate().map(|(i, &[rows, columns])| {
            let mut uniform = |bound: f32| -> Vec<f32> {
                (0..rows * columns).map(|_| (2.0 * rng.random::<f32>() - 1.0) * bound).collect()
            };
            if i < trunk && i % 2 == 0 {
                uniform((6.0 / rows as f32).sqrt())
            } else if i == trunk + 1 {
                start.iter().flat_map(|&value| std::iter::repeat_n(value, shape.actions)).collect()
            } else if i == trunk + 2 {
                let width = rows / shape.heads.max(1);
                uniform(0.3 * (3.0 / width as f32).sqrt())
            } else {
                vec![0.0; rows * columns]
            }
        });
        let parameters = values.zip(&sizes).map(|(values, &size)| tensor(values, size, device)).collect();
        Network { shape, parameters }
    }

    /// The network with these parameter values, in the order of [`Shape::parameters`].
    pub fn from_values(shape: Shape, values: &[Vec<f32>], device: &Device) -> Self {
        let sizes = shape.parameters();
        let parameters = values.iter().zip(sizes).map(|(values, size)| tensor(values.clone(), size, device)).collect();
        Network { shape, parameters }
    }

    /// All parameter values, read back from the device.
    pub fn values(&self) -> Result<Vec<Vec<f32>>> {
        self.parameters.iter().map(|parameter| read(parameter.clone())).collect()
    }

    /// Weights `[width, outputs]` and biases `[1, outputs]` of the heads: what is particular to each action plus what
    /// it shares with others through its traits.
    pub fn heads(&self) -> (Tensor<2>, Tensor<2>) {
        let trunk = 2 * self.shape.hidden.len();
        let own_weight = self.parameters[trunk].clone();
        let own_bias = self.parameters[trunk + 1].clone();
        let count = self.shape.trait_count();
        if count == 0 {
            return (own_weight, own_bias);
        }
        let device = own_weight.device();
        let traits = tensor(self.shape.traits.clone(), [self.shape.actions, count], &device).transpose();
        let outputs = self.shape.outputs() as i64;
        let weight = self.parameters[trunk + 2].clone().matmul(traits.clone()).reshape([-1, outputs]);
        let bias = self.parameters[trunk + 3].clone().matmul(traits).reshape([1, outputs]);
        (own_weight + weight, own_bias + bias)
    }

    /// The last layer's values before any link, `[rows, heads * actions]`, for encoded contexts `x` `[rows, inputs]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let mut x = x;
        for layer in 0..self.shape.hidden.len() {
            let (weight, bias) = (&self.parameters[2 * layer], &self.parameters[2 * layer + 1]);
            x = silu(x.matmul(weight.clone()) + bias.clone());
        }
        let (weight, bias) = self.heads();
        x.matmul(weight) + bias
    }

    /// The same with gradients recorded.
    pub fn tracked(&self) -> Self {
        let parameters = self.parameters.iter().map(|p| p.clone().autodiff().require_grad()).collect();
        Network { shape: self.shape.clone(), parameters }
    }
}

/// A matrix from its values, row by row.
pub(crate) fn tensor(values: Vec<f32>, size: [usize; 2], device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, size), device)
}

/// A tensor's values, row by row.
pub(crate) fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    tensor.try_into_vec_as::<f32>().map_err(|error| Error::Internal(format!("reading from the device: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        Shape { inputs: 3, hidden: vec![4, 5], heads: 2, actions: 3, traits: vec![1.0, 0.0, 1.0, 1.0, 0.0, 1.0] }
    }

    #[test]
    fn the_same_seed_gives_the_same_weights_and_another_seed_others() {
        let device = Device::flex();
        let values = |seed| Network::initial(shape(), &[0.1, 0.2], Seed(seed), &device).values().unwrap();
        assert_eq!(values(1), values(1));
        assert_ne!(values(1), values(2));
    }

    #[test]
    fn actions_with_the_same_traits_start_with_the_same_heads_and_every_head_at_its_mean() {
        let device = Device::flex();
        let mut same = shape();
        same.traits = vec![1.0; 6];
        let network = Network::initial(same, &[0.5, -2.0], Seed(3), &device);
        let (weight, bias) = network.heads();
        let (weight, bias) = (read(weight).unwrap(), read(bias).unwrap());
        assert_eq!(bias, [0.5, 0.5, 0.5, -2.0, -2.0, -2.0]);
        for row in weight.chunks(6) {
            assert!(row[0] == row[1] && row[1] == row[2] && row[3] == row[4] && row[0] != row[3]);
        }
    }

    #[test]
    fn a_forward_pass_is_the_sum_written_out() {
        let device = Device::flex();
        let shape = Shape { inputs: 1, hidden: vec![1], heads: 1, actions: 2, traits: vec![1.0, 2.0] };
        let values = vec![vec![2.0], vec![1.0], vec![3.0, -1.0], vec![0.5, 0.25], vec![0.1], vec![0.01]];
        let network = Network::from_values(shape, &values, &device);
        let out = read(network.forward(tensor(vec![0.5], [1, 1], &device))).unwrap();
        let hidden = 2.0 / (1.0 + (-2.0f32).exp());
        assert!((out[0] - (hidden * 3.1 + 0.51)).abs() < 1e-6);
        assert!((out[1] - (hidden * -0.8 + 0.27)).abs() < 1e-6);
    }
}
