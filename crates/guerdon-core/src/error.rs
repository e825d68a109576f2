//! One error type for the whole engine: each variant carries the thing, what was given and what would do.

use std::path::{Path, PathBuf};

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. Each variant has an exit code of its own ([`Error::exit_code`]).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder that was named is not there or can't be opened.
    #[error("{}: {reason}; name an existing, readable {wanted}", path.display())]
    NotFound {
        /// The path as given.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
        /// What would do: "file", "folder".
        wanted: &'static str,
    },
    /// Writing failed; nothing was left half-written.
    #[error("{}: can't write: {reason}", path.display())]
    Write {
        /// The path as given.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// A file is there but is not what its format says: a truncated Parquet file, broken JSON.
    #[error("{file}: not readable as {format}: {reason}")]
    Malformed {
        /// The file.
        file: String,
        /// The format it was read as.
        format: &'static str,
        /// Where and how it broke.
        reason: String,
    },
    /// A value of an environment, experiment or learner file does not do.
    #[error("{file}: {key} is {given}; {wanted}")]
    Config {
        /// The file, or the flag.
        file: String,
        /// The dotted key.
        key: String,
        /// The value found.
        given: String,
        /// What would do.
        wanted: String,
    },
    /// The SQL of a view was refused.
    #[error("{file}: {reason}")]
    Sql {
        /// The file with the SQL.
        file: String,
        /// What DataFusion said.
        reason: String,
    },
    /// A table lacks a column, or a column has the wrong type.
    #[error("{table}.{column} is {given}; {wanted}")]
    Schema {
        /// The canonical table or log.
        table: String,
        /// The column.
        column: String,
        /// The type found, or "missing".
        given: String,
        /// What would do.
        wanted: String,
    },
    /// A propensity outside (0, 1].
    #[error("{place}: propensity is {given}; a logged action was taken with a probability in (0, 1]")]
    Propensity {
        /// Table, row and ids.
        place: String,
        /// The number found.
        given: f64,
    },
    /// A number that no programme can have: NaN or infinite amounts, negative money.
    #[error("{place}: {what} is {given}; {wanted}")]
    Amount {
        /// Table, row and ids.
        place: String,
        /// The column or quantity.
        what: String,
        /// The number found.
        given: String,
        /// What would do.
        wanted: String,
    },
    /// An action that the catalogue doesn't list.
    #[error("{place}: action {given:?} is not in the catalogue; it lists {known}")]
    UnknownAction {
        /// Table, row and ids.
        place: String,
        /// The name found.
        given: String,
        /// The names there are (shortened).
        known: String,
    },
    /// Something happened to a member before that member joined.
    #[error(
        "{place}: happened at {at}, before the member joined at {joined_at}; correct joined_at, or leave it null where it is unknown"
    )]
    BeforeJoined {
        /// Table and ids.
        place: String,
        /// When it happened.
        at: String,
        /// When the member joined.
        joined_at: String,
    },
    /// Nothing to work on.
    #[error("{place}: {what}")]
    Empty {
        /// The table or file.
        place: String,
        /// What is missing and what would do.
        what: String,
    },
    /// Rows that contradict each other: a decision id used twice, a member that `members` doesn't have.
    #[error("{place}: {what}")]
    Inconsistent {
        /// Table and ids.
        place: String,
        /// Both values and what would do.
        what: String,
    },
    /// A policy bundle that is cut short, altered, or not a bundle.
    #[error("{file}: not a whole policy bundle: {reason}")]
    Bundle {
        /// The file.
        file: String,
        /// What was expected and what was found.
        reason: String,
    },
    /// A whole bundle of a format version this build can't read.
    #[error("{file}: bundle format {found}; this build reads format {supported}")]
    BundleVersion {
        /// The file.
        file: String,
        /// The version found.
        found: u64,
        /// The version(s) read.
        supported: String,
    },
    /// A request with a field or feature that the policy doesn't know.
    #[error("{place}: unknown {what} {given:?}; known: {known}")]
    RequestUnknown {
        /// The line of the request.
        place: String,
        /// "field", "feature", "action".
        what: &'static str,
        /// The name found.
        given: String,
        /// The names there are.
        known: String,
    },
    /// A request without a field or feature that the policy needs.
    #[error("{place}: {what} {name:?} is missing; {wanted}")]
    RequestMissing {
        /// The line of the request.
        place: String,
        /// "field", "feature".
        what: &'static str,
        /// The name of it.
        name: String,
        /// What would do.
        wanted: String,
    },
    /// A request that is not the JSON it should be.
    #[error("{place}: {what} is {given}; {wanted}")]
    RequestMalformed {
        /// The line of the request.
        place: String,
        /// The field.
        what: String,
        /// The value found.
        given: String,
        /// What would do.
        wanted: String,
    },
    /// A policy and a log that don't belong together.
    #[error("{place}: {what} is {given}; {wanted}")]
    Mismatch {
        /// The files.
        place: String,
        /// The quantity.
        what: String,
        /// The value found.
        given: String,
        /// What would do.
        wanted: String,
    },
    /// A device that this build or machine doesn't have.
    #[error("device {given:?}: {reason}")]
    Device {
        /// The device asked for.
        given: String,
        /// Why it can't be had and what would do.
        reason: String,
    },
    /// Training did not give a usable model (say, a loss that is not finite).
    #[error("{learner}: {reason}")]
    Training {
        /// The learner's name.
        learner: String,
        /// What happened and what would do.
        reason: String,
    },
    /// A fault of the engine or the machine; please report it.
    #[error("internal: {0}")]
    Internal(String),
}

