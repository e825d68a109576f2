//! An environment: one programme, as its `environment.toml` describes it.

use crate::feature::ordered;
use crate::{Economics, FeatureSpec, Funnel, PropensitySource};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One programme: where its raw files are, its funnel, windows, economics, features and guardrails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The programme's name.
    pub name: String,
    /// What the programme is, in a sentence.
    #[serde(default)]
    pub description: String,
    /// What had to be assumed to read this data; printed in every report.
    #[serde(default)]
    pub assumptions: Vec<String>,
    /// The raw files by the table name that `views.sql` reads them under.
    pub sources: BTreeMap<String, Source>,
    /// Attribution window, maturity and clock.
    pub log: LogRules,
    /// The stages.
    pub funnel: Funnel,
    /// Prices.
    #[serde(default)]
    pub economics: Economics,
    /// How the logging policy drew its actions.
    pub design: Design,
    /// What is known at a decision, in order.
    #[serde(with = "ordered")]
    pub features: Vec<FeatureSpec>,
    /// What removes actions before a decision is drawn.
    #[serde(default)]
    pub guardrails: Guardrails,
}

/// One raw file (or folder of files of one format).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Path below `--data`.
    pub path: String,
    /// The format; by default what the file name says.
    #[serde(default)]
    pub format: Option<SourceFormat>,
}

/// The formats that are read. `.gz`, `.zst`, `.bz2` and `.xz` endings are decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceFormat {
    /// Comma-separated with a header line.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
}

/// How events become outcomes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogRules {
    /// The attribution rule.
    pub attribution: Attribution,
    /// The clock's step in hours: an event stamped `t` happened in [t, t + resolution). The log ends one step after its
    /// last stamp; 0 for exact clocks.
    #[serde(default)]
    pub resolution_hours: f64,
}

/// Which events count for which decision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribution {
    /// The rule.
    pub mode: AttributionMode,
    /// Length of the window [decided_at, decided_at + hours).
    pub hours: f64,
}

/// The attribution rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributionMode {
    /// Every event inside a decision's window counts for it; where windows overlap, for several.
    Window,
    /// An event counts for the latest decision that could have caused it, and for no other.
    LastTouch,
}

/// How the logging policy drew its actions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// Where propensities come from.
    pub propensity: PropensitySource,
    /// For a declared design: probability per action. Actions not named here share what is left evenly.
    #[serde(default)]
    pub probabilities: BTreeMap<String, f64>,
}

/// Rules that can only remove actions; each leaves a reason code. What a rule needs and can't read removes every offer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Guardrails {
    /// No offers at all.
    pub kill_switch: bool,
    /// Share of members, in [0, 1), who never get an offer (chosen by a hash of their id), to measure against.
    pub holdout: f64,
    /// A feature that must be 1 (or the category "yes"/"true") for an offer to be made.
    pub consent: Option<String>,
    /// Hours of the day without offers.
    pub quiet_hours: Option<QuietHours>,
    /// Caps on point-in-time counts.
    pub frequency_caps: Vec<FrequencyCap>,
}

/// Hours of the day (UTC) without offers: from `from` up to, not including, `to`; may wrap around midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// First quiet hour, 0 to 23.
    pub from: usize,
    /// First hour with offers again, 0 to 23.
    pub to: usize,
}

impl QuietHours {
    /// Whether `hour` is quiet.
    pub fn contains(&self, hour: usize) -> bool {
        if self.from <= self.to { (self.from..self.to).contains(&hour) } else { hour >= self.from || hour < self.to }
    }
}

/// No offer while the feature (a count of past offers, say) is at or above `most`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrequencyCap {
    /// A number feature.
    pub feature: String,
    /// From this value on, no offer.
    pub most: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_may_wrap_around_midnight() {
        let night = QuietHours { from: 22, to: 7 };
        assert!(night.contains(23) && night.contains(0) && night.contains(6));
        assert!(!night.contains(7) && !night.contains(21));
    }
}
