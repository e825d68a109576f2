//! The certificate: whether a log can carry an estimate of a target policy, and if not, why and what would help.

use serde::{Deserialize, Serialize};

/// How far a number may be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As far as its interval says.
    Ok,
    /// With the caution that the reasons give: the interval may be too narrow.
    Weak,
    /// Not at all: no number is given.
    NotEvaluable,
}

/// What the caller knows of the log beyond its rows. Unknown facts are neither held against it nor for it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Whether propensities were estimated from this log instead of logged or designed.
    pub propensities_estimated: Option<bool>,
    /// Whether actions were found to depend on the context where the declared design says that they don't.
    pub design_refuted: Option<bool>,
    /// Whether q̂ was fitted to members other than those that it speaks of.
    pub cross_fitted: Option<bool>,
    /// Share of decisions left out because their attribution window was still open, in [0, 1].
    pub immature_share: Option<f64>,
    /// The actions' names, for sentences; numbers without them.
    pub actions: Vec<String>,
}

/// The limits beyond which no number is given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Gates {
    /// Least effective sample size, in decisions.
    pub least_ess: f64,
    /// Largest share of all weight that one decision may carry.
    pub largest_share: f64,
    /// Largest share of the target policy's choices on actions that the log never took.
    pub unsupported_mass: f64,
    /// Largest distance of the mean weight from 1, where it is also beyond four standard errors.
    pub mean_weight_off: f64,
    /// Effective sample size below which a number is weak.
    pub weak_ess: f64,
    /// Share of all weight on one decision above which a number is weak.
    pub weak_share: f64,
    /// Shape of the weights' tail (Pareto k̂) above which a number is weak.
    pub weak_tail: f64,
    /// How far the mean of 1/(eligible actions · propensity) may lie above 1, where it is also beyond four standard errors.
    /// Below 1 says nothing: some eligible actions may never be taken.
    pub calibration_off: f64,
    /// Share of immature decisions above which a number is weak.
    pub weak_immature: f64,
}

impl Default for Gates {
    fn default() -> Self {
        Gates {
            least_ess: 100.0,
            largest_share: 0.10,
            unsupported_mass: 0.01,
            mean_weight_off: 0.10,
            weak_ess: 300.0,
            weak_share: 0.05,
            weak_tail: 0.7,
            calibration_off: 0.05,
            weak_immature: 0.5,
        }
    }
}

/// The facts that the gates are held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// Decisions.
    pub n: u64,
    /// Members.
    pub clusters: u64,
    /// (Σw)² / Σw².
    pub ess: f64,
    /// Largest weight.
    pub max_weight: f64,
    /// Mean weight.
    pub mean_weight: f64,
    /// Standard error of the mean weight, clustered.
    pub mean_weight_se: f64,
    /// Share of the target's choices on actions never logged.
    pub unsupported_mass: f64,
    /// Indices of those actions, with any target mass.
    pub unsupported_actions: Vec<usize>,
    /// Indices of the actions that the target takes most often for each time that the log took them, worst first.
    pub scarce_actions: Vec<usize>,
    /// Shape of the weights' tail (Pareto k̂ as in PSIS); absent with too few different weights.
    pub tail_shape: Option<f64>,
    /// Mean of 1/(eligible actions · propensity): 1 where propensities are those that actions were drawn with and every
    /// eligible action has a chance.
    pub calibration: f64,
    /// Its standard error, clustered.
    pub calibration_se: f64,
    /// Smallest and largest propensity of a logged action.
    pub propensity_range: (f64, f64),
    /// What else is known of the log.
    pub facts: Facts,
}

impl Certificate {
    /// The verdict on estimators that don't need a model, by these gates.
    pub fn verdict(&self, gates: &Gates) -> Verdict {
        if !self.refusals(gates).is_empty() {
            Verdict::NotEvaluable
        } else if !self.cautions(gates, false).is_empty() {
            Verdict::Weak
        } else {
            Verdict::Ok
        }
    }

