//! Reference policies: a constant action and the uniform draw, as ordinary policies of the same path.

use guerdon_core::{Error, FeatureType, NONE, Result, Seed};
use guerdon_data::LogMeta;
use guerdon_policy::{
    Encoder, Encoding, Exploration, FeatureSchema, FixedScores, Objective, OutcomeModel, Policy, PolicyParts,
};

/// What a policy is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// Always the action of this name.
    Constant(String),
    /// Any action that is left, evenly.
    Uniform,
    /// Never an offer: the action `none`.
    None,
}

/// The reference policy for the programme of a log: named `constant:<action>`, `uniform` or `none`, with the
/// environment's guardrails. Takes nothing from the log's rows.
///
/// # Errors
/// [`Error::UnknownAction`] for an action (or a `none`) that the catalogue doesn't list.
pub fn reference_policy(meta: &LogMeta, reference: &Reference, seed: Seed) -> Result<Policy> {
    let (name, action) = match reference {
        Reference::Constant(action) => (format!("constant:{action}"), Some(action.as_str())),
        Reference::None => (NONE.to_owned(), Some(NONE)),
        Reference::Uniform => ("uniform".to_owned(), None),
    };
    let mut scores = vec![0.0; meta.catalogue.len()];
    if let Some(action) = action {
        let known = || Error::unknown_action(format!("policy {name}"), action, meta.catalogue.names());
        scores[meta.catalogue.index_of(action).ok_or_else(known)?] = 1.0;
    }
    let exploration = if action.is_some() { Exploration::Greedy } else { Exploration::EpsilonGreedy { epsilon: 1.0 } };
    let model = OutcomeModel::Fixed(FixedScores { scores });
    Policy::new(parts(meta, name, plain_encoder(meta)?, model, exploration, seed))
}

/// The parts of a policy for the programme of a log: its catalogue, prices and guardrails; not trained.
pub(crate) fn parts(
    meta: &LogMeta,
    name: String,
    encoder: Encoder,
    model: OutcomeModel,
    exploration: Exploration,
    seed: Seed,
) -> PolicyParts {
    let environment = &meta.environment;
    PolicyParts {
        name,
        encoder,
        catalogue: meta.catalogue.clone(),
        stages: environment.funnel.names().map(str::to_owned).collect(),
        model,
        objective: Objective::net_value(&environment.economics),
        exploration,
        guardrails: environment.guardrails.clone(),
        minor_units: environment.economics.minor_units,
        seed,
        training: None,
    }
}

/// An encoder that knows the features but has learned nothing.
fn plain_encoder(meta: &LogMeta) -> Result<Encoder> {
    let entries = meta.environment.features.iter().map(|feature| {
        let r#type = feature.source.feature_type();
        let encoding = match r#type {
            FeatureType::Number => Encoding::Number { mean: 0.0, std: 1.0 },
            FeatureType::Category => Encoding::Category { levels: vec![] },
        };
        (FeatureSchema { name: feature.name.clone(), r#type }, encoding)
    });
    Encoder::new(entries.collect())
}
