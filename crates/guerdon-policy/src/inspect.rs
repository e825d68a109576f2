//! What is inside a policy, for people and programs to read.

use crate::encoder::{Encoding, FeatureSchema};
use crate::exploration::Exploration;
use crate::manifest::Shape;
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
    /// `"linear"`, `"mlp"` or `"fixed"`.
    pub kind: &'static str,
    /// Widths from the inputs to the outputs; empty for fixed scores.
    pub widths: Vec<usize>,
    /// Heads per action; 0 for fixed scores.
    pub heads: usize,
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
            format_version: Shape::of(&parts.model).format(),
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
    let scores = match model {
        OutcomeModel::Fixed(fixed) => Some(fixed.scores.clone()),
        _ => None,
    };
    InspectedModel {
        kind: model.kind(),
        widths: Shape::of(model).widths(),
        heads: if scores.is_some() { 0 } else { heads(stages) },
        parameters: model.parameters(),
        scores,
    }
}
