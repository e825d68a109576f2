//! The simulation as the page shows it.

use super::IntervalValue;
use guerdon_ope::Estimate;
use serde::{Deserialize, Serialize};

/// What policies would bring over a horizon in a simulator fitted from the log.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RoiSection {
    /// Decisions per member that were rolled out.
    pub horizon: u64,
    /// Members that were simulated.
    pub members: u64,
    /// Models in the ensemble, each fitted to a bootstrap of members.
    pub ensemble: u64,
    /// What incremental figures are measured against, say "no offers".
    pub reference: String,
    /// The policies.
    pub policies: Vec<RoiRow>,
    /// What the simulator assumes, each a sentence.
    #[serde(default)]
    pub assumptions: Vec<String>,
    /// How well it reproduces the log: figures of the log beside the simulator's.
    #[serde(default)]
    pub fidelity: Vec<FidelityRow>,
}

/// One policy in the simulation. Money is in major units, summed over all simulated members and the whole horizon,
/// unless it says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoiRow {
    /// The policy's name, as in the report's `policies`.
    pub name: String,
    /// Revenue.
    pub revenue: IntervalValue,
    /// Revenue above the reference's.
    pub incremental_revenue: IntervalValue,
    /// Cost of rewards and contacts above the reference's.
    pub cost: IntervalValue,
    /// Margin on the incremental revenue.
    pub incremental_margin: IntervalValue,
    /// (incremental margin − cost) / cost; absent without a cost.
    #[serde(default)]
    pub roi: Option<IntervalValue>,
    /// Incremental margin less cost.
    pub net_value: IntervalValue,
    /// The estimate of the same policy from the log alone, per decision.
    #[serde(default)]
    pub offline_value: Option<Estimate>,
    /// Net value of one decision on logged contexts in the simulator, to hold beside `offline_value`.
    pub step_value: IntervalValue,
    /// Reasons for which the simulation itself refuses this policy.
    #[serde(default)]
    pub refused: Option<Vec<String>>,
}

/// One figure of the log beside the simulator's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FidelityRow {
    /// What is compared, say "revenue per decision" or "completed".
    pub figure: String,
    /// In the log.
    pub log: f64,
    /// In the simulator under the logging policy.
    pub simulated: IntervalValue,
}
