//! The neural outcome model: a trunk that all actions share and heads per action, as plain burn tensors.

use crate::curve::Curve;
use crate::loss::RevenueLoss;
use burn::tensor::activation::silu;
use burn::tensor::{Device, Tensor, TensorData};
use guerdon_core::{Error, Result, Seed};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The sizes of a network, and what stands between its last layer and its heads.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shape {
    /// Width of the encoded context.
    pub inputs: usize,
    /// Widths of the trunk's layers.
    pub hidden: Vec<usize>,
    /// Stages, then `paid`, then `revenue`.
    pub heads: usize,
    /// How many actions.
    pub actions: usize,
    /// What the actions have in common, `[actions][traits]`; empty where each has weights of its own only.
    pub traits: Vec<f32>,
    /// The amount curve, if there is one. Actions of one of its groups have the same traits, and share their base.
    pub curve: Option<Curve>,
    /// How many heads, from the first, the curve raises; 0 without one.
    pub curved: usize,
    /// For each stage the earlier one that it follows, its chance being a product with that one's; empty where none does.
    pub follows: Vec<Option<usize>>,
    /// The stage without which there is no revenue.
    pub revenue_stage: Option<usize>,
    /// How revenue is fitted, which also says what links it to the last layer.
    pub revenue: RevenueLoss,
}

/// Some columns of the last layer that share weights: `heads` times `columns` of them.
struct Block {
    heads: usize,
    columns: usize,
    /// `[own][columns]`: which column has which weights of its own; `None` where each column has its own.
    spread: Option<Vec<f32>>,
    own: usize,
    /// `[traits][columns]`.
    mix: Vec<f32>,
    traits: usize,
    /// What the biases of each head start from.
    start: Vec<f32>,
}

/// What a curve's values before their softplus start from: nearly flat.
const FLAT: f32 = -2.0;

impl Shape {
    /// How many traits an action has.
    pub fn trait_count(&self) -> usize {
        self.traits.len() / self.actions.max(1)
    }

    /// Width of the last layer: output `head * actions + action`, then the curve's values by curved head, group and
    /// knot.
    pub fn outputs(&self) -> usize {
        let curve = self.curve.as_ref().map_or(0, |curve| self.curved * curve.groups * curve.knots);
        self.heads * self.actions + curve
    }

    /// Rows and columns of every parameter, in order: weight and bias of each trunk layer; then for the heads, and for
    /// the curve if there is one, own weights and biases, and those that are shared through traits.
    pub fn parameters(&self) -> Vec<[usize; 2]> {
        let mut all = vec![];
        let mut width = self.inputs;
        for &next in &self.hidden {
            all.extend([[width, next], [1, next]]);
            width = next;
        }
        for block in self.blocks(&[]) {
            all.extend([[width, block.heads * block.own], [1, block.heads * block.own]]);
            all.extend([[width * block.heads, block.traits], [block.heads, block.traits]]);
        }
        all
    }

    fn blocks(&self, start: &[f32]) -> Vec<Block> {
        let (actions, traits) = (self.actions, self.trait_count());
        let row = |action: usize| &self.traits[action * traits..(action + 1) * traits];
        let mix = |columns: &[usize]| -> Vec<f32> {
            (0..traits).flat_map(|t| columns.iter().map(move |&action| row(action)[t])).collect()
        };
        let all: Vec<usize> = (0..actions).collect();
        let base = Block {
            heads: self.heads,
            columns: actions,
            spread: None,
            own: actions,
            mix: mix(&all),
            traits,
            start: start.to_vec(),
        };
        let Some(curve) = &self.curve else { return vec![base] };
        let (places, own) = curve.columns();
        let spread = (0..own).flat_map(|column| places.iter().map(move |&place| f32::from(u8::from(place == column))));
        let (groups, knots) = (curve.groups, curve.knots);
        let firsts = curve.firsts();
        // Trait t of knot j reaches knot j of every group that has it.
        let kron = (0..traits * knots).flat_map(|from| {
            let (t, knot) = (from / knots, from % knots);
            let firsts = &firsts;
            (0..groups * knots).map(move |to| if to % knots == knot { row(firsts[to / knots])[t] } else { 0.0 })
        });
        let raised = Block {
            heads: self.curved,
            columns: groups * knots,
            spread: None,
            own: groups * knots,
            mix: kron.collect(),
            traits: traits * knots,
            start: vec![FLAT; self.curved],
        };
        vec![Block { spread: Some(spread.collect()), own, ..base }, raised]
    }
}

/// The parameters, each a matrix (biases are one row).
#[derive(Debug, Clone)]
pub struct Network {
    /// Its sizes.
    pub shape: Shape,
    /// In the order of [`Shape::parameters`].
    pub parameters: Vec<Tensor<2>>,
}

