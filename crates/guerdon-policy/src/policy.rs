//! A policy: its parts, checked once.

use crate::bundle;
use crate::encoder::{Encoder, FeatureSchema};
use crate::exploration::Exploration;
use crate::guardrails::Gate;
use crate::model::{OutcomeModel, Walks};
use crate::objective::{Objective, Prices};
use crate::placement::Placement;
use crate::predict::sizes;
use crate::scratch::{Scratch, Sizes};
use crate::training::Training;
use guerdon_core::{Catalogue, Error, Guardrails, NONE, Result, Seed};
use pulp::Arch;
use std::collections::BTreeSet;

/// Most funnel stages.
pub const MOST_STAGES: usize = 64;

/// Most decimals of money.
pub const MOST_MINOR_UNITS: u32 = 9;

/// Everything that a policy is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyParts {
    /// The policy's name; it begins its version. 1 to 200 characters, no control characters.
    pub name: String,
    /// Features and how they are encoded.
    pub encoder: Encoder,
    /// The actions.
    pub catalogue: Catalogue,
    /// Names of the funnel's stages, shallow to deep.
    pub stages: Vec<String>,
    /// What predicts outcomes.
    pub model: OutcomeModel,
    /// What outcomes are worth.
    pub objective: Objective,
    /// How scores become probabilities.
    pub exploration: Exploration,
    /// What removes actions.
    pub guardrails: Guardrails,
    /// Decimals of the catalogue's money, 0 to [`MOST_MINOR_UNITS`].
    pub minor_units: u32,
    /// Where every draw comes from.
    pub seed: Seed,
    /// The run that trained it, if it was trained.
    pub training: Option<Training>,
}

/// A frozen policy. Sharing one between threads is fine; each caller brings a [`Scratch`] of its own.
#[derive(Debug, Clone)]
pub struct Policy {
    pub(crate) parts: PolicyParts,
    pub(crate) gate: Gate,
    pub(crate) prices: Prices,
    pub(crate) draw_seed: Seed,
    pub(crate) none: Option<usize>,
    pub(crate) arch: Arch,
    pub(crate) sizes: Sizes,
    /// Of a model of trees.
    pub(crate) walks: Option<Walks>,
    pub(crate) version: String,
}

impl Policy {
    /// A policy of `parts`.
    ///
    /// # Errors
    /// [`Error::Config`] where a part does not do: shapes that do not fit together, numbers that are not finite or out
    /// of range, guardrails on features that there are not, names that are empty or stand twice.
    pub fn new(parts: PolicyParts) -> Result<Policy> {
        check_names(&parts)?;
        parts.model.check(parts.encoder.width(), parts.stages.len(), parts.catalogue.len())?;
        parts.objective.check(&parts.model)?;
        parts.exploration.check(&parts.model)?;
        let gate = Gate::new(&parts.guardrails, &parts.encoder, parts.seed)?;
        let prices = Prices::new(&parts.objective, &parts.catalogue, parts.stages.len(), parts.minor_units);
        let walks = match &parts.model {
            OutcomeModel::Trees(model) => Some(Walks::new(model, parts.catalogue.len())),
            _ => None,
        };
        let version = bundle::version(&parts);
        Ok(Policy {
            gate,
            prices,
            draw_seed: parts.seed.named("decide"),
            none: parts.catalogue.none(),
            arch: Arch::new(),
            sizes: sizes(&parts),
            walks,
            version,
            parts,
        })
    }

    /// The same policy without exploration: the best action that is left, for certain.
    pub fn greedy(&self) -> Policy {
        let mut policy = self.clone();
        policy.parts.exploration = Exploration::Greedy;
        policy.sizes = sizes(&policy.parts);
        policy.version = bundle::version(&policy.parts);
        policy
    }

    /// The same policy with rewards placed at the deepest stage that is reached with a chance of at least `reach`.
    ///
    /// # Errors
    /// [`Error::Config`] for a chance outside (0, 1), or a model that predicts no chances.
    pub fn placed(&self, reach: f64) -> Result<Policy> {
        let mut parts = self.parts.clone();
        parts.objective.placement = Some(Placement { reach });
        Policy::new(parts)
    }

    /// `<name>@<first 12 hexadecimal digits of the SHA-256 of the whole content>`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The parts that it was made of.
    pub fn parts(&self) -> &PolicyParts {
        &self.parts
    }

    /// The features of a context, in order.
    pub fn schema(&self) -> impl ExactSizeIterator<Item = &FeatureSchema> {
        self.parts.encoder.schema()
    }

    /// The encoder.
    pub fn encoder(&self) -> &Encoder {
        &self.parts.encoder
    }

    /// The actions.
    pub fn catalogue(&self) -> &Catalogue {
        &self.parts.catalogue
    }

    /// The name of a decided action; `None`, and what the catalogue does not have, is [`NONE`].
    pub fn action_name(&self, action: Option<usize>) -> &str {
        action.and_then(|action| self.parts.catalogue.rewards().get(action)).map_or(NONE, |reward| &reward.action)
    }

    /// Buffers of the size that this policy needs.
    pub fn scratch(&self) -> Scratch {
        let mut scratch = Scratch::default();
        self.fit(&mut scratch);
        scratch
    }

    pub(crate) fn fit(&self, scratch: &mut Scratch) {
        scratch.fit(self.sizes);
    }
}

impl PartialEq for Policy {
    /// Whether both are made of the same parts.
    fn eq(&self, other: &Policy) -> bool {
        self.parts == other.parts
    }
}

fn check_names(parts: &PolicyParts) -> Result<()> {
    let name = &parts.name;
    if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(refused("name", format!("{name:?}"), "1 to 200 characters, none of them a control character"));
    }
    if parts.stages.len() > MOST_STAGES {
        return Err(refused("stages", parts.stages.len(), format!("at most {MOST_STAGES} would do")));
    }
    let mut seen = BTreeSet::new();
    if let Some(stage) = parts.stages.iter().find(|stage| stage.is_empty() || !seen.insert(stage.as_str())) {
        return Err(refused("stages", format!("{stage:?}"), "each stage needs a name of its own"));
    }
    if parts.minor_units > MOST_MINOR_UNITS {
        return Err(refused("minor_units", parts.minor_units, format!("0 to {MOST_MINOR_UNITS} would do")));
    }
    let stages = parts.stages.len();
    for reward in parts.catalogue.rewards() {
        let key = format!("catalogue.{}", reward.action);
        if let Some(pays_at) = reward.pays_at.filter(|pays_at| *pays_at >= stages) {
            return Err(refused(
                format!("{key}.pays_at"),
                pays_at,
                format!("one of {stages} stages, from 0, would do"),
            ));
        }
        if let Some(hours) = reward.valid_hours.filter(|hours| !hours.is_finite()) {
            return Err(refused(format!("{key}.valid_hours"), hours, "a finite number would do"));
        }
    }
    Ok(())
}

fn refused(key: impl ToString, given: impl ToString, wanted: impl ToString) -> Error {
    Error::config("policy", key, given, wanted)
}
