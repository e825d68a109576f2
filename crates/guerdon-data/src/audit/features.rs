//! Each feature by itself: what is missing, constant or out of proportion.

use super::balance::Imbalance;
use super::report::FeatureAudit;
use super::words::{percent, some};
use guerdon_core::{FeatureSpec, FeatureType, Finding, Severity, Value};
use std::collections::BTreeMap;

/// Levels of a category that are counted one by one.
const MOST_LEVELS: usize = 1_000;

/// Moments of a number, updated one by one (Welford 1962).
#[derive(Debug, Clone)]
pub(super) struct Moments {
    pub(super) n: u64,
    pub(super) mean: f64,
    squares: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Moments {
    fn see(&mut self, value: f64) {
        self.n += 1;
        let off = value - self.mean;
        self.mean += off / self.n as f64;
        self.squares += off * (value - self.mean);
        self.low = self.low.min(value);
        self.high = self.high.max(value);
    }

    /// Standard deviation; 0 without values.
    pub(super) fn sd(&self) -> f64 {
        if self.n == 0 { 0.0 } else { (self.squares / self.n as f64).max(0.0).sqrt() }
    }
}

/// What was seen of a feature's values.
#[derive(Debug, Clone)]
pub(super) enum Seen {
    Number(Moments),
    /// Counts by level, and how many rows had a level beyond the bound.
    Category(BTreeMap<String, u64>, u64),
}

/// One feature.
#[derive(Debug)]
pub(super) struct OfFeature {
    pub(super) name: String,
    pub(super) missing: u64,
    pub(super) seen: Seen,
}

impl OfFeature {
    /// Whether it has a single value (missing counts as one).
    fn constant(&self, rows: u64) -> bool {
        self.missing == rows
            || self.missing == 0
                && match &self.seen {
                    Seen::Number(moments) => moments.low == moments.high,
                    Seen::Category(levels, beyond) => levels.len() == 1 && *beyond == 0,
                }
    }
}

/// Every feature, in the environment's order.
#[derive(Debug)]
pub(super) struct Features {
    pub(super) rows: u64,
    pub(super) each: Vec<OfFeature>,
}

impl Features {
    pub(super) fn new(specs: &[FeatureSpec]) -> Self {
        let none = Moments { n: 0, mean: 0.0, squares: 0.0, low: f64::INFINITY, high: f64::NEG_INFINITY };
        let of = |spec: &FeatureSpec| OfFeature {
            name: spec.name.clone(),
            missing: 0,
            seen: match spec.source.feature_type() {
                FeatureType::Number => Seen::Number(none.clone()),
                FeatureType::Category => Seen::Category(BTreeMap::new(), 0),
            },
        };
        Features { rows: 0, each: specs.iter().map(of).collect() }
    }

    pub(super) fn see(&mut self, context: &[Value<'_>]) {
        self.rows += 1;
        for (feature, value) in self.each.iter_mut().zip(context) {
            match (&mut feature.seen, value) {
                (Seen::Number(moments), Value::Number(value)) => moments.see(*value),
                (Seen::Category(levels, beyond), Value::Category(level)) => {
                    if let Some(n) = levels.get_mut(*level) {
                        *n += 1;
                    } else if levels.len() < MOST_LEVELS {
                        levels.insert((*level).to_owned(), 1);
                    } else {
                        *beyond += 1;
                    }
                }
                _ => feature.missing += 1,
            }
        }
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
        if self.each.is_empty() {
            return vec![Finding::new(
                "features",
                Severity::Warning,
                "The log has no features: no policy can tell members apart.",
            )];
        }
        let mut findings = vec![self.missing()];
        let constant: Vec<&str> =
            self.each.iter().filter(|feature| feature.constant(self.rows)).map(|f| f.name.as_str()).collect();
        if !constant.is_empty() {
            let sentence = format!("The same in every decision, so without use: {}.", some(&constant, 12));
            findings.push(
                Finding::new("constant_features", Severity::Warning, sentence)
                    .figure("features", constant.len() as f64),
            );
        }
        findings.extend(self.identifiers());
        findings
    }

    fn missing(&self) -> Finding {
        let mut shares: Vec<(f64, &str)> =
            self.each.iter().map(|f| (f.missing as f64 / self.rows.max(1) as f64, f.name.as_str())).collect();
        shares.sort_by(|a, b| b.0.total_cmp(&a.0));
        let with: Vec<String> = shares
            .iter()
            .filter(|(share, _)| *share > 0.0)
            .map(|(share, name)| format!("{name} {}", percent(*share)))
            .collect();
        if with.is_empty() {
            let sentence = format!("None of the {} features is ever missing.", self.each.len());
            return Finding::new("missing", Severity::Ok, sentence);
        }
        let sentence = format!("Missing in some decisions: {} (of {} features).", some(&with, 6), self.each.len());
        Finding::new("missing", Severity::Info, sentence)
            .figure("features", with.len() as f64)
            .figure("largest", shares[0].0)
    }

    /// Categories with about a level per decision identify members instead of describing them.
    fn identifiers(&self) -> Option<Finding> {
        let many = |feature: &&OfFeature| match &feature.seen {
            Seen::Category(levels, beyond) => *beyond > 0 || levels.len() as u64 * 20 > self.rows.max(200),
            Seen::Number(_) => false,
        };
        let names: Vec<&str> = self.each.iter().filter(many).map(|f| f.name.as_str()).collect();
        (!names.is_empty()).then(|| {
            let sentence = format!(
                "So many levels that they name members more than they describe them: {}; group the levels in views.sql.",
                some(&names, 8)
            );
            Finding::new("many_levels", Severity::Warning, sentence)
        })
    }

    pub(super) fn table(&self, imbalances: &[Imbalance]) -> Vec<FeatureAudit> {
        let row = |(place, feature): (usize, &OfFeature)| {
            let moments = match &feature.seen {
                Seen::Number(moments) if moments.n > 0 => Some(moments),
                _ => None,
            };
            let imbalance = imbalances.get(place);
            FeatureAudit {
                feature: feature.name.clone(),
                r#type: match &feature.seen {
                    Seen::Number(_) => FeatureType::Number,
                    Seen::Category(..) => FeatureType::Category,
                },
                missing: feature.missing as f64 / self.rows.max(1) as f64,
                mean: moments.map(|m| m.mean),
                sd: moments.map(Moments::sd),
                min: moments.map(|m| m.low),
                max: moments.map(|m| m.high),
                levels: match &feature.seen {
                    Seen::Category(levels, _) => Some(levels.len() as u64),
                    Seen::Number(_) => None,
                },
                largest_difference: imbalance.and_then(|i| i.largest.as_ref()).map(|l| l.difference),
                at_action: imbalance.and_then(|i| i.largest.as_ref()).map(|l| l.action.clone()),
                balance_p: imbalance.and_then(|i| i.adjusted_p),
            }
        };
        self.each.iter().enumerate().map(row).collect()
    }
}