impl Network {
    /// Fresh parameters. Trunk: uniform, variance 2/fan-in (He et al. 2015). Heads start from `start` (one per head, the
    /// link-scale value of the head's mean) and small shared weights; what is particular to an action starts at zero.
    /// All draws are ours (ChaCha8), never burn's global generator.
    pub fn initial(shape: Shape, start: &[f32], seed: Seed, device: &Device) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed.0);
        let mut uniform = |count: usize, bound: f32| -> Vec<f32> {
            (0..count).map(|_| (2.0 * rng.random::<f32>() - 1.0) * bound).collect()
        };
        let mut values = vec![];
        let mut width = shape.inputs;
        for &next in &shape.hidden {
            values.extend([uniform(width * next, (6.0 / width as f32).sqrt()), vec![0.0; next]]);
            width = next;
        }
        for block in shape.blocks(start) {
            let biases = block.start.iter().flat_map(|&value| std::iter::repeat_n(value, block.own));
            values.extend([vec![0.0; width * block.heads * block.own], biases.collect()]);
            let shared = uniform(width * block.heads * block.traits, 0.3 * (3.0 / width as f32).sqrt());
            values.extend([shared, vec![0.0; block.heads * block.traits]]);
        }
        Network::from_values(shape, &values, device)
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

    /// Weights `[width, outputs]` and biases `[1, outputs]` of the last layer: what is particular to each action plus
    /// what it shares with others through its traits.
    pub fn heads(&self) -> (Tensor<2>, Tensor<2>) {
        let trunk = 2 * self.shape.hidden.len();
        let (mut weights, mut biases) = (vec![], vec![]);
        for (block, own) in self.shape.blocks(&[]).iter().zip(self.parameters[trunk..].chunks_exact(4)) {
            weights.push(block.columns(&own[0], &own[2]));
            biases.push(block.columns(&own[1], &own[3]));
        }
        (Tensor::cat(weights, 1), Tensor::cat(biases, 1))
    }

    /// The trunk's output, `[rows, width]`, for encoded contexts `x` `[rows, inputs]`.
    pub fn trunk(&self, x: Tensor<2>) -> Tensor<2> {
        self.parameters
            .chunks_exact(2)
            .take(self.shape.hidden.len())
            .fold(x, |x, layer| silu(x.matmul(layer[0].clone()) + layer[1].clone()))
    }

    /// The last layer's values before any link, `[rows, outputs]`, for encoded contexts `x` `[rows, inputs]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let (weight, bias) = self.heads();
        self.trunk(x).matmul(weight) + bias
    }

    /// The same with gradients recorded.
    pub fn tracked(&self) -> Self {
        let parameters = self.parameters.iter().map(|p| p.clone().autodiff().require_grad()).collect();
        Network { shape: self.shape.clone(), parameters }
    }
}

impl Block {
    /// Weights `[rows, heads * columns]` from own ones `[rows, heads * own]` and shared ones `[rows * heads, traits]`.
    fn columns(&self, own: &Tensor<2>, shared: &Tensor<2>) -> Tensor<2> {
        let device = own.device();
        let outputs = (self.heads * self.columns) as i64;
        let mut all = own.clone();
        if let Some(spread) = &self.spread {
            let spread = tensor(spread.clone(), [self.own, self.columns], &device);
            all = all.reshape([-1, self.own as i64]).matmul(spread).reshape([-1, outputs]);
        }
        if self.traits > 0 {
            let mix = tensor(self.mix.clone(), [self.traits, self.columns], &device);
            all = all + shared.clone().matmul(mix).reshape([-1, outputs]);
        }
        all
    }
}

/// A matrix from its values, row by row.
pub fn tensor(values: Vec<f32>, size: [usize; 2], device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, size), device)
}

/// A tensor's values, row by row.
pub fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    tensor.try_into_vec_as::<f32>().map_err(|error| Error::Internal(format!("reading from the device: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        let traits = vec![1.0, 0.0, 1.0, 1.0, 0.0, 1.0];
        Shape { inputs: 3, hidden: vec![4, 5], heads: 2, actions: 3, traits, ..Shape::default() }
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
        let traits = vec![1.0, 2.0];
        let shape = Shape { inputs: 1, hidden: vec![1], heads: 1, actions: 2, traits, ..Shape::default() };
        let values = vec![vec![2.0], vec![1.0], vec![3.0, -1.0], vec![0.5, 0.25], vec![0.1], vec![0.01]];
        let network = Network::from_values(shape, &values, &device);
        let out = read(network.forward(tensor(vec![0.5], [1, 1], &device))).unwrap();
        let hidden = 2.0 / (1.0 + (-2.0f32).exp());
        assert!((out[0] - (hidden * 3.1 + 0.51)).abs() < 1e-6);
        assert!((out[1] - (hidden * -0.8 + 0.27)).abs() < 1e-6);
    }
}
