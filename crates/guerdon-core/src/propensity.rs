//! Propensities: the probability with which the logging policy took the logged action.

use serde::{Deserialize, Serialize};

/// A probability in (0, 1].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Propensity(f64);

impl Propensity {
    /// A certain choice.
    pub const ONE: Propensity = Propensity(1.0);

    /// `value` if it lies in (0, 1]; NaN does not.
    pub fn new(value: f64) -> Option<Self> {
        (value > 0.0 && value <= 1.0).then_some(Propensity(value))
    }

    /// The probability.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Propensity {
    type Error = String;
    fn try_from(value: f64) -> Result<Self, String> {
        Propensity::new(value).ok_or_else(|| format!("a propensity lies in (0, 1], not {value}"))
    }
}

impl From<Propensity> for f64 {
    fn from(value: Propensity) -> f64 {
        value.0
    }
}

/// Where a log's propensities come from. An estimate stays marked as one for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PropensitySource {
    /// Logged with each decision.
    Logged,
    /// From the declared design of the experiment.
    Declared,
    /// Estimated from the log itself.
    Estimated,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_above_one_and_nan_are_no_propensities() {
        for bad in [0.0, -0.1, 1.2, f64::NAN, f64::INFINITY] {
            assert_eq!(Propensity::new(bad), None, "{bad}");
        }
        assert_eq!(Propensity::new(1.0), Some(Propensity::ONE));
    }
}