    fn names(&self, actions: &[usize]) -> String {
        if actions.is_empty() {
            return "what it chooses".into();
        }
        let name = |action: &usize| self.facts.actions.get(*action).cloned().unwrap_or_else(|| action.to_string());
        let mut names: Vec<String> = actions.iter().take(3).map(name).collect();
        if actions.len() > 3 {
            names.push(format!("{} more", actions.len() - 3));
        }
        names.join(", ")
    }

    /// What weakens a number that is given, each a sentence; `model` for estimators that use q̂.
    pub fn cautions(&self, gates: &Gates, model: bool) -> Vec<String> {
        let mut cautions = vec![];
        if self.facts.propensities_estimated == Some(true) {
            cautions.push(
                "propensities were estimated from the log, not logged or designed: the value holds only if actions were \
                 drawn independently of what is known of a member"
                    .into(),
            );
        }
        if self.facts.design_refuted == Some(true) {
            cautions.push(
                "actions depend on what is known of members, though the declared design says that they don't".into(),
            );
        }
        if model && self.facts.cross_fitted == Some(false) {
            cautions.push(
                "the outcome model has seen the members that it speaks of; fit it to others (cross-fitting)".into(),
            );
        }
        if self.ess < gates.weak_ess {
            cautions.push(format!(
                "the decisions are worth only {:.0} for this policy (effective sample size); intervals are reliable from \
                 about {:.0}",
                self.ess, gates.weak_ess
            ));
        }
        let share = self.max_weight / (self.mean_weight * self.n as f64);
        if share > gates.weak_share {
            cautions.push(format!("one decision carries {:.0} % of all weight", 100.0 * share));
        }
        if let Some(shape) = self.tail_shape.filter(|shape| *shape > gates.weak_tail) {
            cautions.push(format!(
                "a few large weights decide (Pareto k {shape:.2}, reliable to {}): the interval may be too narrow; log {} more \
                 often",
                gates.weak_tail,
                self.names(&self.scarce_actions)
            ));
        }
        let off = self.calibration - 1.0;
        if off > gates.calibration_off && off > 4.0 * self.calibration_se {
            cautions.push(format!(
                "propensities look miscalibrated: the mean of 1/(actions × propensity) is {:.3} ± {:.3} where it should be 1",
                self.calibration, self.calibration_se
            ));
        }
        if let Some(share) = self.facts.immature_share.filter(|share| *share > gates.weak_immature) {
            cautions.push(format!("{:.0} % of the decisions are left out because they are too recent", 100.0 * share));
        }
        cautions
    }

