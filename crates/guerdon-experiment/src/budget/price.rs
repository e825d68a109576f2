//! Prices, and the policy that serves at them.

use guerdon_core::Result;
use guerdon_policy::{Objective, Policy, PolicyParts};
use serde::{Deserialize, Serialize};

/// Shadow prices, in value for one unit of money: 0 where nothing is scarce.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Prices {
    /// λ: of a unit of reward cost, beyond the unit itself.
    pub lambda: f64,
    /// μ: of a unit of points liability.
    pub mu: f64,
}

/// The same policy at other prices: it spends at the pace that the prices stand for, without retraining.
///
/// # Errors
/// [`guerdon_core::Error::Config`] for a price that is negative or not finite.
pub fn priced(policy: &Policy, prices: Prices) -> Result<Policy> {
    let parts = policy.parts();
    let Prices { lambda, mu } = prices;
    Policy::new(PolicyParts { objective: Objective { lambda, mu, ..parts.objective }, ..parts.clone() })
}
