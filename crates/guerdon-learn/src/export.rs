//! From trained models to the models that serve.

use crate::linear::LinearHeads;
use crate::network::{Network, read};
use crate::neural::Scale;
use guerdon_core::Result;
use guerdon_policy::{Dense, LinearModel, MlpModel};

/// The network as a frozen multi-layer perceptron, its revenue waiting for `revenue_stage` if there is one: shared and own head weights become one matrix, and the revenue head
/// gives major units.
pub(crate) fn mlp(network: &Network, scale: Scale, revenue_stage: Option<usize>) -> Result<MlpModel> {
    let shape = &network.shape;
    let mut layers = vec![];
    let mut inputs = shape.inputs;
    for (layer, &outputs) in shape.hidden.iter().enumerate() {
        let weights = read(network.parameters[2 * layer].clone())?;
        let bias = read(network.parameters[2 * layer + 1].clone())?;
        layers.push(Dense { inputs, outputs, weights, bias });
        inputs = outputs;
    }
    let (weights, bias) = network.heads();
    let (mut weights, mut bias) = (read(weights)?, read(bias)?);
    let outputs = shape.outputs();
    let revenue = outputs - shape.actions..outputs;
    for row in weights.chunks_exact_mut(outputs) {
        row[revenue.clone()].iter_mut().for_each(|weight| *weight *= scale.std);
    }
    bias[revenue].iter_mut().for_each(|bias| *bias = *bias * scale.std + scale.mean);
    layers.push(Dense { inputs, outputs, weights, bias });
    Ok(MlpModel { layers, revenue_stage })
}

/// The first `heads` targets of `fitted` as a frozen linear model.
pub(crate) fn linear(fitted: &LinearHeads, heads: usize) -> LinearModel {
    let outputs = heads * fitted.actions;
    let weights = fitted.weights.chunks_exact(fitted.bias.len().max(1));
    LinearModel {
        inputs: fitted.inputs,
        outputs,
        weights: weights.flat_map(|row| row[..outputs].iter().map(|weight| *weight as f32)).collect(),
        bias: fitted.bias[..outputs].iter().map(|bias| *bias as f32).collect(),
    }
}
