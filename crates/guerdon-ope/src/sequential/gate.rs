//! The gates in the words of episodes: whether the weights can carry an estimate, and if not, why and what would help.

use super::LARGEST_WEIGHT;
use crate::Gates;

/// What the gates look at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Weights {
    /// Effective sample size, in episodes.
    pub ess: f64,
    /// Largest weight.
    pub largest: f64,
    /// Mean weight.
    pub mean: f64,
    /// Share of the largest weight in the sum of all.
    pub largest_share: f64,
    /// Standard error of the mean weight, clustered by member; absent where the mean need not be 1.
    pub mean_se: Option<f64>,
}

impl Weights {
    /// These, or weights that every gate refuses if a number is not finite.
    pub fn or_refused(self) -> Self {
        let finite = [self.ess, self.largest, self.mean, self.largest_share].iter().all(|x| x.is_finite());
        if finite { self } else { Weights::REFUSED }
    }

    /// Of weights that can't be computed with.
    pub const REFUSED: Weights =
        Weights { ess: 0.0, largest: LARGEST_WEIGHT, mean: 0.0, largest_share: 1.0, mean_se: None };
}

/// The reasons to refuse, each a sentence with the figure, the limit, and what data would help; empty to accept.
pub(super) fn refusals(weights: &Weights, episodes: u64, members: u64, gates: &Gates) -> Vec<String> {
    if episodes == 0 {
        return vec!["no episodes to estimate from".into()];
    }
    let mut reasons = vec![];
    if members < 2 {
        reasons.push("all episodes belong to one member, so there is no telling how values vary".into());
    }
    if weights.ess < gates.least_ess {
        let help = if weights.ess > 0.0 {
            let factor = (gates.least_ess / weights.ess).ceil();
            format!("about {factor:.0} times as many episodes, shorter ones, or a log that takes this policy's actions")
        } else {
            "a log that takes this policy's actions".to_owned()
        };
        reasons.push(format!(
            "the {episodes} episodes are worth {:.1} for this policy (effective sample size; at least {:.0} are needed): it \
             would take {help}",
            weights.ess, gates.least_ess
        ));
    }
    if weights.largest_share > gates.largest_share {
        reasons.push(format!(
            "one weight carries {:.0} % of all (limit {:.0} %; it is {:.1}), so the value would be that of one outcome",
            100.0 * weights.largest_share,
            100.0 * gates.largest_share,
            weights.largest
        ));
    }
    if let Some(se) = weights.mean_se {
        let off = (weights.mean - 1.0).abs();
        if off > gates.mean_weight_off && off > 4.0 * se {
            reasons.push(format!(
                "the mean weight is {:.3} ± {se:.3} where it should be 1: the propensities are not those that the actions \
                 were drawn with, or the policy reaches where the log does not",
                weights.mean
            ));
        }
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: Weights = Weights { ess: 400.0, largest: 9.0, mean: 1.01, largest_share: 0.01, mean_se: Some(0.02) };

    #[test]
    fn each_gate_refuses_by_itself() {
        let gates = Gates::default();
        assert!(refusals(&FINE, 1000, 1000, &gates).is_empty());
        for broken in [
            Weights { ess: 99.0, ..FINE },
            Weights { ess: 0.0, ..FINE },
            Weights { largest_share: 0.11, ..FINE },
            Weights { mean: 0.8, ..FINE },
        ] {
            assert_eq!(refusals(&broken, 1000, 1000, &gates).len(), 1, "{broken:?}");
        }
        assert_eq!(refusals(&FINE, 1000, 1, &gates).len(), 1);
        assert_eq!(refusals(&FINE, 0, 0, &gates).len(), 1);
        let broken = Weights { ess: f64::NAN, ..FINE }.or_refused();
        assert_eq!(refusals(&broken, 1000, 1000, &gates).len(), 2);
        assert_eq!(FINE.or_refused(), FINE);
        assert!(refusals(&Weights { mean: 0.8, mean_se: None, ..FINE }, 1000, 1000, &gates).is_empty());
        assert!(refusals(&Weights { mean: 0.8, mean_se: Some(0.1), ..FINE }, 1000, 1000, &gates).is_empty());
    }
}
