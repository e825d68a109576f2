//! What can be wrong with what a selection is given, each with what would do.

use std::fmt;

/// Why there is no selection.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SelectionError {
    /// Fewer than two candidates.
    Few {
        /// How many there were.
        given: usize,
    },
    /// Two candidates of one name.
    Twice {
        /// The name.
        name: String,
    },
    /// A list of the wrong length.
    Length {
        /// What was listed.
        what: &'static str,
        /// Its length.
        given: usize,
        /// The length that would do.
        wanted: usize,
    },
    /// No finite value or variance.
    NotFinite {
        /// Of which candidate or pair.
        name: String,
        /// The value.
        value: f64,
        /// The variance.
        variance: f64,
    },
    /// Variances of differences that no joint distribution has.
    Inconsistent {
        /// What is wrong with them.
        reason: String,
    },
    /// A number outside its range.
    Range {
        /// Which number.
        what: &'static str,
        /// As given.
        given: f64,
        /// The range that would do.
        wanted: &'static str,
    },
    /// A name that is no candidate's.
    Unknown {
        /// The name.
        name: String,
        /// The candidates.
        known: String,
    },
    /// Sums or outcomes of other candidates.
    Other {
        /// What was given.
        given: String,
        /// What would do.
        wanted: String,
    },
}

impl fmt::Display for SelectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SelectionError::Few { given } => write!(f, "{given} candidates given; a comparison needs at least 2"),
            SelectionError::Twice { name } => write!(f, "two candidates are called {name:?}; give each its own name"),
            SelectionError::Length { what, given, wanted } => {
                write!(f, "{given} {what} given for {wanted} candidates; give one each")
            }
            SelectionError::NotFinite { name, value, variance } => write!(
                f,
                "{name} has value {value} and variance {variance}; both must be finite, which takes at least two members, \
                 support, and q̂ where the estimator needs it"
            ),
            SelectionError::Inconsistent { reason } => {
                write!(f, "{reason}; take all variances from the same decisions and estimator")
            }
            SelectionError::Range { what, given, wanted } => write!(f, "{what} is {given}; {wanted} would do"),
            SelectionError::Unknown { name, known } => write!(f, "no candidate is called {name:?}; there are {known}"),
            SelectionError::Other { given, wanted } => write!(f, "given {given}, which can't be held against {wanted}"),
        }
    }
}

impl std::error::Error for SelectionError {}

/// At least two names, all different.
pub(super) fn check_names(names: &[String]) -> Result<(), SelectionError> {
    if names.len() < 2 {
        return Err(SelectionError::Few { given: names.len() });
    }
    match names.iter().enumerate().find(|(place, name)| names[..*place].contains(name)) {
        Some((_, name)) => Err(SelectionError::Twice { name: name.clone() }),
        None => Ok(()),
    }
}
