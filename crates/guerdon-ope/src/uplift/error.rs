//! Why there is no uplift curve: what was given, and what would do.

use std::fmt;

/// Why an area can't be given.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum UpliftError {
    /// A row that no log can hold.
    Row {
        /// Its place, from 0.
        place: usize,
        /// "score", "propensity", "outcome".
        what: &'static str,
        /// As given.
        given: f64,
        /// What would do.
        wanted: &'static str,
    },
    /// One of the two arms has no rows.
    OneArm {
        /// Rows with the action.
        treated: usize,
        /// Rows with the reference.
        control: usize,
    },
    /// A number outside its range.
    Range {
        /// Which number.
        what: &'static str,
        /// As given.
        given: f64,
        /// What would do.
        wanted: &'static str,
    },
    /// Two rankings of different decisions.
    Different {
        /// The first place at which they differ.
        place: usize,
    },
}

impl fmt::Display for UpliftError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row { place, what, given, wanted } => write!(f, "row {place}: {what} is {given}; {wanted} would do"),
            Self::OneArm { treated, control } => write!(
                f,
                "{treated} decisions with the action and {control} with the reference; uplift needs some of both"
            ),
            Self::Range { what, given, wanted } => write!(f, "{what} is {given}; {wanted} would do"),
            Self::Different { place } => write!(
                f,
                "the two rankings differ at row {place} in more than the score; give the same decisions in the same order"
            ),
        }
    }
}

impl std::error::Error for UpliftError {}
