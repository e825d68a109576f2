//! Each action against its propensity: counts, support, sample-ratio mismatch.
//!
//! Only the propensity of the logged action is known. Where it is the same number in every decision that took the action
//! (a declared or constant design), counts are held against shares by a chi-square. Where it varies, Σ 1/p over the
//! decisions that took the action estimates in how many it could have been taken (Horvitz & Thompson 1952), with
//! variance Σ (1 − p)/p².

use super::report::ActionAudit;
use super::words::{chi_square, count, p_value, percent, some, two_sided};
use crate::LogBatch;
use crate::log::LogMeta;
use guerdon_core::{Catalogue, Finding, PropensitySource, Severity};

/// Fewer decisions than this and an action is left out of tests that need large samples.
pub(super) const LEAST: u64 = 30;
/// The same where propensities vary: effective sample size, and the largest share that one weight may have.
const LEAST_ESS: f64 = 200.0;
const LARGEST_SHARE: f64 = 0.05;
/// Times that the least likely logged action would be expected in as many decisions as the log has.
const LEAST_SEEN: f64 = 20.0;
/// Below this p-value a mismatch is an error, below `DOUBT` a warning.
const SURE: f64 = 1e-4;
const DOUBT: f64 = 1e-3;

/// How the log's propensities behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Design {
    /// One number per action, nothing restricted.
    Constant,
    /// They vary with the decision.
    Varying,
    /// Some decisions had a restricted set of actions.
    Restricted,
}

/// Sums for one action.
#[derive(Debug, Clone)]
pub(super) struct OfAction {
    pub(super) n: u64,
    pub(super) low: f64,
    pub(super) high: f64,
    /// Σ 1/p.
    pub(super) weight: f64,
    /// Largest 1/p.
    heaviest: f64,
    /// Σ 1/p².
    squares: f64,
    /// Σ (1 − p)/p².
    variance: f64,
    revenue: i128,
    cost: i128,
    /// Restricted decisions that could have taken it.
    eligible: u64,
}

impl OfAction {
    /// Effective sample size of its weights.
    fn ess(&self) -> f64 {
        if self.squares > 0.0 { self.weight * self.weight / self.squares } else { 0.0 }
    }

    /// Whether sums over it are near normal. Weights that vary must be many and none heavy: a policy that all but rules
    /// out an action for some members leaves sums that fall short until one of them comes up.
    pub(super) fn testable(&self, design: Design) -> bool {
        match design {
            Design::Constant => self.n >= LEAST,
            Design::Varying | Design::Restricted => {
                self.ess() >= LEAST_ESS && self.heaviest <= LARGEST_SHARE * self.weight
            }
        }
    }
}

/// Sums for every action.
#[derive(Debug)]
pub(super) struct Actions {
    pub(super) names: Vec<String>,
    pub(super) each: Vec<OfAction>,
    unrestricted: u64,
    restricted: u64,
}

