//! What a decision is worth: margin · revenue − cost of rewards − contact cost.

use crate::Money;
use serde::{Deserialize, Serialize};

/// The programme's economics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Economics {
    /// ISO 4217 code, or the name of the unit of value ("click").
    pub currency: String,
    /// Decimals of the smallest unit of money: 2 for cents.
    pub minor_units: u32,
    /// Share of revenue that is margin, in [0, 1].
    pub margin: f64,
    /// Money value of one point, in major units.
    pub point_value: f64,
    /// Kinds whose amount is in points.
    pub points_kinds: Vec<String>,
    /// What one contact costs, in major units; every action but `none` is a contact.
    pub contact_cost: f64,
    /// The event that brings revenue; its value is money in major units.
    pub revenue_event: Option<String>,
    /// The event that redeems points; its value is points.
    pub redeem_event: Option<String>,
}

impl Default for Economics {
    fn default() -> Self {
        Economics {
            currency: "USD".into(),
            minor_units: 2,
            margin: 1.0,
            point_value: 0.0,
            points_kinds: vec![],
            contact_cost: 0.0,
            revenue_event: None,
            redeem_event: None,
        }
    }
}

impl Economics {
    /// Net value of one decision in major units; `offered` is whether the action was other than `none`.
    #[inline]
    pub fn net_value(&self, revenue: Money, cost: Money, offered: bool) -> f64 {
        self.net_value_of(revenue.to_major(self.minor_units), cost, offered)
    }

    /// As [`Economics::net_value`], with the revenue in major units.
    #[inline]
    pub fn net_value_of(&self, revenue: f64, cost: Money, offered: bool) -> f64 {
        self.margin * revenue - cost.to_major(self.minor_units) - if offered { self.contact_cost } else { 0.0 }
    }

    /// The money value of `points`, rounded to the minor unit.
    pub fn points_to_money(&self, points: i64) -> Money {
        Money::from_major(points as f64 * self.point_value, self.minor_units).value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn net_value_is_margin_less_cost_less_contact() {
        let economics = Economics { margin: 0.3, contact_cost: 0.05, ..Economics::default() };
        assert!((economics.net_value(Money(1000), Money(100), true) - 1.95).abs() < 1e-12);
        assert!((economics.net_value(Money(1000), Money(0), false) - 3.0).abs() < 1e-12);
    }
}
