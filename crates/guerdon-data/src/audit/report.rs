//! What the audit gives: findings, and the figures per action and per feature behind them.

use guerdon_core::{FeatureType, Finding, Severity, Timestamp};
use serde::{Deserialize, Serialize};

/// The audit of one decision log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditReport {
    /// The log.
    pub log_id: String,
    /// The programme.
    pub environment: String,
    /// Rows of the log.
    pub decisions: u64,
    /// Members with a decision.
    pub members: u64,
    /// First decision.
    pub first_decided_at: Option<Timestamp>,
    /// Last decision.
    pub last_decided_at: Option<Timestamp>,
    /// What was checked, the grave first.
    pub findings: Vec<Finding>,
    /// Per action, in the order of the catalogue.
    pub actions: Vec<ActionAudit>,
    /// Per feature, in the order of the environment.
    pub features: Vec<FeatureAudit>,
}

impl AuditReport {
    /// Whether actions were found not to be drawn with the stated propensities: whether they depend on what is known of
    /// members, or come more or less often than stated, beyond chance and by more than a little.
    pub fn design_refuted(&self) -> bool {
        let codes = ["balance", "sample_ratio", "propensity_sum"];
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error && codes.contains(&finding.code.as_str()))
    }
}

/// One action in the log. Money is in major units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionAudit {
    /// The action.
    pub action: String,
    /// Decisions that took it.
    pub n: u64,
    /// Their share of all decisions.
    pub share: f64,
    /// Smallest logged propensity among them; absent without decisions.
    pub min_propensity: Option<f64>,
    /// Largest logged propensity among them.
    pub max_propensity: Option<f64>,
    /// Σ 1/propensity over the decisions in which it could have been taken: near 1 where propensities are right.
    pub weight_ratio: Option<f64>,
    /// Standard normal score of `weight_ratio` against 1.
    pub weight_z: Option<f64>,
    /// Mean revenue of its decisions.
    pub mean_revenue: Option<f64>,
    /// Mean cost of its decisions.
    pub mean_cost: Option<f64>,
}

/// One feature in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureAudit {
    /// The feature.
    pub feature: String,
    /// Number or category.
    pub r#type: FeatureType,
    /// Share of decisions in which it is missing.
    pub missing: f64,
    /// Mean of a number.
    pub mean: Option<f64>,
    /// Standard deviation of a number.
    pub sd: Option<f64>,
    /// Smallest number.
    pub min: Option<f64>,
    /// Largest number.
    pub max: Option<f64>,
    /// Levels of a category, counted up to a bound.
    pub levels: Option<u64>,
    /// Largest standardised difference between an action's weighted mean and the log's, over actions and levels.
    pub largest_difference: Option<f64>,
    /// The action of that difference.
    pub at_action: Option<String>,
    /// p-value of independence from the action, after Holm's correction over all features.
    pub balance_p: Option<f64>,
}

impl AuditReport {
    /// The gravest severity found.
    pub fn worst(&self) -> Severity {
        self.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Ok)
    }

    /// How many findings have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// The findings of one check.
    pub fn of<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a Finding> {
        self.findings.iter().filter(move |finding| finding.code == code)
    }

    /// The findings as rows of severity, check and sentence, for a table that people read.
    pub fn rows(&self) -> Vec<[String; 3]> {
        let row = |f: &Finding| [f.severity.name().to_owned(), f.code.clone(), f.sentence.clone()];
        self.findings.iter().map(row).collect()
    }

    /// Headers and rows of the table of actions.
    pub fn action_rows(&self) -> (Vec<&'static str>, Vec<Vec<String>>) {
        let headers = vec!["action", "decisions", "share", "propensity", "Σ 1/p ÷ n", "z", "mean revenue", "mean cost"];
        let number = |value: Option<f64>, decimals: usize| value.map_or("–".into(), |v| format!("{v:.decimals$}"));
        let rows = self.actions.iter().map(|a| {
            let range = match (a.min_propensity, a.max_propensity) {
                (Some(low), Some(high)) if high - low < 1e-9 => format!("{low:.4}"),
                (Some(low), Some(high)) => format!("{low:.4} to {high:.4}"),
                _ => "–".into(),
            };
            vec![
                a.action.clone(),
                a.n.to_string(),
                format!("{:.4}", a.share),
                range,
                number(a.weight_ratio, 3),
                number(a.weight_z, 2),
                number(a.mean_revenue, 4),
                number(a.mean_cost, 4),
            ]
        });
        (headers, rows.collect())
    }
}
