//! Where in the funnel the rewards of each policy pay.

use serde::{Deserialize, Serialize};

/// At which stage rewards pay, by policy and segment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PlacementSection {
    /// The stages at which a reward of the catalogue pays, in funnel order.
    pub stages: Vec<String>,
    /// The policies, in the order of the page.
    pub policies: Vec<PolicyPlacement>,
}

/// One policy's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PolicyPlacement {
    /// The policy's name.
    pub policy: String,
    /// The chance with which a stage must be reached for a reward to be placed there, in (0, 1), if the policy asks for
    /// one.
    #[serde(default)]
    pub reach: Option<f64>,
    /// All decisions, then each feature's segments.
    pub rows: Vec<PlacementRow>,
}

/// Where rewards pay in some decisions, by the policy's own probabilities. The shares are in [0, 1] and add to 1.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PlacementRow {
    /// The feature; `None` for all decisions.
    #[serde(default)]
    pub feature: Option<String>,
    /// Its value or range.
    pub segment: String,
    /// Decisions.
    pub decisions: u64,
    /// Share of decisions with a reward that pays at each of the section's stages.
    pub stages: Vec<f64>,
    /// Share with an offer that never pays.
    pub never_pays: f64,
    /// Share without an offer.
    pub no_offer: f64,
    /// Mean amount of the offers, in major units.
    #[serde(default)]
    pub amount: Option<f64>,
    /// Mean chance, by the policy's own model, that the member reaches the stage at which the chosen reward pays.
    #[serde(default)]
    pub chance: Option<f64>,
}
