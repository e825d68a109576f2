//! Value against budget as the page shows it.

use super::IntervalValue;
use serde::{Deserialize, Serialize};

/// What a budget buys. Money is in major units per decision.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BudgetSection {
    /// A budget looked at in particular.
    #[serde(default)]
    pub per_decision: Option<f64>,
    /// Always the same offer; those without a value are left out by whoever makes this.
    pub constants: Vec<BudgetConstant>,
    /// Names of the constants between which the best mixes lie, by rising cost.
    pub hull: Vec<String>,
    /// The learned policies.
    pub curves: Vec<BudgetCurve>,
}

/// A constant offer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BudgetConstant {
    /// The action.
    pub action: String,
    /// What it costs.
    pub cost: IntervalValue,
    /// What it is worth.
    pub value: IntervalValue,
}

/// A learned policy at rising budgets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BudgetCurve {
    /// The policy's name.
    pub policy: String,
    /// By rising budget; those without a value are left out.
    pub points: Vec<BudgetPoint>,
    /// At the budget looked at in particular.
    #[serde(default)]
    pub at: Option<BudgetAt>,
}

/// A policy at one price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BudgetPoint {
    /// What it was to spend.
    pub budget: f64,
    /// The price λ that was to spend it.
    pub lambda: f64,
    /// What it costs on held-out decisions.
    pub cost: IntervalValue,
    /// What it is worth on them.
    pub value: IntervalValue,
    /// Value less that of the best mix of constants at the same cost.
    #[serde(default)]
    pub over_mix: Option<IntervalValue>,
}

/// The policy against the best mix of constants that costs the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BudgetAt {
    /// The price λ.
    pub lambda: f64,
    /// What it cost on held-out decisions.
    pub cost: IntervalValue,
    /// What it is worth.
    pub value: IntervalValue,
    /// The mix in words: "40 % bogo_5_7d, else none".
    pub mix: String,
    /// What the mix is worth.
    pub mix_value: IntervalValue,
    /// Policy less mix.
    pub over_mix: IntervalValue,
}
