//! What can be wrong with a dose, a density or a bandwidth, each with what would do.

use std::fmt;

/// Why there is no weight, or no bandwidth.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum KernelError {
    /// A bandwidth that is not above 0.
    Bandwidth {
        /// As given.
        given: f64,
    },
    /// Ends of the interval of doses that are not in order.
    Interval {
        /// Lower end as given.
        low: f64,
        /// Upper end as given.
        high: f64,
    },
    /// A density that is not above 0.
    Density {
        /// As given.
        given: f64,
    },
    /// A dose outside the interval.
    Outside {
        /// Whose dose.
        what: &'static str,
        /// As given.
        given: f64,
        /// Lower end of the interval.
        low: f64,
        /// Upper end of the interval.
        high: f64,
    },
    /// No bandwidth can be chosen.
    NoBandwidth {
        /// Why, for each that was tried.
        reason: String,
    },
}

impl fmt::Display for KernelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KernelError::Bandwidth { given } => write!(f, "the bandwidth is {given}; a finite number above 0 would do"),
            KernelError::Interval { low, high } => {
                write!(f, "doses are said to run from {low} to {high}; two finite numbers, the smaller first, would do")
            }
            KernelError::Density { given } => write!(
                f,
                "the logged dose has density {given}; a finite number above 0 would do, in 1 / units of the dose"
            ),
            KernelError::Outside { what, given, low, high } => {
                write!(f, "the {what} dose is {given}, outside {low} to {high}; widen the interval or mend the dose")
            }
            KernelError::NoBandwidth { reason } => write!(f, "no bandwidth can be chosen: {reason}"),
        }
    }
}

impl std::error::Error for KernelError {}
