//! What a decision log says about itself, kept as JSON in the Parquet file's key-value metadata.

use guerdon_core::{Catalogue, Environment, PropensitySource, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the decision log's format that this build writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// The key of the metadata in the Parquet file.
pub(crate) const META_KEY: &str = "guerdon";

/// Everything that a reader of the log needs besides its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogMeta {
    /// The version of the format.
    pub format_version: u32,
    /// SHA-256 over the data's hash, the environment, its SQL and the format version; two logs with the same id have
    /// the same rows.
    pub log_id: String,
    /// SHA-256 over the raw files.
    pub data_sha256: String,
    /// Where the propensities come from.
    pub propensity_source: PropensitySource,
    /// The programme as it was read, overrides included.
    pub environment: Environment,
    /// The rewards, in order; an action's index is its place here.
    pub catalogue: Catalogue,
    /// What was read, kept and left out.
    pub summary: IngestSummary,
}

/// What was read, kept and left out. Money is in major units.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IngestSummary {
    /// Rows of the log: the mature decisions.
    pub decisions: u64,
    /// Members with a mature decision.
    pub members: u64,
    /// Members that the `members` table lists.
    pub members_listed: u64,
    /// Decisions left out because their attribution window had not ended when the log did.
    pub immature: u64,
    /// Rows of `events` and `decisions` left out because an equal row stood beside them.
    pub duplicates_dropped: u64,
    /// Of those, events.
    pub duplicate_events: u64,
    /// Of those, decisions.
    pub duplicate_decisions: u64,
    /// Events read, without the duplicates and the unknown ones.
    pub events: u64,
    /// Rows of `events` whose name nothing in the environment reads, by name; they were not used (but for the end of
    /// the log).
    pub unknown_events: BTreeMap<String, u64>,
    /// First decision of the log.
    pub first_decided_at: Option<Timestamp>,
    /// Last mature decision.
    pub last_decided_at: Option<Timestamp>,
    /// The log's end: its last stamp and one step of its clock.
    pub log_end: Option<Timestamp>,
    /// Mean revenue of a decision.
    pub mean_revenue: f64,
    /// Mean cost of a decision.
    pub mean_cost: f64,
    /// Mean net value of a decision: margin · revenue − cost − contact cost.
    pub mean_value: f64,
    /// Share of decisions with a revenue event.
    pub order_rate: f64,
    /// Decisions that reached each stage.
    pub stages: BTreeMap<String, u64>,
    /// For each stage that events reach by naming the action: decisions that reached it without the stage before it.
    pub stages_skipped: BTreeMap<String, u64>,
    /// Per action.
    pub actions: BTreeMap<String, ActionSummary>,
    /// Points credited.
    pub points_issued: i64,
    /// Points redeemed inside the windows.
    pub points_redeemed: i64,
    /// Sum of the `revenue` column: an event in the windows of several decisions counts for each of them.
    pub revenue_attributed: f64,
    /// Revenue of the events that count for at least one decision of the log, each once.
    pub revenue_distinct: f64,
    /// `revenue_attributed / revenue_distinct`: how many times the average unit of money was counted; 1 without revenue.
    pub revenue_counted_times: f64,
    /// Revenue of the events that count only for immature decisions.
    pub revenue_immature: f64,
    /// Revenue of the events that count for no decision at all.
    pub revenue_unattributed: f64,
    /// Revenue events whose value was not a whole number of minor units and was rounded.
    pub amounts_rounded: u64,
    /// Revenue or redeem events without a value; they count as events, with a value of 0.
    pub amounts_missing: u64,
    /// Events that reach a stage only by naming an action, and name none: they reach nothing.
    pub events_without_action: u64,
    /// Feature values that were NaN or infinite and were taken as missing.
    pub features_not_finite: u64,
    /// Smallest propensity of the log.
    pub min_propensity: f64,
}

/// What the log holds for one action. Money is in major units.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ActionSummary {
    /// Decisions.
    pub n: u64,
    /// Mean revenue of them; 0 without decisions.
    pub mean_revenue: f64,
    /// Mean cost of them; 0 without decisions.
    pub mean_cost: f64,
    /// Decisions that reached each stage.
    pub stages: BTreeMap<String, u64>,
}