impl Actions {
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        let none = OfAction {
            n: 0,
            low: f64::INFINITY,
            high: 0.0,
            weight: 0.0,
            heaviest: 0.0,
            squares: 0.0,
            variance: 0.0,
            revenue: 0,
            cost: 0,
            eligible: 0,
        };
        let names: Vec<String> = catalogue.names().map(str::to_owned).collect();
        Actions { each: vec![none; names.len()], names, unrestricted: 0, restricted: 0 }
    }

    pub(super) fn see(&mut self, batch: &LogBatch, i: usize) {
        let p = batch.propensity(i);
        match batch.eligible(i) {
            Some(some) if some.len() < self.names.len() => {
                self.restricted += 1;
                some.iter().for_each(|action| self.each[usize::from(*action)].eligible += 1);
            }
            _ => self.unrestricted += 1,
        }
        let action = &mut self.each[batch.action(i)];
        action.n += 1;
        action.low = action.low.min(p);
        action.high = action.high.max(p);
        action.weight += 1.0 / p;
        action.heaviest = action.heaviest.max(1.0 / p);
        action.squares += 1.0 / (p * p);
        action.variance += (1.0 - p) / (p * p);
        action.revenue += i128::from(batch.revenue(i).0);
        action.cost += i128::from(batch.cost(i).0);
    }

    /// Decisions in which the action could have been taken.
    pub(super) fn possible(&self, action: usize) -> u64 {
        self.unrestricted + self.each[action].eligible
    }

    /// Whether some propensities are so small that contexts with smaller ones still may not have come up at all, which
    /// makes sums of inverse propensities fall short without anything being wrong with them.
    pub(super) fn bottomless(&self) -> bool {
        let rows = (self.unrestricted + self.restricted) as f64;
        self.each.iter().any(|a| a.n > 0 && a.low * rows < LEAST_SEEN)
    }

    /// How the propensities behave.
    pub(super) fn design(&self, source: PropensitySource) -> Design {
        let constant = |a: &OfAction| a.n == 0 || a.high - a.low <= 1e-9 * a.high;
        if self.restricted > 0 {
            Design::Restricted
        } else if source == PropensitySource::Declared || self.each.iter().all(constant) {
            Design::Constant
        } else {
            Design::Varying
        }
    }

    pub(super) fn findings(&self, meta: &LogMeta, rows: u64) -> Vec<Finding> {
        let mut findings = vec![self.support(rows)];
        let design = self.design(meta.propensity_source);
        match design {
            _ if meta.propensity_source == PropensitySource::Estimated => findings.push(Finding::new(
                "sample_ratio",
                Severity::Info,
                "Shares can't be held against propensities that were estimated from them.",
            )),
            Design::Constant => {
                findings.extend(self.sum());
                findings.push(self.ratio(rows));
            }
            Design::Varying | Design::Restricted => findings.push(self.weights(design)),
        }
        findings
    }

    fn support(&self, rows: u64) -> Finding {
        let names = |keep: &dyn Fn(&OfAction) -> bool| -> Vec<&str> {
            self.names.iter().zip(&self.each).filter(|(_, a)| keep(a)).map(|(name, _)| name.as_str()).collect()
        };
        let never = names(&|a| a.n == 0);
        let few = names(&|a| a.n > 0 && a.n < LEAST);
        let (at, least) = self.each.iter().enumerate().min_by_key(|(_, a)| a.n).map_or((0, 0), |(at, a)| (at, a.n));
        let mut sentence = format!(
            "{} actions; the rarest is {} with {} decisions ({}).",
            self.names.len(),
            self.names[at],
            count(least),
            percent(least as f64 / rows.max(1) as f64)
        );
        if !never.is_empty() {
            sentence.push_str(&format!(
                " Never taken: {}: no policy that uses them can be valued; log some, or leave them out of the catalogue.",
                some(&never, 8)
            ));
        }
        if !few.is_empty() {
            sentence
                .push_str(&format!(" Fewer than {LEAST} decisions: {}: too few to tell their value.", some(&few, 8)));
        }
        let severity = if never.is_empty() && few.is_empty() { Severity::Ok } else { Severity::Warning };
        Finding::new("support", severity, sentence)
            .figure("actions", self.names.len() as f64)
            .figure("never", never.len() as f64)
            .figure("few", few.len() as f64)
            .figure("least", least as f64)
    }

    /// Constant propensities make one whole.
    fn sum(&self) -> Option<Finding> {
        let sum: f64 = self.each.iter().filter(|a| a.n > 0).map(|a| a.low).sum();
        let complete = self.each.iter().all(|a| a.n > 0);
        let off = if complete { (sum - 1.0).abs() } else { (sum - 1.0).max(0.0) };
        let (severity, sentence) = if off > 0.01 {
            (Severity::Error, format!("The actions' propensities add up to {sum:.4} and not to 1; correct the design."))
        } else if off > 0.001 {
            (Severity::Warning, format!("The actions' propensities add up to {sum:.4}; give them with more digits."))
        } else {
            (Severity::Ok, format!("The actions' propensities add up to {sum:.4}."))
        };
        Some(Finding::new("propensity_sum", severity, sentence).figure("sum", sum))
    }

    /// Sample-ratio mismatch: counts against constant propensities.
    fn ratio(&self, rows: u64) -> Finding {
        let n = rows as f64;
        let seen: Vec<usize> = (0..self.each.len()).filter(|a| self.each[*a].n > 0).collect();
        let off = |a: &usize| self.each[*a].n as f64 - n * self.each[*a].low;
        let mut statistic: f64 = seen.iter().map(|a| off(a) * off(a) / (n * self.each[*a].low)).sum();
        let rest = 1.0 - seen.iter().map(|a| self.each[*a].low).sum::<f64>();
        let mut cells = seen.len();
        if rest > 0.001 {
            // What the design gives to actions that never came.
            statistic += n * rest;
            cells += 1;
        }
        let p = chi_square(statistic, cells.saturating_sub(1));
        let worst = seen.iter().max_by(|a, b| {
            let size = |a: &usize| off(a).abs() / (n * self.each[*a].low).sqrt();
            size(a).total_cmp(&size(b))
        });
        let figure = format!("chi-square {statistic:.1} on {} df, {}", cells.saturating_sub(1), p_value(p));
        let (severity, sentence) = match worst {
            Some(worst) if p < DOUBT => {
                let action = &self.each[*worst];
                let sentence = format!(
                    "Actions were not taken as often as their propensities say ({figure}): {} should be {} of decisions and \
                     is {}. Find out how actions were really drawn; until then no estimate from this log can be trusted.",
                    self.names[*worst],
                    percent(action.low),
                    percent(action.n as f64 / n)
                );
                (if p < SURE { Severity::Error } else { Severity::Warning }, sentence)
            }
            _ => (Severity::Ok, format!("Every action was taken as often as its propensity says ({figure}).")),
        };
        Finding::new("sample_ratio", severity, sentence)
            .figure("chi_square", statistic)
            .figure("df", cells.saturating_sub(1) as f64)
            .figure("p", p)
    }

    /// Σ 1/p ÷ n and its normal score.
    fn score(&self, action: usize) -> Option<(f64, f64)> {
        let (sums, possible) = (&self.each[action], self.possible(action) as f64);
        (sums.n > 0 && possible > 0.0)
            .then(|| (sums.weight / possible, (sums.weight - possible) / sums.variance.max(f64::MIN_POSITIVE).sqrt()))
    }

    /// The same for propensities that vary: Σ 1/p per action, with Bonferroni's correction over actions.
    fn weights(&self, design: Design) -> Finding {
        let testable: Vec<usize> = (0..self.each.len()).filter(|a| self.each[*a].testable(design)).collect();
        let left_out = self.names.len() - testable.len();
        let scores = testable.iter().filter_map(|a| self.score(*a).map(|(ratio, z)| (*a, ratio, z)));
        let Some((worst, ratio, z)) = scores.max_by(|a, b| a.2.abs().total_cmp(&b.2.abs())) else {
            let sentence = "No action was taken often and evenly enough to hold its share against its propensities.";
            return Finding::new("sample_ratio", Severity::Info, sentence);
        };
        let p = (two_sided(z) * testable.len() as f64).min(1.0);
        let skipped = if left_out > 0 { format!(" {left_out} actions are too rare to tell.") } else { String::new() };
        let figure =
            format!("{} at {ratio:.3} of its share, {} over {} actions", self.names[worst], p_value(p), testable.len());
        let (severity, sentence) = if p >= DOUBT {
            (Severity::Ok, format!("Inverse propensities add up as they should (furthest off: {figure}).{skipped}"))
        } else if z > 0.0 {
            (
                if p < SURE { Severity::Error } else { Severity::Warning },
                format!(
                    "An action was taken more often than its propensities say ({figure}): they are not those that the \
                     actions were drawn with. Log the exact propensity of each decision.{skipped}"
                ),
            )
        } else {
            (
                Severity::Warning,
                format!(
                    "An action was taken less often than its propensities say ({figure}): either they are too high, or it \
                     is so unlikely for some members that it never came up, and nothing is known of it there.{skipped}"
                ),
            )
        };
        Finding::new("sample_ratio", severity, sentence).figure("ratio", ratio).figure("z", z).figure("p", p)
    }

    pub(super) fn table(&self, meta: &LogMeta, rows: u64) -> Vec<ActionAudit> {
        let unit = 10f64.powi(meta.environment.economics.minor_units as i32);
        let mean = |sum: i128, n: u64| (n > 0).then(|| sum as f64 / unit / n as f64);
        let row = |(action, sums): (usize, &OfAction)| ActionAudit {
            action: self.names[action].clone(),
            n: sums.n,
            share: sums.n as f64 / rows.max(1) as f64,
            min_propensity: (sums.n > 0).then_some(sums.low),
            max_propensity: (sums.n > 0).then_some(sums.high),
            weight_ratio: self.score(action).map(|(ratio, _)| ratio),
            weight_z: self.score(action).map(|(_, z)| z).filter(|z| z.is_finite()),
            mean_revenue: mean(sums.revenue, sums.n),
            mean_cost: mean(sums.cost, sums.n),
        };
        self.each.iter().enumerate().map(row).collect()
    }
}
