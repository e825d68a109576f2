//! The sequential estimators there are, and their names.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An estimator of the value of an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SequentialEstimator {
    /// Direct method, with the q̂ of fitted Q evaluation or any other: the mean of v̂(s_0).
    Dm,
    /// Trajectory-wise inverse propensity scoring.
    Ips,
    /// Self-normalised trajectory-wise inverse propensity scoring (weighted importance sampling).
    Wis,
    /// Per-decision importance sampling.
    Pdis,
    /// Consistent weighted per-decision importance sampling: self-normalised at each time.
    Cwpdis,
    /// Doubly robust.
    Dr,
    /// Weighted doubly robust: self-normalised at each time.
    Wdr,
    /// Marginalised importance sampling over discrete states.
    Mis,
}

impl SequentialEstimator {
    /// All of them, in the order in which they are reported.
    pub const ALL: [SequentialEstimator; 8] = [
        SequentialEstimator::Dm,
        SequentialEstimator::Ips,
        SequentialEstimator::Wis,
        SequentialEstimator::Pdis,
        SequentialEstimator::Cwpdis,
        SequentialEstimator::Dr,
        SequentialEstimator::Wdr,
        SequentialEstimator::Mis,
    ];

    /// The name used in files and flags.
    pub fn name(self) -> &'static str {
        match self {
            SequentialEstimator::Dm => "dm",
            SequentialEstimator::Ips => "ips",
            SequentialEstimator::Wis => "wis",
            SequentialEstimator::Pdis => "pdis",
            SequentialEstimator::Cwpdis => "cwpdis",
            SequentialEstimator::Dr => "dr",
            SequentialEstimator::Wdr => "wdr",
            SequentialEstimator::Mis => "mis",
        }
    }

    /// Whether it needs q̂.
    pub fn needs_model(self) -> bool {
        matches!(self, SequentialEstimator::Dm | SequentialEstimator::Dr | SequentialEstimator::Wdr)
    }

    /// Whether it needs a discrete state id at each step.
    pub fn needs_states(self) -> bool {
        self == SequentialEstimator::Mis
    }
}

impl fmt::Display for SequentialEstimator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for SequentialEstimator {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let all = SequentialEstimator::ALL;
        all.into_iter().find(|e| e.name() == text.trim()).ok_or_else(|| {
            format!("no sequential estimator is called {text:?}; there are {}", all.map(Self::name).join(", "))
        })
    }
}
