//! The estimators. Each is Σ numerator / Σ denominator over the rows; a file each says which.

mod dm;
mod dr;
mod ips;
mod snips;

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What an estimator may use of one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Reward r.
    pub reward: f64,
    /// Importance weight w = π_e(a|x) / π_b(a|x).
    pub weight: f64,
    /// q̂(x, a) of the logged action; NaN without a model.
    pub q_logged: f64,
    /// v̂(x) = Σ_a π_e(a|x) q̂(x, a); NaN without a model.
    pub v_target: f64,
}

/// The estimators there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimator {
    /// Direct method.
    Dm,
    /// Inverse propensity scoring.
    Ips,
    /// Self-normalised inverse propensity scoring.
    Snips,
    /// Doubly robust.
    Dr,
}

impl Estimator {
    /// All of them, in the order in which they are reported.
    pub const ALL: [Estimator; 4] = [Estimator::Dm, Estimator::Ips, Estimator::Snips, Estimator::Dr];

    /// The name used in files and flags.
    pub fn name(self) -> &'static str {
        match self {
            Estimator::Dm => "dm",
            Estimator::Ips => "ips",
            Estimator::Snips => "snips",
            Estimator::Dr => "dr",
        }
    }

    /// Whether it needs q̂.
    pub fn needs_model(self) -> bool {
        matches!(self, Estimator::Dm | Estimator::Dr)
    }

    /// This row's (numerator, denominator).
    pub fn ratio_terms(self, terms: &Terms) -> (f64, f64) {
        match self {
            Estimator::Dm => dm::ratio_terms(terms),
            Estimator::Ips => ips::ratio_terms(terms),
            Estimator::Snips => snips::ratio_terms(terms),
            Estimator::Dr => dr::ratio_terms(terms),
        }
    }
}

impl fmt::Display for Estimator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Estimator {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Estimator::ALL.into_iter().find(|e| e.name() == text.trim()).ok_or_else(|| {
            format!("no estimator is called {text:?}; there are {}", Estimator::ALL.map(Estimator::name).join(", "))
        })
    }
}