impl Error {
    /// The code the command exits with; see [`exit_codes`].
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Internal(_) | Error::Training { .. } => 1,
            Error::NotFound { .. } => 10,
            Error::Malformed { .. } => 11,
            Error::Config { .. } | Error::Sql { .. } => 12,
            Error::Schema { .. } => 13,
            Error::Propensity { .. } => 14,
            Error::Amount { .. } => 15,
            Error::UnknownAction { .. } => 16,
            Error::BeforeJoined { .. } => 17,
            Error::Empty { .. } => 18,
            Error::Inconsistent { .. } => 19,
            Error::Bundle { .. } => 20,
            Error::BundleVersion { .. } => 21,
            Error::RequestUnknown { .. } => 22,
            Error::RequestMissing { .. } => 23,
            Error::RequestMalformed { .. } => 24,
            Error::Mismatch { .. } => 25,
            Error::Device { .. } => 26,
            Error::Write { .. } => 27,
        }
    }

    /// A named file or folder that can't be opened.
    pub fn not_found(path: &Path, wanted: &'static str, reason: impl ToString) -> Self {
        Error::NotFound { path: path.to_owned(), reason: reason.to_string(), wanted }
    }

    /// A write that failed.
    pub fn write(path: &Path, reason: impl ToString) -> Self {
        Error::Write { path: path.to_owned(), reason: reason.to_string() }
    }

    /// A value of a configuration file that does not do.
    pub fn config(file: impl ToString, key: impl ToString, given: impl ToString, wanted: impl ToString) -> Self {
        Error::Config {
            file: file.to_string(),
            key: key.to_string(),
            given: given.to_string(),
            wanted: wanted.to_string(),
        }
    }

    /// An action that the catalogue doesn't list; `known` is shortened to the first twelve names.
    pub fn unknown_action<'a>(place: impl ToString, given: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        Error::UnknownAction { place: place.to_string(), given: given.to_owned(), known: shorten(known, 12) }
    }
}

/// The first `most` names, comma-separated, with how many more there are.
fn shorten<'a>(names: impl IntoIterator<Item = &'a str>, most: usize) -> String {
    let all: Vec<&str> = names.into_iter().collect();
    let mut text = all.iter().take(most).copied().collect::<Vec<_>>().join(", ");
    if all.len() > most {
        text.push_str(&format!(" and {} more", all.len() - most));
    }
    text
}

/// Every exit code of the command with its meaning, in order.
pub fn exit_codes() -> &'static [(u8, &'static str)] {
    &[
        (0, "done"),
        (1, "a fault of the engine or the machine, or a training run that gave no usable model"),
        (2, "unknown command, flag or flag value"),
        (3, "the data can't carry the estimate: not evaluable"),
        (10, "a named file or folder is missing or unreadable"),
        (11, "a file is not what its format says (truncated Parquet, broken JSON or CSV)"),
        (12, "a value in an environment, experiment or learner file, or its SQL, does not do"),
        (13, "a canonical table or log lacks a column, or a column has the wrong type"),
        (14, "a propensity outside (0, 1]"),
        (15, "an impossible amount (NaN, infinite, negative)"),
        (16, "an action that the catalogue doesn't list"),
        (17, "an event or decision before its member joined"),
        (18, "an empty log"),
        (19, "rows that contradict each other"),
        (20, "a policy bundle that is cut short or altered"),
        (21, "a policy bundle of a format this build can't read"),
        (22, "a request with an unknown field, feature or action"),
        (23, "a request without a field or feature that the policy needs"),
        (24, "a request that is not the JSON it should be"),
        (25, "a policy and a log that don't belong together"),
        (26, "a device that this build or machine doesn't have"),
        (27, "a result could not be written"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_action_names_what_was_given_and_what_there_is() {
        let error = Error::unknown_action("decisions row 3", "bogo5", ["none", "bogo10"]);
        assert_eq!(
            error.to_string(),
            "decisions row 3: action \"bogo5\" is not in the catalogue; it lists none, bogo10"
        );
        assert_eq!(error.exit_code(), 16);
    }

    #[test]
    fn every_exit_code_is_documented_once() {
        let mut codes: Vec<u8> = exit_codes().iter().map(|(code, _)| *code).collect();
        codes.dedup();
        assert_eq!(codes.len(), exit_codes().len());
        for error in [Error::Internal(String::new()), Error::not_found(Path::new("x"), "file", "gone")] {
            assert!(codes.contains(&error.exit_code()));
        }
    }

    #[test]
    fn a_long_list_of_names_is_shortened_with_its_count() {
        assert_eq!(shorten(["a", "b", "c"], 2), "a, b and 1 more");
    }
}
