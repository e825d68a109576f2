//! The programme, its data, what it takes to repeat the run, and the files for serving.

use crate::Account;
use guerdon_core::{MemberSplit, PropensitySource};
use serde::{Deserialize, Serialize};

/// The programme.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnvironmentSection {
    /// Its name.
    pub name: String,
    /// What it is, in a sentence.
    pub description: String,
    /// ISO 4217 code, or the name of the unit of value ("click").
    pub currency: String,
    /// Decimals of the smallest unit of money.
    pub minor_units: u32,
    /// Share of revenue that is margin, in [0, 1].
    pub margin: f64,
    /// What one contact costs, in major units.
    pub contact_cost: f64,
    /// How events are attributed, in words: "every event within 168 h".
    pub attribution: String,
}

impl Default for EnvironmentSection {
    fn default() -> Self {
        EnvironmentSection {
            name: String::new(),
            description: String::new(),
            currency: "USD".into(),
            minor_units: 2,
            margin: 1.0,
            contact_cost: 0.0,
            attribution: String::new(),
        }
    }
}

/// The log that everything rests on. What is unknown is left out of the page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataSection {
    /// Mature decisions.
    pub decisions: u64,
    /// Members with at least one.
    pub members: u64,
    /// Decisions left out because their attribution window ended after the log did.
    pub immature: u64,
    /// Exact duplicate events dropped.
    pub duplicates_dropped: u64,
    /// First and last decision, RFC 3339.
    pub span: Option<(String, String)>,
    /// Decisions that learners were trained on.
    pub trained_decisions: Option<u64>,
    /// Decisions that policies were valued on.
    pub valued_decisions: Option<u64>,
    /// Members that policies were valued on.
    pub valued_members: Option<u64>,
    /// Where propensities come from.
    pub propensity_source: Option<PropensitySource>,
    /// Revenue attributed to decisions over the revenue there was inside any window: above 1, money counts more than
    /// once.
    pub attribution_counting: Option<f64>,
    /// What the valued decisions really brought and cost.
    pub ledger: Option<Account>,
}

/// What it takes to get the same bytes again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reproducibility {
    /// The run's seed.
    pub seed: Option<u64>,
    /// How members were split.
    pub split: Option<MemberSplit>,
    /// Version of the code.
    pub code_version: String,
    /// The decision log's id.
    pub log_id: String,
    /// SHA-256 of the raw data.
    pub data_sha256: String,
    /// SHA-256 of the configuration.
    pub config_sha256: String,
    /// Anything else that a repeat needs, by name.
    pub more: Vec<NamedValue>,
}

/// A value with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedValue {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// A policy bundle that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleFile {
    /// The policy's name.
    pub policy: String,
    /// The file, below the run folder.
    pub file: String,
    /// The policy version that its decisions carry.
    pub version: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Features that a request must give.
    pub features: u64,
    /// Actions that it chooses from.
    pub actions: u64,
}
