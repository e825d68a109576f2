//! The propensities by themselves: range, certainty, what the uniform policy could learn from them, and whether
//! repeating an offer was as likely as they say.

use super::words::{count, p_value, percent, two_sided};
use crate::LogBatch;
use crate::log::LogMeta;
use guerdon_core::{Finding, PropensitySource, Severity};

/// Sums over propensities.
#[derive(Debug)]
pub(super) struct Weights {
    actions: usize,
    smallest: f64,
    largest: f64,
    certain: u64,
    /// Σ w, Σ w² and the largest w of the uniform policy over the eligible actions.
    sum: f64,
    squares: f64,
    heaviest: f64,
    /// Pairs of decisions of one member that follow each other: how many, Σ 1{same action}/p and its variance.
    pairs: u64,
    repeated: f64,
    repeated_variance: f64,
    repeats: u64,
    before: Option<(String, usize)>,
}

impl Weights {
    pub(super) fn new(actions: usize) -> Self {
        Weights {
            actions,
            smallest: f64::INFINITY,
            largest: 0.0,
            certain: 0,
            sum: 0.0,
            squares: 0.0,
            heaviest: 0.0,
            pairs: 0,
            repeated: 0.0,
            repeated_variance: 0.0,
            repeats: 0,
            before: None,
        }
    }

    pub(super) fn see(&mut self, batch: &LogBatch, i: usize) {
        let p = batch.propensity(i);
        let eligible = batch.eligible(i).map_or(self.actions, <[u16]>::len).max(1);
        let weight = 1.0 / (eligible as f64 * p);
        self.smallest = self.smallest.min(p);
        self.largest = self.largest.max(p);
        self.certain += u64::from(p >= 1.0 && eligible > 1);
        self.sum += weight;
        self.squares += weight * weight;
        self.heaviest = self.heaviest.max(weight);
        self.pair(batch, i, p);
    }

    /// Given all that came before, E[1{a_t = a_{t−1}} / π(a_t)] = 1 wherever the earlier action could be taken again.
    fn pair(&mut self, batch: &LogBatch, i: usize, p: f64) {
        let (member, action) = (batch.member_id(i), batch.action(i));
        match &mut self.before {
            Some((of, previous)) if of == member => {
                let possible = batch.eligible(i).is_none_or(|some| some.contains(&(*previous as u16)));
                if possible {
                    self.pairs += 1;
                    if *previous == action {
                        self.repeats += 1;
                        self.repeated += 1.0 / p;
                        self.repeated_variance += (1.0 - p) / (p * p);
                    }
                }
                *previous = action;
            }
            Some((of, previous)) => {
                of.clear();
                of.push_str(member);
                *previous = action;
            }
            None => self.before = Some((member.to_owned(), action)),
        }
    }

    pub(super) fn findings(&self, meta: &LogMeta, rows: u64) -> Vec<Finding> {
        let mut findings = vec![source(meta.propensity_source), self.range(), self.ess(rows)];
        findings.extend(self.repeating());
        findings
    }

    fn range(&self) -> Finding {
        let sentence = format!("Propensities lie between {:.6} and {:.6}.", self.smallest, self.largest);
        let (severity, sentence) = if self.certain > 0 {
            let sentence = format!(
                "{sentence} {} decisions were certain though there was a choice: they say nothing of other actions.",
                count(self.certain)
            );
            (Severity::Warning, sentence)
        } else if self.smallest < 0.001 {
            let sentence = format!(
                "{sentence} The smallest gives a weight of {:.0}; policies that lean on such decisions will be refused.",
                1.0 / self.smallest
            );
            (Severity::Warning, sentence)
        } else {
            (Severity::Ok, sentence)
        };
        Finding::new("propensity_range", severity, sentence)
            .figure("min", self.smallest)
            .figure("max", self.largest)
            .figure("certain", self.certain as f64)
    }

    fn ess(&self, rows: u64) -> Finding {
        let ess = if self.squares > 0.0 { self.sum * self.sum / self.squares } else { 0.0 };
        let share = ess / rows.max(1) as f64;
        let sentence = format!(
            "For the uniform policy the {} decisions are worth {} ({}); the largest weight is {:.1}.",
            count(rows),
            count(ess.round() as u64),
            percent(share),
            self.heaviest
        );
        let (severity, sentence) = if ess < 100.0 {
            let advice = "Few policies other than the logging one can be valued: log with more exploration.";
            (Severity::Warning, format!("{sentence} {advice}"))
        } else if share < 0.1 {
            (Severity::Info, format!("{sentence} The log leans heavily on some actions."))
        } else {
            (Severity::Ok, sentence)
        };
        Finding::new("uniform_ess", severity, sentence).figure("ess", ess).figure("max_weight", self.heaviest)
    }

    fn repeating(&self) -> Option<Finding> {
        let expected = self.pairs as f64;
        if self.repeats < 30 && self.pairs < 1_000 {
            return None;
        }
        let z = (self.repeated - expected) / self.repeated_variance.max(1.0).sqrt();
        let p = two_sided(z);
        let sentence = format!(
            "A member's next action is the same as the one before {} as its propensity says ({:.3} times as often, {}).",
            if p < 1e-4 { "not as often" } else { "as often" },
            self.repeated / expected,
            p_value(p)
        );
        let finding = if p < 1e-4 && self.repeats >= 30 {
            let sentence = format!(
                "{sentence} Either actions were drawn per member and not per decision, or the propensities ignore what \
                 was offered before."
            );
            Finding::new("repeats", Severity::Warning, sentence)
        } else {
            Finding::new("repeats", Severity::Ok, sentence)
        };
        Some(finding.figure("ratio", self.repeated / expected).figure("z", z))
    }
}

fn source(source: PropensitySource) -> Finding {
    let (severity, sentence) = match source {
        PropensitySource::Logged => (Severity::Ok, "Propensities were logged with each decision."),
        PropensitySource::Declared => (
            Severity::Info,
            "Propensities come from the declared design: they are right as far as the actions were really drawn that way.",
        ),
        PropensitySource::Estimated => (
            Severity::Warning,
            "Propensities were estimated from this log: every value rests on actions having been drawn by these shares \
             alone, whatever the member. Log propensities with each decision.",
        ),
    };
    Finding::new("propensity_source", severity, sentence)
}
