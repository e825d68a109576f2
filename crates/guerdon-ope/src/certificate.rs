//! The certificate: whether a log can carry an estimate of a target policy, and if not, why and what would help.

use serde::{Deserialize, Serialize};

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
}

impl Default for Gates {
    fn default() -> Self {
        Gates { least_ess: 100.0, largest_share: 0.10, unsupported_mass: 0.01, mean_weight_off: 0.10 }
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
}

impl Certificate {
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
                "{:.1} % of this policy's choices are actions that the log never took (limit {:.0} %); log some decisions \
                 with them",
                100.0 * self.unsupported_mass,
                100.0 * gates.unsupported_mass
            ));
        }
        if self.ess < gates.least_ess {
            let factor = if self.ess > 0.0 { (gates.least_ess / self.ess).ceil() } else { f64::INFINITY };
            let more = if factor.is_finite() {
                format!(
                    "about {factor:.0} times as many decisions, or a log that takes this policy's actions more often"
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
        }
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
