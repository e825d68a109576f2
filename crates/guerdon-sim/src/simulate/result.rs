//! What a simulation says.

use guerdon_core::Seed;
use guerdon_policy::Policy;
use serde::{Deserialize, Serialize};

/// A policy under the name that results carry.
#[derive(Debug, Clone)]
pub struct NamedPolicy {
    /// The name.
    pub name: String,
    /// The policy.
    pub policy: Policy,
}

/// How to simulate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimulateOptions {
    /// Decisions per member, one every attribution window; at least 1.
    pub horizon: usize,
    /// Members, drawn from the log; at least 1. Where the log has fewer, they are taken several times over.
    pub members: usize,
    /// Models, each fitted to a bootstrap of members; at least 2, or there is no telling how sure they are.
    pub ensemble: usize,
    /// Nominal coverage of the intervals, in (0, 1).
    pub confidence: f64,
    /// Where every draw comes from.
    pub seed: Seed,
}

/// A number with an interval.
///
/// `value` is the mean over the ensemble. The interval is `value` ± t · s, with s the standard deviation over ensemble
/// members, each with a bootstrap of members of its own for fitting and for averaging, and t the quantile of Student's
/// distribution with (ensemble − 1) degrees of freedom. It covers model error and the sampling of members, not
/// what the assumptions get wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The estimate.
    pub value: f64,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// The result of [`super::simulate`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Simulation {
    /// One per policy, in the order given.
    pub policies: Vec<PolicyRollout>,
    /// What incremental figures are measured against: `none`, or, where the programme's catalogue has no such action,
    /// `logging`, the logged actions in their logged shares.
    pub baseline: PolicyRollout,
    /// The logged actions in their logged shares, unless they are the baseline.
    #[serde(default)]
    pub references: Vec<PolicyRollout>,
    /// What was assumed, each a sentence.
    pub assumptions: Vec<String>,
    /// Decisions per member.
    pub horizon: usize,
    /// Members simulated.
    pub members: usize,
    /// Distinct members that the models were fitted to.
    pub fitted_members: usize,
    /// Models in the ensemble.
    pub ensemble: usize,
    /// Nominal coverage of the intervals.
    pub confidence: f64,
    /// The seed.
    pub seed: Seed,
    /// How well the simulator reproduces the end of the log that it was fitted from.
    pub fidelity: Vec<FidelityFigure>,
}

/// One policy, rolled out. Money is in major units and summed over all simulated members and the whole horizon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyRollout {
    /// The policy's name.
    pub name: String,
    /// The policy's version; empty for baselines made here.
    pub version: String,
    /// Sums over the horizon.
    pub total: Figures,
    /// Sums per step, in order; as many as the horizon.
    pub per_step: Vec<Figures>,
    /// Share of decisions that reached each stage, in the funnel's order.
    pub stage_rates: Vec<StageRate>,
    /// Against the baseline.
    pub incremental: Incremental,
    /// Expected net value of one decision on logged contexts, per decision: to set beside the offline estimate of the
    /// same policy.
    pub step_value: Interval,
}

/// Sums over members (and steps).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Revenue.
    pub revenue: Interval,
    /// What rewards cost when they paid.
    pub reward_cost: Interval,
    /// What contacts cost.
    pub contact_cost: Interval,
    /// margin · revenue − reward cost − contact cost.
    pub net_value: Interval,
    /// Orders.
    pub orders: Interval,
    /// Offers made: decisions other than `none`.
    pub offers: Interval,
    /// Points credited.
    pub points_issued: Interval,
    /// Money value of the points credited: the liability taken on, before redemption and breakage.
    pub liability: Interval,
}

/// Against the baseline, over the whole horizon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Incremental {
    /// Revenue above the baseline's.
    pub revenue: Interval,
    /// Margin on it.
    pub margin: Interval,
    /// Cost of rewards and contacts above the baseline's.
    pub cost: Interval,
    /// Incremental margin − incremental cost.
    pub net_value: Interval,
    /// (incremental margin − cost) / cost; absent unless every model of the ensemble sees a cost above zero.
    pub roi: Option<Interval>,
}

/// Share of decisions that reached a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageRate {
    /// The stage.
    pub stage: String,
    /// The share, in [0, 1].
    pub rate: Interval,
}

/// One figure of the log beside the simulator's when it rolls the logged actions out in their logged shares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FidelityFigure {
    /// What is compared, with its unit.
    pub figure: String,
    /// In the log, over the last decision of each member that was simulated.
    pub log: f64,
    /// In the simulator.
    pub simulated: Interval,
}