    /// The reasons to refuse, each a sentence with the figure, the limit, and what data would help; empty to accept.
    pub fn refusals(&self, gates: &Gates) -> Vec<String> {
        let mut reasons = vec![];
        if self.n == 0 {
            return vec!["no decisions to estimate from".into()];
        }
        if self.clusters < 2 {
            reasons.push("all decisions belong to one member, so there is no telling how values vary".into());
        }
        if self.unsupported_mass > gates.unsupported_mass {
            reasons.push(format!(
                "{:.1} % of this policy's choices are actions that the log never took (limit {:.0} %); log some {} \
                 decisions with each of them: {}",
                100.0 * self.unsupported_mass,
                100.0 * gates.unsupported_mass,
                gates.least_ess,
                self.names(&self.unsupported_actions)
            ));
        }
        if self.ess < gates.least_ess {
            let factor = if self.ess > 0.0 { (gates.least_ess / self.ess).ceil() } else { f64::INFINITY };
            let more = if factor.is_finite() {
                format!(
                    "about {:.0} decisions more, or a log that takes this policy's actions more often (most of all {})",
                    (factor - 1.0) * self.n as f64,
                    self.names(&self.scarce_actions)
                )
            } else {
                "a log that takes this policy's actions".to_owned()
            };
            reasons.push(format!(
                "the {} decisions are worth {:.1} for this policy (effective sample size; at least {:.0} are needed): it \
                 would take {more}",
                self.n, self.ess, gates.least_ess
            ));
        }
        let total = self.mean_weight * self.n as f64;
        if total > 0.0 && self.max_weight / total > gates.largest_share {
            reasons.push(format!(
                "one decision carries {:.0} % of all weight (limit {:.0} %; its weight is {:.1}), so the value would be \
                 that of one outcome",
                100.0 * self.max_weight / total,
                100.0 * gates.largest_share,
                self.max_weight
            ));
        }
        let off = (self.mean_weight - 1.0).abs();
        if off > gates.mean_weight_off && off > 4.0 * self.mean_weight_se {
            reasons.push(format!(
                "the mean weight is {:.3} ± {:.3} where it should be 1: the propensities are not those that the actions \
                 were drawn with, or the policy reaches where the log does not",
                self.mean_weight, self.mean_weight_se
            ));
        }
        reasons
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fine() -> Certificate {
        Certificate {
            n: 10_000,
            clusters: 10_000,
            ess: 4_000.0,
            max_weight: 20.0,
            mean_weight: 1.01,
            mean_weight_se: 0.02,
            unsupported_mass: 0.0,
            unsupported_actions: vec![],
            scarce_actions: vec![2, 0],
            tail_shape: Some(0.2),
            calibration: 1.01,
            calibration_se: 0.01,
            propensity_range: (0.05, 0.5),
            facts: Facts::default(),
        }
    }

    #[test]
    fn each_caution_stands_alone_and_makes_the_verdict_weak() {
        let facts = |facts: Facts| Certificate { facts, ..fine() };
        let weak = [
            Certificate { ess: 200.0, ..fine() },
            Certificate { max_weight: 700.0, ..fine() },
            Certificate { tail_shape: Some(0.9), ..fine() },
            Certificate { calibration: 1.3, ..fine() },
            facts(Facts { propensities_estimated: Some(true), ..Facts::default() }),
            facts(Facts { design_refuted: Some(true), ..Facts::default() }),
            facts(Facts { immature_share: Some(0.6), ..Facts::default() }),
        ];
        for certificate in weak {
            assert_eq!(certificate.cautions(&Gates::default(), true).len(), 1, "{certificate:?}");
            assert_eq!(certificate.verdict(&Gates::default()), Verdict::Weak);
        }
        let seen = facts(Facts { cross_fitted: Some(false), ..Facts::default() });
        assert_eq!(seen.cautions(&Gates::default(), true).len(), 1);
        assert_eq!(seen.verdict(&Gates::default()), Verdict::Ok);
    }

    #[test]
    fn sentences_name_the_actions_that_data_lack() {
        let mut short = Certificate { ess: 50.0, unsupported_mass: 0.2, unsupported_actions: vec![1], ..fine() };
        short.facts.actions = vec!["none".into(), "gift".into(), "bogo".into()];
        let reasons = short.refusals(&Gates::default()).join("; ");
        assert!(reasons.contains("with each of them: gift"), "{reasons}");
        assert!(
            reasons.contains("about 10000 decisions more") && reasons.contains("most of all bogo, none"),
            "{reasons}"
        );
    }

    #[test]
    fn a_well_covered_policy_is_let_through() {
        assert!(fine().refusals(&Gates::default()).is_empty());
    }

    #[test]
    fn each_gate_refuses_by_itself() {
        let broken = [
            Certificate { ess: 40.0, ..fine() },
            Certificate { max_weight: 2_000.0, ..fine() },
            Certificate { unsupported_mass: 0.2, ..fine() },
            Certificate { mean_weight: 1.5, ..fine() },
            Certificate { clusters: 1, ..fine() },
        ];
        for certificate in broken {
            assert_eq!(certificate.refusals(&Gates::default()).len(), 1, "{certificate:?}");
        }
    }

    #[test]
    fn a_mean_weight_off_by_chance_is_no_reason() {
        let certificate = Certificate { mean_weight: 1.3, mean_weight_se: 0.2, ..fine() };
        assert!(certificate.refusals(&Gates::default()).is_empty());
    }
}
