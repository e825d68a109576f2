//! The randomised policy that wrote the log.

use super::catalogue::{Kind, Offer};
use super::member::Attributes;

/// The name that the log carries.
pub const POLICY_VERSION: &str = "coffeehouse-logging-1";

/// Exact probability of every offer for a member with these attributes: half of it uniform, half a softmax over what
/// the house believes in (per tier and app). All are at least 1 / (2 · offers).
pub fn probabilities(offers: &[Offer], attributes: &Attributes) -> Vec<f64> {
    let weights: Vec<f64> = offers.iter().map(|offer| belief(offer.kind, attributes).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let uniform = 0.5 / offers.len() as f64;
    weights.iter().map(|weight| uniform + 0.5 * weight / sum).collect()
}

/// What the house believes in: money off for the lower tiers, gifts and points for the upper ones, the app for points.
fn belief(kind: Kind, attributes: &Attributes) -> f64 {
    let favoured = match attributes.tier {
        0 => matches!(kind, Kind::Discount),
        1 => matches!(kind, Kind::Discount | Kind::Cashback),
        2 => matches!(kind, Kind::Bogo | Kind::Points),
        _ => matches!(kind, Kind::Gift | Kind::StreakBonus | Kind::Points),
    };
    let in_app = attributes.app && matches!(kind, Kind::Points | Kind::StreakBonus);
    f64::from(u8::from(favoured)) + 0.4 * f64::from(u8::from(in_app))
}
