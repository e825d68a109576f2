//! The gate: no number of a policy leaves the report where the estimate behind it refused.
//!
//! Every section of the page asks here and nowhere else, so what a caller put into the report makes no difference.

use crate::{IntervalValue, PolicyReport, RoiRow, RunReport};
use guerdon_ope::Estimate;

/// What may be said of a policy.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Its value, by the report's estimator.
    Value(IntervalValue),
    /// No number; why.
    Refused(Vec<String>),
}

impl Verdict {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&IntervalValue> {
        match self {
            Verdict::Value(value) => Some(value),
            Verdict::Refused(_) => None,
        }
    }

    /// The reasons, if it was refused.
    pub fn reasons(&self) -> Option<&[String]> {
        match self {
            Verdict::Value(_) => None,
            Verdict::Refused(reasons) => Some(reasons),
        }
    }

    fn of(estimate: &Estimate) -> Verdict {
        match estimate.value {
            Some(value) if estimate.is_ok() && value.is_finite() => {
                Verdict::Value(IntervalValue { value, lower: estimate.lower, upper: estimate.upper })
            }
            _ if estimate.reasons.is_empty() => Verdict::Refused(vec!["the estimate was refused".into()]),
            _ => Verdict::Refused(estimate.reasons.clone()),
        }
    }
}

impl RunReport {
    /// What may be said of `policy`, by the report's estimator.
    pub fn verdict(&self, policy: &PolicyReport) -> Verdict {
        match policy.estimates.iter().find(|estimate| estimate.estimator == self.estimator) {
            Some(estimate) => Verdict::of(estimate),
            None => {
                Verdict::Refused(vec![format!("it was not valued by {}", self.estimator.to_string().to_uppercase())])
            }
        }
    }

    /// The paired difference V̂(first) − V̂(second), unless either was refused or it was not taken.
    pub fn difference(&self, first: &str, second: &str) -> Option<IntervalValue> {
        self.verdict(self.policy(first)?).value()?;
        self.verdict(self.policy(second)?).value()?;
        let found = self.differences.iter().find(|d| d.first == first && d.second == second)?;
        found.difference.value.is_finite().then(|| found.difference.into())
    }

    /// The reasons for which nothing of a simulated policy may be shown: the simulation refused it, the estimate from
    /// the log refused it, or there is no estimate from the log to hold it against. Empty to show it.
    pub fn roi_refusals(&self, row: &RoiRow) -> Vec<String> {
        let mut reasons = row.refused.clone().unwrap_or_default();
        if row.refused.is_some() && reasons.is_empty() {
            reasons.push("the simulation refused it".into());
        }
        let offline = row.offline_value.as_ref().map(Verdict::of);
        let listed = self.policy(&row.name).map(|policy| self.verdict(policy));
        if offline.is_none() && listed.is_none() {
            reasons.push("there is no estimate from the log to hold the simulation against".into());
        }
        for verdict in [offline, listed].into_iter().flatten() {
            for reason in verdict.reasons().unwrap_or_default() {
                if !reasons.contains(reason) {
                    reasons.push(reason.clone());
                }
            }
        }
        reasons
    }
}
