//! The manifest of a bundle: everything about a policy but its tensors, as JSON.

use crate::canonical::{canonical, plain};
use crate::dense::Dense;
use crate::encoder::{Encoder, Encoding, FeatureSchema};
use crate::exploration::Exploration;
use crate::model::{AmountCurve, ChanceLink, Forest, OutcomeModel, RevenueLink, one_after_the_other};
use crate::objective::Objective;
use crate::policy::PolicyParts;
use crate::training::Training;
use guerdon_core::{Catalogue, FeatureType, Guardrails, Result, Seed};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The latest format. This build reads all from 1 on, and writes the first that can say what a policy is: 5 where revenue
/// has a link of its own; 4 where some stages follow an earlier one, but not each the one before it; 3 for ensembles, trees
/// and scores, for votes and floors of exploration, and for placement; 2 where revenue waits for a stage; else 1.
pub const FORMAT_VERSION: u64 = 5;

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
    /// From format 3 on. Widths of the trunk, which may be empty, and of each member.
    Ensemble {
        trunk: Vec<usize>,
        members: Vec<Vec<usize>>,
        activation: Activation,
        link: ChanceLink,
        /// From format 5 on.
        #[serde(default, skip_serializing_if = "is_identity")]
        revenue_link: RevenueLink,
        /// Whether each stage follows the one before it.
        chain: bool,
        /// What each stage follows where that is neither nothing nor the one before it for all of them; from format 4 on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        follows: Vec<Option<usize>>,
        revenue_stage: Option<usize>,
        amount: Option<CurveShape>,
        pessimism: f64,
    },
    /// From format 3 on. How many numbers each tensor has.
    Trees {
        inputs: usize,
        action_features: usize,
        forests: Vec<ForestShape>,
        revenue_stage: Option<usize>,
    },
    /// From format 3 on. Widths as those of a perceptron.
    Scores {
        widths: Vec<usize>,
        activation: Activation,
    },
    Fixed {
        actions: usize,
    },
}

/// An amount curve but for its basis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CurveShape {
    pub group: Vec<Option<usize>>,
    pub groups: usize,
    pub knots: usize,
    pub revenue_scale: f32,
}

/// How large a forest is, and what its sum starts from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForestShape {
    pub base: f32,
    pub trees: usize,
    pub nodes: usize,
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
                let (widths, activation) = (widths(&model.layers), Activation::Silu);
                Shape::Mlp { widths, activation, revenue_stage: model.revenue_stage }
            }
            OutcomeModel::Ensemble(model) => Shape::Ensemble {
                trunk: widths(&model.trunk),
                members: model.members.iter().map(widths).collect(),
                activation: Activation::Silu,
                link: model.link,
                revenue_link: model.revenue_link,
                chain: chain(&model.follows),
                follows: if chain(&model.follows) { vec![] } else { model.follows.clone() },
                revenue_stage: model.revenue_stage,
                amount: model.amount.as_ref().map(CurveShape::of),
                pessimism: model.pessimism,
            },
            OutcomeModel::Trees(model) => Shape::Trees {
                inputs: model.inputs,
                action_features: model.action_features.len(),
                forests: model.forests.iter().map(ForestShape::of).collect(),
                revenue_stage: model.revenue_stage,
            },
            OutcomeModel::Scores(model) => {
                Shape::Scores { widths: widths(&model.layers), activation: Activation::Silu }
            }
            OutcomeModel::Fixed(fixed) => Shape::Fixed { actions: fixed.scores.len() },
        }
    }

    /// The first format that can say this.
    fn format(&self) -> u64 {
        match self {
            Shape::Ensemble { revenue_link: RevenueLink::Exp { .. }, .. } => 5,
            Shape::Ensemble { follows, .. } if !follows.is_empty() => 4,
            Shape::Ensemble { .. } | Shape::Trees { .. } | Shape::Scores { .. } => 3,
            Shape::Mlp { revenue_stage: Some(_), .. } => 2,
            Shape::Linear { .. } | Shape::Mlp { .. } | Shape::Fixed { .. } => 1,
        }
    }
}

fn is_identity(link: &RevenueLink) -> bool {
    *link == RevenueLink::Identity
}

/// Whether each stage follows the one before it.
pub(crate) fn chain(follows: &[Option<usize>]) -> bool {
    !follows.is_empty() && follows == one_after_the_other(follows.len())
}

/// The widths from inputs to outputs; none without a layer.
pub(crate) fn widths<'a>(layers: impl IntoIterator<Item = &'a Dense>) -> Vec<usize> {
    let mut layers = layers.into_iter().peekable();
    let first = layers.peek().map(|layer| layer.inputs);
    first.into_iter().chain(layers.map(|layer| layer.outputs)).collect()
}

impl CurveShape {
    fn of(curve: &AmountCurve) -> CurveShape {
        let AmountCurve { group, groups, knots, basis: _, revenue_scale } = curve;
        CurveShape { group: group.clone(), groups: *groups, knots: *knots, revenue_scale: *revenue_scale }
    }
}

impl ForestShape {
    fn of(forest: &Forest) -> ForestShape {
        ForestShape { base: forest.base, trees: forest.roots.len(), nodes: forest.nodes() }
    }
}

/// The first format that can say what `parts` are.
pub(crate) fn format(parts: &PolicyParts) -> u64 {
    first_format(&Shape::of(&parts.model), &parts.objective, &parts.exploration)
}

fn first_format(model: &Shape, objective: &Objective, exploration: &Exploration) -> u64 {
    let placed = if objective.placement.is_some() { 3 } else { 1 };
    model.format().max(placed).max(exploration.format())
}

impl Manifest {
    pub(crate) fn of(parts: &PolicyParts, tensors_sha256: String) -> Manifest {
        let feature = |(schema, encoding): &(FeatureSchema, Encoding)| Feature {
            name: schema.name.clone(),
            r#type: schema.r#type,
            encoded: encoding.clone(),
        };
        Manifest {
            format_version: format(parts),
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

    /// The first format that can say what it holds.
    pub(crate) fn format(&self) -> u64 {
        first_format(&self.model, &self.objective, &self.exploration)
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
