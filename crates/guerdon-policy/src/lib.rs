//! The serving crate: a frozen policy that decides, and the bundle it is kept in.
//!
//! A policy is encoder → outcome model → objective → exploration → guardrails. Every decision carries the exact
//! probability with which it was taken, and comes out the same, to the bit, from the same bundle, request and decision
//! id, on any machine.
//!
//! ```
//! use guerdon_core::{Catalogue, Guardrails, Money, Reward, Seed, Timestamp};
//! use guerdon_policy::{Encoder, Exploration, FixedScores, Objective, OutcomeModel, Policy, PolicyParts, Request};
//!
//! let reward = |action: &str, amount| Reward {
//!     action: action.into(),
//!     kind: if amount == 0 { "none".into() } else { "discount".into() },
//!     amount: Money(amount),
//!     points: 0,
//!     threshold: None,
//!     pays_at: (amount > 0).then_some(0),
//!     valid_hours: None,
//!     slot: None,
//!     channels: vec![],
//! };
//! let policy = Policy::new(PolicyParts {
//!     name: "three-in-four".into(),
//!     encoder: Encoder::new(vec![])?,
//!     catalogue: Catalogue::new(vec![reward("none", 0), reward("two_off", 200)])?,
//!     stages: vec!["purchased".into()],
//!     model: OutcomeModel::Fixed(FixedScores { scores: vec![0.0, 1.0] }),
//!     objective: Objective { margin: 0.3, lambda: 0.0, mu: 0.0, contact_cost: 0.0, point_value: 0.0, placement: None },
//!     exploration: Exploration::EpsilonGreedy { epsilon: 0.5 },
//!     guardrails: Guardrails::default(),
//!     minor_units: 2,
//!     seed: Seed(7),
//!     training: None,
//! })?;
//!
//! let request = Request {
//!     decision_id: "d-1",
//!     member_id: "m-1",
//!     at: Timestamp::parse("2026-03-01T09:30:00Z")?,
//!     context: &[],
//!     eligible: None,
//! };
//! let mut scratch = policy.scratch(); // keep it: later decisions then allocate nothing
//! assert_eq!(policy.probabilities(&request, &mut scratch), [0.25, 0.75]);
//! let decision = policy.decide(&request, &mut scratch);
//!
//! // The bundle brings back the same policy, and that the same decision.
//! let bytes = policy.to_bytes();
//! let loaded = Policy::from_bytes(&bytes, "three-in-four.safetensors")?;
//! assert_eq!(loaded.version(), policy.version());
//! assert_eq!(loaded.decide(&request, &mut loaded.scratch()), decision);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What it does not do: it doesn't train, doesn't look features up, keeps no count of budgets or of past offers (what a
//! guardrail needs is a feature of the request), logs nothing, starts no thread and knows no network. It has no unsafe
//! code, panics on no input, and `decide` does not allocate once its [`Scratch`] is warm.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)
)]

mod bundle;
mod canonical;
mod decide;
mod decision_json;
mod dense;
mod encoder;
mod exp;
mod explain;
mod explain_text;
mod exploration;
mod guardrails;
mod inspect;
mod manifest;
mod model;
mod objective;
mod placement;
mod policy;
mod predict;
mod reasons;
mod request;
mod request_json;
mod scratch;
mod stored;
mod tensors;
#[cfg(test)]
mod tests;
mod training;

pub use decision_json::{DecisionRecord, Probabilities};
pub use dense::Dense;
pub use encoder::{CLIP, Encoder, Encoding, FeatureSchema, MOST_FEATURES, MOST_SLOTS};
pub use explain::{Alternative, Candidate, Explanation, Other, PlacedAt, Removed, RemovedBy, StageChance, Step};
pub use exploration::Exploration;
pub use inspect::{InspectedFeature, InspectedModel, Inspection};
pub use manifest::FORMAT_VERSION;
pub use model::{
    AmountCurve, ChanceLink, EnsembleModel, FixedScores, Forest, LinearModel, MOST_ACTION_FEATURES, MOST_DEPTH,
    MOST_KNOTS, MOST_LAYERS, MOST_MEMBERS, MlpModel, OutcomeModel, RevenueLink, ScoresModel, TreesModel, heads,
    one_after_the_other,
};
pub use objective::Objective;
pub use placement::Placement;
pub use policy::{MOST_MINOR_UNITS, MOST_STAGES, Policy, PolicyParts};
pub use reasons::{Reason, Reasons};
pub use request::{Decision, Request};
pub use request_json::{OwnedRequest, OwnedValue};
pub use scratch::Scratch;
pub use training::Training;
