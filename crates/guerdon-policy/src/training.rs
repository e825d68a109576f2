//! Where a policy came from: the training run that made it.

use guerdon_core::{MemberSplit, PropensitySource, Seed};
use serde::{Deserialize, Serialize};

/// The training run that made a policy. Nothing here changes a decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// The learner's name.
    pub learner: String,
    /// Its configuration, as it was resolved.
    pub config: serde_json::Value,
    /// The seed of the run.
    pub seed: Seed,
    /// The decision log.
    pub log_id: String,
    /// SHA-256 of the raw data, hexadecimal.
    pub data_sha256: String,
    /// Who was trained on.
    pub split: MemberSplit,
    /// Decisions trained on.
    pub rows: u64,
    /// Members trained on.
    pub members: u64,
    /// The device.
    pub device: String,
    /// The version of the code.
    pub code_version: String,
    /// Where the log's propensities came from.
    pub propensity_source: PropensitySource,
}
