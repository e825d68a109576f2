//! Why there is no interval: what was given, and what would do.

use std::fmt;

/// Why a number or an interval can't be given.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum BoundsError {
    /// A weight or a reward that no log can hold.
    Event {
        /// The weight as given.
        weight: f64,
        /// The reward as given.
        reward: f64,
    },
    /// A range whose ends do not do.
    Range {
        /// "weights" or "rewards".
        what: &'static str,
        /// Lower end as given.
        min: f64,
        /// Upper end as given.
        max: f64,
        /// What would do.
        wanted: &'static str,
    },
    /// A probability of error that is not in (0, 1).
    Alpha {
        /// As given.
        given: f64,
    },
    /// Fewer events than the method needs.
    TooFew {
        /// How many there were.
        events: u64,
        /// The fewest that would do.
        wanted: u64,
    },
    /// Every weight is zero: the log never did what the target policy would do.
    NoOverlap {
        /// How many events there were.
        events: u64,
    },
    /// Something in the log lies outside the range that was stated for it.
    Outside {
        /// "a weight", "a reward", "a weight times its reward".
        what: &'static str,
        /// The value found.
        seen: f64,
        /// Lower end of the stated range.
        min: f64,
        /// Upper end of the stated range.
        max: f64,
    },
    /// All weights lie on one side of one, so no distribution over them has `E[w] = 1`.
    MeanWeight {
        /// The smallest seen.
        min: f64,
        /// The largest seen.
        max: f64,
    },
    /// The method needs a finite largest weight.
    UnboundedWeight {
        /// The method.
        method: &'static str,
    },
    /// A grid of no steps.
    Steps,
    /// No value in the reward range agrees with the log: the weights can't have mean one, or the ranges are wrong (or
    /// an event of probability alpha happened).
    Contradiction {
        /// The lower end before it was cut to the reward range.
        lower: f64,
        /// The upper end before it was cut to the reward range.
        upper: f64,
    },
}

impl fmt::Display for BoundsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event { weight, reward } => write!(
                f,
                "weight {weight} with reward {reward}: give a finite weight of at least 0 and a finite reward, whose \
                 squares are finite too"
            ),
            Self::Range { what, min, max, wanted } => write!(f, "the range of {what} is [{min}, {max}]; {wanted}"),
            Self::Alpha { given } => write!(f, "alpha is {given}; give a probability of error in (0, 1), say 0.05"),
            Self::TooFew { events, wanted } => write!(f, "{events} events; at least {wanted} are needed"),
            Self::NoOverlap { events } => {
                write!(f, "all {events} weights are zero: the log holds nothing that the target policy would do")
            }
            Self::Outside { what, seen, min, max } => {
                write!(f, "{what} is {seen}, outside the stated range [{min}, {max}]; state what can occur")
            }
            Self::MeanWeight { min, max } => write!(
                f,
                "the weights seen lie in [{min}, {max}] and can't have mean one; a longer log, or the right propensities, \
                 would do"
            ),
            Self::UnboundedWeight { method } => {
                write!(f, "{method} needs a finite largest weight: 1 / (the smallest propensity) will do")
            }
            Self::Steps => write!(f, "a grid of 0 steps; give at least 1, say 500"),
            Self::Contradiction { lower, upper } => write!(
                f,
                "the log admits no value (lower end {lower}, upper end {upper}): the weights can't have mean one, or the \
                 stated ranges are wrong"
            ),
        }
    }
}

impl std::error::Error for BoundsError {}
