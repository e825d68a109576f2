//! What a run found, as the page needs it. Every struct reads and writes JSON.

mod budget;
mod placement;
mod policy;
mod roi;
mod sections;

pub use budget::{BudgetAt, BudgetConstant, BudgetCurve, BudgetPoint, BudgetSection};
pub use placement::{PlacementRow, PlacementSection, PolicyPlacement};
pub use policy::{NamedDifference, PolicyReport, PolicyRole, SegmentShares, StageShare};
pub use roi::{FidelityRow, RoiRow, RoiSection};
pub use sections::{BundleFile, DataSection, EnvironmentSection, NamedValue, Reproducibility};

use guerdon_core::Finding;
use guerdon_ope::{Difference, Estimator};
use serde::{Deserialize, Serialize};

/// A number with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct IntervalValue {
    /// The estimate.
    pub value: f64,
    /// Lower end of the interval, where there is one.
    #[serde(default)]
    pub lower: Option<f64>,
    /// Upper end of the interval, where there is one.
    #[serde(default)]
    pub upper: Option<f64>,
}

impl IntervalValue {
    /// `value` in [`lower`, `upper`].
    pub fn new(value: f64, lower: f64, upper: f64) -> Self {
        IntervalValue { value, lower: Some(lower), upper: Some(upper) }
    }

    /// `value` without an interval.
    pub fn exact(value: f64) -> Self {
        IntervalValue { value, lower: None, upper: None }
    }

    /// Both ends, where both are there and finite.
    pub fn ends(&self) -> Option<(f64, f64)> {
        self.lower.zip(self.upper).filter(|(lower, upper)| lower.is_finite() && upper.is_finite())
    }
}

impl From<Difference> for IntervalValue {
    fn from(difference: Difference) -> Self {
        IntervalValue { value: difference.value, lower: difference.lower, upper: difference.upper }
    }
}

/// All that the page of one run shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// The experiment's name.
    pub experiment: String,
    /// The run's name: the folder it lies in.
    pub run_id: String,
    /// The programme.
    pub environment: EnvironmentSection,
    /// Level of every interval on the page, in (0, 1).
    pub confidence: f64,
    /// The estimator whose values are drawn, compared and put in the headline.
    pub estimator: Estimator,
    /// Every policy that was valued: learners, logging, none, uniform, each constant action. Any order.
    pub policies: Vec<PolicyReport>,
    /// Paired differences between them, by `estimator`.
    #[serde(default)]
    pub differences: Vec<NamedDifference>,
    /// Which actions the learners take for whom.
    #[serde(default)]
    pub segments: Vec<SegmentShares>,
    /// Where in the funnel rewards pay, if any does.
    #[serde(default)]
    pub placement: Option<PlacementSection>,
    /// The simulation, if one was run.
    #[serde(default)]
    pub roi: Option<RoiSection>,
    /// What a budget buys, if that was asked for.
    #[serde(default)]
    pub budget: Option<BudgetSection>,
    /// What had to be assumed to get these numbers, each a sentence.
    #[serde(default)]
    pub assumptions: Vec<String>,
    /// The log.
    #[serde(default)]
    pub data: DataSection,
    /// What the audit of the log said.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// What it takes to get the same bytes again.
    #[serde(default)]
    pub reproducibility: Reproducibility,
    /// The policy bundles that were written.
    #[serde(default)]
    pub bundles: Vec<BundleFile>,
}

impl Default for RunReport {
    fn default() -> Self {
        RunReport {
            experiment: String::new(),
            run_id: String::new(),
            environment: EnvironmentSection::default(),
            confidence: 0.95,
            estimator: Estimator::Dr,
            policies: vec![],
            differences: vec![],
            segments: vec![],
            placement: None,
            roi: None,
            budget: None,
            assumptions: vec![],
            data: DataSection::default(),
            findings: vec![],
            reproducibility: Reproducibility::default(),
            bundles: vec![],
        }
    }
}

impl RunReport {
    /// The policy of this name.
    pub fn policy(&self, name: &str) -> Option<&PolicyReport> {
        self.policies.iter().find(|policy| policy.name == name)
    }

    /// The policy that stands for `role`; for learners and constants the best of them by value, if any can be valued.
    pub fn best_of(&self, role: PolicyRole) -> Option<&PolicyReport> {
        let value = |policy: &PolicyReport| self.verdict(policy).value().map_or(f64::NEG_INFINITY, |v| v.value);
        let mut best: Option<&PolicyReport> = None;
        for policy in self.policies.iter().filter(|policy| policy.role == role) {
            // The first of equals stays, so that the order of the report decides and nothing else.
            if self.verdict(policy).value().is_some() && best.is_none_or(|b| value(policy) > value(b)) {
                best = Some(policy);
            }
        }
        best
    }
}
