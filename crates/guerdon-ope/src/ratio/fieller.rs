//! Fieller's confidence set for a ratio of two means (Fieller 1954): all ρ with (N − ρD)² ≤ z² Var(N − ρD).

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};
use std::fmt;

/// A confidence set for a ratio. Bounded just where the denominator's own interval leaves 0 out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fieller {
    /// From `lower` to `upper`.
    Between {
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
    },
    /// All numbers but those strictly between `below` and `above`: the denominator may be 0, the numerator may not.
    Outside {
        /// Upper end of the lower half-line.
        below: f64,
        /// Lower end of the upper half-line.
        above: f64,
    },
    /// This number or more: the denominator's interval ends at 0.
    AtLeast(f64),
    /// This number or less: the denominator's interval ends at 0.
    AtMost(f64),
    /// All numbers: numerator and denominator may both be 0, so the log says nothing of the ratio.
    Everything,
}

impl Fieller {
    /// From the means of numerator and denominator, and their variances and covariance.
    pub(super) fn new((n, d): (f64, f64), [above, below, between]: [f64; 3], confidence: f64) -> Self {
        let z = Normal::standard().inverse_cdf(0.5 + confidence / 2.0);
        // The set is a ρ² − 2 b ρ + c ≤ 0.
        let (a, b, c) = (d * d - z * z * below, n * d - z * z * between, n * n - z * z * above);
        let discriminant = b * b - a * c;
        if a > 0.0 {
            // Not negative but for rounding, for a covariance that is one.
            let half = discriminant.max(0.0).sqrt();
            return Fieller::Between { lower: (b - half) / a, upper: (b + half) / a };
        }
        if a == 0.0 {
            return match b.total_cmp(&0.0) {
                _ if b == 0.0 => Fieller::Everything,
                std::cmp::Ordering::Greater => Fieller::AtLeast(c / (2.0 * b)),
                _ => Fieller::AtMost(c / (2.0 * b)),
            };
        }
        if discriminant <= 0.0 {
            return Fieller::Everything;
        }
        let half = discriminant.sqrt();
        Fieller::Outside { below: (b + half) / a, above: (b - half) / a }
    }

    /// Whether the ratio may be `ratio`.
    pub fn contains(self, ratio: f64) -> bool {
        match self {
            Fieller::Between { lower, upper } => (lower..=upper).contains(&ratio),
            Fieller::Outside { below, above } => ratio <= below || ratio >= above,
            Fieller::AtLeast(least) => ratio >= least,
            Fieller::AtMost(most) => ratio <= most,
            Fieller::Everything => !ratio.is_nan(),
        }
    }
}

impl fmt::Display for Fieller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fieller::Between { lower, upper } => write!(f, "from {lower:.4} to {upper:.4}"),
            Fieller::Outside { below, above } => write!(
                f,
                "at most {below:.4} or at least {above:.4}, nothing between: the denominator may be 0, so the ratio has no \
                 bound"
            ),
            Fieller::AtLeast(least) => write!(f, "at least {least:.4}, with no upper bound: the denominator may be 0"),
            Fieller::AtMost(most) => write!(f, "at most {most:.4}, with no lower bound: the denominator may be 0"),
            Fieller::Everything => f.write_str("any number: numerator and denominator may both be 0"),
        }
    }
}
