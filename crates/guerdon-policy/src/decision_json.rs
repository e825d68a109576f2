//! Decisions as lines of JSON.

use crate::policy::Policy;
use crate::reasons::Reasons;
use crate::request::{Decision, Request};
use crate::scratch::Scratch;
use guerdon_core::{NONE, Propensity};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A decision as it is written: `{"decision_id", "action", "propensity", "policy_version", "reasons": […],
/// "probs"?: {action: p}}`. Probabilities are printed with as many digits as bring back the same number to the bit.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct DecisionRecord<'a> {
    /// The request's.
    pub decision_id: &'a str,
    /// The action's name.
    pub action: &'a str,
    /// Its probability.
    pub propensity: Propensity,
    /// The policy that decided.
    pub policy_version: &'a str,
    /// Why actions were removed.
    #[serde(serialize_with = "codes")]
    pub reasons: Reasons,
    /// Every action with its probability, in catalogue order (`none` after them where it is the fallback).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probs: Option<Probabilities<'a>>,
}

/// Actions with their probabilities, in order; an object in JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Probabilities<'a>(pub Vec<(&'a str, f64)>);

impl Policy {
    /// Decides and gives the record of it; `with_probs` says whether all probabilities are wanted.
    pub fn decide_record<'a>(
        &'a self,
        request: &Request<'a>,
        scratch: &mut Scratch,
        with_probs: bool,
    ) -> DecisionRecord<'a> {
        let Decision { action, propensity, reasons } = self.decide(request, scratch);
        let probs = with_probs.then(|| {
            let mut probs: Vec<_> = self.catalogue().names().zip(scratch.probabilities.iter().copied()).collect();
            if action.is_none() {
                probs.retain(|(name, _)| *name != NONE);
                probs.push((NONE, 1.0));
            }
            Probabilities(probs)
        });
        DecisionRecord {
            decision_id: request.decision_id,
            action: self.action_name(action),
            propensity,
            policy_version: self.version(),
            reasons,
            probs,
        }
    }
}

impl Serialize for Probabilities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (action, probability) in &self.0 {
            map.serialize_entry(action, probability)?;
        }
        map.end()
    }
}

fn codes<S: Serializer>(reasons: &Reasons, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(reasons.iter())
}
