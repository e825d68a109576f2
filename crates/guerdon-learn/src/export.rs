//! From trained models to the models that serve.

use crate::linear::LinearHeads;
use crate::members::Model;
use guerdon_core::Result;
use guerdon_neural::{Network, RevenueLoss, Scale, Shape, read};
use guerdon_policy::{AmountCurve, ChanceLink, Dense, EnsembleModel, LinearModel, MlpModel, OutcomeModel, RevenueLink};

/// The networks as a frozen model: a multi-layer perceptron where that says all, else an ensemble. Shared and own head
/// weights become one matrix, and the revenue head gives major units,
/// or their logarithm.
pub(crate) fn neural(model: &Model) -> Result<OutcomeModel> {
    let shape = &model.networks[0].shape;
    let mut members = vec![];
    for network in &model.networks {
        members.push((trunk(network)?, last(network, model.scale)?));
    }
    let revenue_link = match shape.revenue {
        RevenueLoss::Squared => RevenueLink::Identity,
        RevenueLoss::Tweedie { .. } => RevenueLink::Exp { most: model.scale.most },
    };
    let plain = shape.curve.is_none() && shape.follows.is_empty() && revenue_link == RevenueLink::Identity;
    if members.len() == 1 && plain {
        let layers = members.into_iter().flat_map(|(trunk, last)| trunk.into_iter().chain([last])).collect();
        return Ok(OutcomeModel::Mlp(MlpModel { layers, revenue_stage: shape.revenue_stage }));
    }
    let shared = if model.one_trunk { trunk(&model.networks[0])? } else { vec![] };
    let members = members.into_iter().map(|(mut layers, last)| {
        if model.one_trunk {
            layers.clear();
        }
        layers.push(last);
        layers
    });
    Ok(OutcomeModel::Ensemble(EnsembleModel {
        members: members.collect(),
        trunk: shared,
        link: ChanceLink::Sigmoid,
        revenue_link,
        follows: shape.follows.clone(),
        revenue_stage: shape.revenue_stage,
        amount: curve(shape, model.scale),
        pessimism: 0.0,
    }))
}

fn curve(shape: &Shape, scale: Scale) -> Option<AmountCurve> {
    shape.curve.as_ref().map(|curve| AmountCurve {
        group: curve.group.clone(),
        groups: curve.groups,
        knots: curve.knots,
        basis: curve.basis.clone(),
        revenue_scale: scale.unit,
    })
}

/// The network's layers as they stand.
pub(crate) fn layers(network: &Network) -> Result<Vec<Dense>> {
    let mut layers = trunk(network)?;
    layers.push(last_as_it_stands(network)?);
    Ok(layers)
}

fn trunk(network: &Network) -> Result<Vec<Dense>> {
    let mut inputs = network.shape.inputs;
    let mut layers = vec![];
    for (&outputs, layer) in network.shape.hidden.iter().zip(network.parameters.chunks_exact(2)) {
        let (weights, bias) = (read(layer[0].clone())?, read(layer[1].clone())?);
        layers.push(Dense { inputs, outputs, weights, bias });
        inputs = outputs;
    }
    Ok(layers)
}

/// The last layer, with its revenue in major units, or the logarithm of that.
fn last(network: &Network, scale: Scale) -> Result<Dense> {
    let shape = &network.shape;
    let mut layer = last_as_it_stands(network)?;
    let revenue = (shape.heads - 1) * shape.actions..shape.heads * shape.actions;
    if let RevenueLoss::Tweedie { .. } = shape.revenue {
        layer.bias[revenue].iter_mut().for_each(|bias| *bias += scale.unit.ln());
        return Ok(layer);
    }
    for row in layer.weights.chunks_exact_mut(layer.outputs) {
        row[revenue.clone()].iter_mut().for_each(|weight| *weight *= scale.unit);
    }
    layer.bias[revenue].iter_mut().for_each(|bias| *bias = *bias * scale.unit + scale.zero);
    Ok(layer)
}

fn last_as_it_stands(network: &Network) -> Result<Dense> {
    let (weights, bias) = network.heads();
    let (weights, bias) = (read(weights)?, read(bias)?);
    let outputs = network.shape.outputs();
    Ok(Dense { inputs: weights.len() / outputs, outputs, weights, bias })
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
