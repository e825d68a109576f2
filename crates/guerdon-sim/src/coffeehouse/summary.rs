//! The true values that `truth.json` states, averaged over the mature decisions.

use super::play::Life;
use guerdon_core::NONE;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// True net value per decision, in dollars, averaged over the mature decisions of the log, in the states in which the
/// logging policy met the members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Members in the world.
    pub members: u64,
    /// All decisions.
    pub decisions: u64,
    /// Decisions whose attribution window ends before the log does: those averaged over.
    pub mature: u64,
    /// The policy that wrote the log.
    pub logging: f64,
    /// Offering nothing.
    pub none: f64,
    /// All offers evenly.
    pub uniform: f64,
    /// The best offer for each decision, knowing everything but the draws.
    pub oracle: f64,
    /// The best of `constant`.
    pub best_constant: String,
    /// Each offer to everybody.
    pub constant: BTreeMap<String, f64>,
    /// Share of decisions for which each offer is the best.
    pub best_share: BTreeMap<String, f64>,
}

/// Sums that become a [`Truth`]; two can be merged, in a fixed order for the same bytes.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    members: u64,
    decisions: u64,
    mature: u64,
    logging: f64,
    oracle: f64,
    constant: Vec<f64>,
    best: Vec<u64>,
}

impl Sums {
    pub(super) fn add(&mut self, life: &Life) {
        self.members += 1;
        self.decisions += life.choices.len() as u64;
        for choice in life.choices.iter().filter(|choice| choice.mature) {
            self.constant.resize(choice.expected.len(), 0.0);
            self.best.resize(choice.expected.len(), 0);
            self.mature += 1;
            let mut best = 0;
            for (action, expected) in choice.expected.iter().enumerate() {
                self.constant[action] += expected.net;
                self.logging += choice.probabilities[action] * expected.net;
                if expected.net > choice.expected[best].net {
                    best = action;
                }
            }
            self.best[best] += 1;
            self.oracle += choice.expected[best].net;
        }
    }

    pub(super) fn merge(&mut self, other: &Sums) {
        self.members += other.members;
        self.decisions += other.decisions;
        self.mature += other.mature;
        self.logging += other.logging;
        self.oracle += other.oracle;
        self.constant.resize(self.constant.len().max(other.constant.len()), 0.0);
        self.best.resize(self.best.len().max(other.best.len()), 0);
        self.constant.iter_mut().zip(&other.constant).for_each(|(sum, more)| *sum += more);
        self.best.iter_mut().zip(&other.best).for_each(|(sum, more)| *sum += more);
    }

    /// The averages; zeros without a mature decision.
    pub(super) fn truth(&self, actions: &[&str]) -> Truth {
        let n = (self.mature as f64).max(1.0);
        let named = |values: Vec<f64>| actions.iter().map(|name| (*name).to_owned()).zip(values).collect();
        let constant: BTreeMap<String, f64> = named(self.constant.iter().map(|sum| sum / n).collect());
        let best = constant.iter().max_by(|a, b| a.1.total_cmp(b.1)).map(|(name, _)| name.clone());
        Truth {
            members: self.members,
            decisions: self.decisions,
            mature: self.mature,
            logging: self.logging / n,
            none: constant.get(NONE).copied().unwrap_or_default(),
            uniform: constant.values().sum::<f64>() / (constant.len() as f64).max(1.0),
            oracle: self.oracle / n,
            best_constant: best.unwrap_or_default(),
            constant,
            best_share: named(self.best.iter().map(|count| *count as f64 / n).collect()),
        }
    }
}
