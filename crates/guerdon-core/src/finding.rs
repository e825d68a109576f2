//! Findings: what a check of a log or a result has to say, in a plain sentence with its figures.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How much a finding matters; the order is from harmless to grave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Checked and as it should be.
    Ok,
    /// Worth knowing.
    Info,
    /// Look at it before relying on results.
    Warning,
    /// Results that rest on this can't be trusted until it is explained or mended.
    Error,
}

impl Severity {
    /// The word used in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Ok => "ok",
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// A fixed name for programs, say `sample_ratio`.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// What was found, with its figure, and what to do about it.
    pub sentence: String,
    /// The figures behind the sentence, by name; all finite.
    #[serde(default)]
    pub figures: BTreeMap<String, f64>,
}

impl Finding {
    /// A finding without figures.
    pub fn new(code: &str, severity: Severity, sentence: impl Into<String>) -> Self {
        Finding { code: code.to_owned(), severity, sentence: sentence.into(), figures: BTreeMap::new() }
    }

    /// The same with one more figure; figures that are not finite have no place in JSON and are left out.
    pub fn figure(mut self, name: &str, value: f64) -> Self {
        if value.is_finite() {
            self.figures.insert(name.to_owned(), value);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_are_ordered_from_harmless_to_grave() {
        assert!(Severity::Ok < Severity::Info && Severity::Info < Severity::Warning);
        assert!(Severity::Warning < Severity::Error);
    }
}
