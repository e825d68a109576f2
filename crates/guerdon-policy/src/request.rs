//! What is asked of a policy and what it answers.

use crate::reasons::Reasons;
use guerdon_core::{Propensity, Timestamp, Value};

/// One decision to take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request<'a> {
    /// Identifies the decision; with the policy's seed it fixes the draw.
    pub decision_id: &'a str,
    /// The member.
    pub member_id: &'a str,
    /// When the decision is taken.
    pub at: Timestamp,
    /// What is known of the member: one value per feature, in the policy's order.
    pub context: &'a [Value<'a>],
    /// Catalogue indices of the actions that this member may get; all without it. Indices beyond the catalogue name
    /// nothing and are passed over. `none` is an action like any other here.
    pub eligible: Option<&'a [u16]>,
}

/// What a policy decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// Catalogue index; `None` where nothing was left, which means [`guerdon_core::NONE`].
    pub action: Option<usize>,
    /// The probability with which this policy takes this action for this request: exactly the number in
    /// [`crate::Policy::probabilities`].
    pub propensity: Propensity,
    /// Why actions were removed.
    pub reasons: Reasons,
}
