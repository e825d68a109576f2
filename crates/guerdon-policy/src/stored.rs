//! A model as tensors.
//!
//! Layers are `layer0.weight` as `[inputs, outputs]` and `layer0.bias`, …; those of an ensemble stand under `trunk.` and
//! `member0.`, …, beside `amount.basis` as `[actions, knots]`. Trees are `action_features`, row by row, and
//! under `forest0.`, … the arrays `roots`, `feature`, `threshold`, `left`, `right` and `value`. Fixed scores are
//! `scores`.

use crate::dense::Dense;
use crate::manifest::{self, CurveShape, ForestShape, Manifest, Shape};
use crate::model::{
    AmountCurve, EnsembleModel, FixedScores, Forest, MlpModel, OutcomeModel, ScoresModel, TreesModel,
    one_after_the_other,
};
use crate::tensors::{Body, Tensors};
use safetensors::Dtype;

/// Adds the tensors of `model` to `body`.
pub(crate) fn write(model: &OutcomeModel, body: &mut Body) {
    match model {
        OutcomeModel::Linear(_) | OutcomeModel::Mlp(_) | OutcomeModel::Scores(_) => {
            write_layers("", model.only_stack(), body);
        }
        OutcomeModel::Ensemble(model) => write_ensemble(model, body),
        OutcomeModel::Trees(model) => write_trees(model, body),
        OutcomeModel::Fixed(fixed) => {
            let bytes = fixed.scores.iter().flat_map(|score| score.to_le_bytes()).collect();
            body.add("scores".into(), Dtype::F64, &[fixed.scores.len()], bytes);
        }
    }
}

fn write_layers(prefix: &str, layers: &[Dense], body: &mut Body) {
    for (i, layer) in layers.iter().enumerate() {
        body.add_floats(format!("{prefix}layer{i}.weight"), &[layer.inputs, layer.outputs], &layer.weights);
        body.add_floats(format!("{prefix}layer{i}.bias"), &[layer.outputs], &layer.bias);
    }
}

fn write_ensemble(model: &EnsembleModel, body: &mut Body) {
    write_layers("trunk.", &model.trunk, body);
    for (i, member) in model.members.iter().enumerate() {
        write_layers(&format!("member{i}."), member, body);
    }
    if let Some(curve) = &model.amount {
        body.add_floats("amount.basis".into(), &[curve.group.len(), curve.knots], &curve.basis);
    }
}

fn write_trees(model: &TreesModel, body: &mut Body) {
    body.add_floats("action_features".into(), &[model.action_features.len()], &model.action_features);
    for (i, forest) in model.forests.iter().enumerate() {
        body.add_words(format!("forest{i}.roots"), &forest.roots);
        body.add_words(format!("forest{i}.feature"), &forest.feature);
        body.add_floats(format!("forest{i}.threshold"), &[forest.nodes()], &forest.threshold);
        body.add_words(format!("forest{i}.left"), &forest.left);
        body.add_words(format!("forest{i}.right"), &forest.right);
        body.add_floats(format!("forest{i}.value"), &[forest.nodes()], &forest.value);
    }
}

/// The model that the manifest describes. Every tensor must be there with its shape, and no other.
pub(crate) fn read(tensors: &Tensors, manifest: &Manifest) -> Result<OutcomeModel, String> {
    tensors.check_sha256(&manifest.tensors_sha256)?;
    let model = match &manifest.model {
        Shape::Linear { inputs, outputs } => {
            let layer = read_layers(tensors, "", &[*inputs, *outputs])?.pop();
            OutcomeModel::Linear(layer.ok_or("a linear model has one layer")?)
        }
        Shape::Mlp { widths, revenue_stage, .. } => {
            OutcomeModel::Mlp(MlpModel { layers: read_layers(tensors, "", widths)?, revenue_stage: *revenue_stage })
        }
        Shape::Ensemble {
            trunk,
            members,
            link,
            revenue_link,
            chain,
            follows,
            revenue_stage,
            amount,
            pessimism,
            activation: _,
        } => {
            if !follows.is_empty() && (*chain || manifest::chain(follows)) {
                return Err("chain and follows say what each stage follows; one of them would do".into());
            }
            let member = |(i, widths): (usize, &Vec<usize>)| read_layers(tensors, &format!("member{i}."), widths);
            OutcomeModel::Ensemble(EnsembleModel {
                trunk: read_layers(tensors, "trunk.", trunk)?,
                members: members.iter().enumerate().map(member).collect::<Result<_, _>>()?,
                link: *link,
                revenue_link: *revenue_link,
                follows: if *chain { one_after_the_other(manifest.stages.len()) } else { follows.clone() },
                revenue_stage: *revenue_stage,
                amount: amount.as_ref().map(|curve| read_curve(tensors, curve)).transpose()?,
                pessimism: *pessimism,
            })
        }
        Shape::Trees { inputs, action_features, forests, revenue_stage } => OutcomeModel::Trees(TreesModel {
            inputs: *inputs,
            action_features: tensors.floats("action_features", &[*action_features])?,
            forests: forests
                .iter()
                .enumerate()
                .map(|(i, shape)| read_forest(tensors, i, shape))
                .collect::<Result<_, _>>()?,
            revenue_stage: *revenue_stage,
        }),
        Shape::Scores { widths, .. } => OutcomeModel::Scores(ScoresModel { layers: read_layers(tensors, "", widths)? }),
        Shape::Fixed { actions } => {
            OutcomeModel::Fixed(FixedScores { scores: tensors.doubles("scores", &[*actions])? })
        }
    };
    tensors.check_all_taken()?;
    Ok(model)
}

fn read_layers(tensors: &Tensors, prefix: &str, widths: &[usize]) -> Result<Vec<Dense>, String> {
    let mut layers = vec![];
    for (i, (inputs, outputs)) in widths.iter().zip(widths.iter().skip(1)).enumerate() {
        let weights = tensors.floats(&format!("{prefix}layer{i}.weight"), &[*inputs, *outputs])?;
        let bias = tensors.floats(&format!("{prefix}layer{i}.bias"), &[*outputs])?;
        layers.push(Dense { inputs: *inputs, outputs: *outputs, weights, bias });
    }
    Ok(layers)
}

fn read_curve(tensors: &Tensors, shape: &CurveShape) -> Result<AmountCurve, String> {
    let CurveShape { group, groups, knots, revenue_scale } = shape;
    let basis = tensors.floats("amount.basis", &[group.len(), *knots])?;
    Ok(AmountCurve { group: group.clone(), groups: *groups, knots: *knots, basis, revenue_scale: *revenue_scale })
}

fn read_forest(tensors: &Tensors, i: usize, shape: &ForestShape) -> Result<Forest, String> {
    let ForestShape { base, trees, nodes } = shape;
    let words = |what: &str, length| tensors.words(&format!("forest{i}.{what}"), length);
    let floats = |what: &str| tensors.floats(&format!("forest{i}.{what}"), &[*nodes]);
    Ok(Forest {
        base: *base,
        roots: words("roots", *trees)?,
        feature: words("feature", *nodes)?,
        threshold: floats("threshold")?,
        left: words("left", *nodes)?,
        right: words("right", *nodes)?,
        value: floats("value")?,
    })
}
