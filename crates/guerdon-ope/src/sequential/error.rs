//! What can be wrong with an episode or with a merge.

use std::fmt;

/// Why an episode, a step or a merge was refused. Nothing was added.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SequentialError {
    /// An episode without decisions.
    NoSteps,
    /// A number out of its range.
    Number {
        /// Index of the step in the episode, from 0; absent where there is no episode yet.
        step: Option<usize>,
        /// Which number.
        field: &'static str,
        /// The number given.
        given: f64,
        /// What would do.
        wanted: &'static str,
    },
    /// A slice that does not run over the catalogue's actions.
    Length {
        /// Which slice.
        field: &'static str,
        /// Its length.
        given: usize,
        /// The number of actions.
        wanted: usize,
    },
    /// A logged action that is not in the catalogue.
    NoSuchAction {
        /// Its index.
        action: usize,
        /// The number of actions.
        actions: usize,
    },
    /// The logged action is not in the eligible set.
    Ineligible {
        /// Its index.
        action: usize,
    },
    /// The target policy takes none of the eligible actions.
    NoEligibleMass,
    /// Two evaluations with different settings can't be merged.
    Settings {
        /// Which setting differs.
        field: &'static str,
    },
}

impl fmt::Display for SequentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SequentialError::NoSteps => f.write_str("an episode without decisions; leave it out"),
            SequentialError::Number { step: Some(step), field, given, wanted } => {
                write!(f, "step {step}: {field} is {given}; {wanted}")
            }
            SequentialError::Number { step: None, field, given, wanted } => write!(f, "{field} is {given}; {wanted}"),
            SequentialError::Length { field, given, wanted } => {
                write!(f, "{field} has {given} entries; give one for each of the {wanted} actions")
            }
            SequentialError::NoSuchAction { action, actions } => {
                write!(f, "the logged action has index {action}; there are {actions} actions, from 0")
            }
            SequentialError::Ineligible { action } => {
                write!(f, "the logged action, index {action}, is not in the eligible set of its own decision")
            }
            SequentialError::NoEligibleMass => {
                f.write_str("the target policy takes none of the eligible actions; give it one that is always eligible")
            }
            SequentialError::Settings { field } => {
                write!(f, "two evaluations with different {field} can't be merged; make both with the same")
            }
        }
    }
}

impl std::error::Error for SequentialError {}
