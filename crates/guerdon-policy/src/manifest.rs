//! The manifest of a bundle: everything about a policy but its tensors, as JSON.

use crate::canonical::{canonical, plain};
use crate::encoder::{Encoder, Encoding, FeatureSchema};
use crate::exploration::Exploration;
use crate::model::OutcomeModel;
use crate::objective::Objective;
use crate::policy::PolicyParts;
use crate::training::Training;
use guerdon_core::{Catalogue, FeatureType, Guardrails, Result, Seed};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The latest format. This build reads all from 1 on, and writes the first that can say what a policy is: 2 where revenue
/// waits for a stage, else 1.
pub const FORMAT_VERSION: u64 = 2;

/// The manifest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub format_version: u64,
    pub name: String,
    pub features: Vec<Feature>,
    pub catalogue: Catalogue,
    pub stages: Vec<String>,
    pub model: Shape,
    pub objective: Objective,
    pub exploration: Exploration,
    pub guardrails: Guardrails,
    pub minor_units: u32,
    pub seed: Seed,
    pub training: Option<Training>,
    /// SHA-256 over the tensors' bytes in the order of their names, hexadecimal.
    pub tensors_sha256: String,
}

/// One feature with the state of its encoding.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feature {
    pub name: String,
    pub r#type: FeatureType,
    pub encoded: Encoding,
}

/// What the tensors are to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Shape {
    Linear {
        inputs: usize,
        outputs: usize,
    },
    /// Widths from the inputs to the outputs, with SiLU between.
    Mlp {
        widths: Vec<usize>,
        activation: Activation,
        /// The stage without which there is no revenue; from format 2 on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revenue_stage: Option<usize>,
    },
    Fixed {
        actions: usize,
    },
}

/// What stands between the layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Activation {
    Silu,
}

impl Shape {
    pub(crate) fn of(model: &OutcomeModel) -> Shape {
        match model {
            OutcomeModel::Linear(layer) => Shape::Linear { inputs: layer.inputs, outputs: layer.outputs },
            OutcomeModel::Mlp(model) => {
                let first = model.layers.first().map(|layer| layer.inputs);
                let widths = first.into_iter().chain(model.layers.iter().map(|layer| layer.outputs)).collect();
                Shape::Mlp { widths, activation: Activation::Silu, revenue_stage: model.revenue_stage }
            }
            OutcomeModel::Fixed(fixed) => Shape::Fixed { actions: fixed.scores.len() },
        }
    }

    /// The first format that can say this.
    pub(crate) fn format(&self) -> u64 {
        if matches!(self, Shape::Mlp { revenue_stage: Some(_), .. }) { 2 } else { 1 }
    }

    /// The widths from inputs to outputs; none for fixed scores.
    pub(crate) fn widths(&self) -> Vec<usize> {
        match self {
            Shape::Linear { inputs, outputs } => vec![*inputs, *outputs],
            Shape::Mlp { widths, .. } => widths.clone(),
            Shape::Fixed { .. } => vec![],
        }
    }
}

impl Manifest {
    pub(crate) fn of(parts: &PolicyParts, tensors_sha256: String) -> Manifest {
        let feature = |(schema, encoding): &(FeatureSchema, Encoding)| Feature {
            name: schema.name.clone(),
            r#type: schema.r#type,
            encoded: encoding.clone(),
        };
        Manifest {
            format_version: Shape::of(&parts.model).format(),
            name: parts.name.clone(),
            features: parts.encoder.entries().iter().map(feature).collect(),
            catalogue: parts.catalogue.clone(),
            stages: parts.stages.clone(),
            model: Shape::of(&parts.model),
            objective: parts.objective,
            exploration: parts.exploration,
            guardrails: parts.guardrails.clone(),
            minor_units: parts.minor_units,
            seed: parts.seed,
            training: parts.training.clone(),
            tensors_sha256,
        }
    }

    /// The text that stands in the bundle: one line of JSON, the same on every build.
    pub(crate) fn text(&self) -> String {
        // Only a map with keys that are not strings could fail here, and there is none.
        canonical(serde_json::to_value(self).unwrap_or_default()).to_string()
    }

    /// The format version that `value` states, if it states one.
    pub(crate) fn version_of(value: &Value) -> Option<u64> {
        value.get("format_version")?.as_u64()
    }

    pub(crate) fn from_value(value: Value) -> serde_json::Result<Manifest> {
        serde_json::from_value(plain(value))
    }

    /// The parts, with the model that was read from the tensors.
    pub(crate) fn into_parts(self, model: OutcomeModel) -> Result<PolicyParts> {
        let features = self.features.into_iter();
        let encoder =
            Encoder::new(features.map(|f| (FeatureSchema { name: f.name, r#type: f.r#type }, f.encoded)).collect())?;
        Ok(PolicyParts {
            name: self.name,
            encoder,
            catalogue: self.catalogue,
            stages: self.stages,
            model,
            objective: self.objective,
            exploration: self.exploration,
            guardrails: self.guardrails,
            minor_units: self.minor_units,
            seed: self.seed,
            training: self.training,
        })
    }
}
