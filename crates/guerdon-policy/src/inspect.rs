//! What is inside a policy, for people and programs to read.

use crate::encoder::{Encoding, FeatureSchema};
use crate::exploration::Exploration;
use crate::manifest::{format, widths};
use crate::model::{OutcomeModel, heads};
use crate::objective::Objective;
use crate::policy::Policy;
use crate::training::Training;
use guerdon_core::{Guardrails, Reward, Seed};
use serde::Serialize;

/// Everything readable about a policy; its weights are counted, not listed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// The name.
    pub name: String,
    /// The version that stands in its decisions.
    pub version: String,
    /// The format of its bundle.
    pub format_version: u64,
    /// The features in order.
    pub features: Vec<InspectedFeature>,
    /// How many numbers a context becomes.
    pub encoded_width: usize,
    /// The actions in order; money in minor units.
    pub catalogue: Vec<Reward>,
    /// Decimals of that money.
    pub minor_units: u32,
    /// The funnel's stages, shallow to deep.
    pub stages: Vec<String>,
    /// The model.
    pub model: InspectedModel,
    /// What outcomes are worth.
    pub objective: Objective,
    /// How scores become probabilities.
    pub exploration: Exploration,
    /// What removes actions.
    pub guardrails: Guardrails,
    /// Where draws come from.
    pub seed: Seed,
    /// The run that trained it.
    pub training: Option<Training>,
}

/// A feature with its encoding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InspectedFeature {
    /// Name and type.
    #[serde(flatten)]
    pub schema: FeatureSchema,
    /// The encoding and what it learned.
    #[serde(flatten)]
    pub encoding: Encoding,
    /// How many slots it fills.
    pub slots: usize,
}

/// A model's shape.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InspectedModel {
    /// [`OutcomeModel::kind`].
    pub kind: &'static str,
    /// Widths from the inputs to the outputs, in an ensemble through the trunk and the first member; empty for trees and
    /// fixed scores.
    pub widths: Vec<usize>,
    /// Heads per action; 0 where the model gives scores only.
    pub heads: usize,
    /// Members of an ensemble.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<usize>,
    /// Trees, in all forests together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trees: Option<usize>,
    /// Parameters.
    pub parameters: usize,
    /// The scores themselves, where they are fixed: one per action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scores: Option<Vec<f64>>,
}

impl Policy {
    /// What is inside.
    pub fn inspect(&self) -> Inspection {
        let parts = self.parts();
        let feature = |(schema, encoding): &(FeatureSchema, Encoding)| InspectedFeature {
            schema: schema.clone(),
            encoding: encoding.clone(),
            slots: encoding.width(),
        };
        Inspection {
            name: parts.name.clone(),
            version: self.version().to_owned(),
            format_version: format(parts),
            features: parts.encoder.entries().iter().map(feature).collect(),
            encoded_width: parts.encoder.width(),
            catalogue: parts.catalogue.rewards().to_vec(),
            minor_units: parts.minor_units,
            stages: parts.stages.clone(),
            model: inspect_model(&parts.model, parts.stages.len()),
            objective: parts.objective,
            exploration: parts.exploration,
            guardrails: parts.guardrails.clone(),
            seed: parts.seed,
            training: parts.training.clone(),
        }
    }
}

fn inspect_model(model: &OutcomeModel, stages: usize) -> InspectedModel {
    let mut inspected = InspectedModel {
        kind: model.kind(),
        widths: widths(model.only_stack()),
        heads: if model.has_heads() { heads(stages) } else { 0 },
        members: None,
        trees: None,
        parameters: model.parameters(),
        scores: None,
    };
    match model {
        OutcomeModel::Ensemble(model) => {
            inspected.widths = widths(model.trunk.iter().chain(model.members.first().into_iter().flatten()));
            inspected.members = Some(model.members.len());
        }
        OutcomeModel::Trees(model) => inspected.trees = Some(model.forests.iter().map(|f| f.roots.len()).sum()),
        OutcomeModel::Fixed(fixed) => inspected.scores = Some(fixed.scores.clone()),
        OutcomeModel::Linear(_) | OutcomeModel::Mlp(_) | OutcomeModel::Scores(_) => {}
    }
    inspected
}
