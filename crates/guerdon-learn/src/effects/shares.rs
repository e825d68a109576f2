//! e_a(x): how likely each action was, not only the one that was taken.

use crate::linear::{LinearHeads, Shrinkage, solve};
use crate::moments::Moments;
use crate::table::Table;
use guerdon_core::{Error, Result};

/// The logging policy's share of each action.
#[derive(Debug, Clone)]
pub(crate) enum Shares {
    /// The same for everybody.
    Constant(Vec<f64>),
    /// ln e_a(x) linear in x, then made to add up to 1.
    Estimated(LinearHeads),
}

/// Propensities this close are the same.
const SAME: f64 = 1e-6;

impl Shares {
    /// A log tells the propensity of the action taken only. Where each action always had one propensity and these add up
    /// to 1, that is the whole design. Else e_a(x) is estimated: the rows with action a show e_a exactly at their own
    /// contexts, so ln p is regressed on x among them, weighted with 1/p so that they stand for all rows. No outcome
    /// enters, so it is not cross-fitted.
    ///
    /// # Errors
    /// Those of [`solve`].
    pub fn of<'n>(table: &Table, names: impl Iterator<Item = &'n str>) -> Result<Self> {
        let mut seen: Vec<Option<f64>> = vec![None; table.actions];
        let mut constant = true;
        for (action, p) in table.action.iter().zip(&table.propensity) {
            let first = seen[usize::from(*action)].get_or_insert(*p);
            constant &= (*first - p).abs() <= SAME;
        }
        let shares: Vec<f64> = seen.iter().map(|p| p.unwrap_or(0.0)).collect();
        let total: f64 = shares.iter().sum();
        if constant && (total - 1.0).abs() <= 1e-3 {
            return Ok(Shares::Constant(shares.iter().map(|share| share / total).collect()));
        }
        let names: Vec<&str> = names.collect();
        if let Some(action) = seen.iter().position(Option::is_none) {
            return Err(Error::Training {
                learner: "effects".into(),
                reason: format!(
                    "action {:?} was never taken, so nothing shows its effect; leave it out of the catalogue, or take the \
                     learner ridge",
                    names.get(action).unwrap_or(&"")
                ),
            });
        }
        let mut sums = vec![Moments::new(table.inputs, 1); table.actions];
        for row in 0..table.rows() {
            let p = table.propensity[row];
            sums[usize::from(table.action[row])].add(table.context(row), &[p.ln()], 1.0 / p);
        }
        Ok(Shares::Estimated(solve(&sums, Shrinkage { lambda: 0.01, prior_rows: 1.0 }, "effects")?))
    }

    /// Whether they had to be estimated.
    pub fn estimated(&self) -> bool {
        matches!(self, Shares::Estimated(_))
    }

    /// Writes every action's share at the context `x`; they add up to 1.
    pub fn at(&self, x: &[f32], out: &mut [f64]) {
        match self {
            Shares::Constant(shares) => out.copy_from_slice(shares),
            Shares::Estimated(model) => {
                model.predict(x, out);
                let most = out.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                out.iter_mut().for_each(|share| *share = (*share - most).exp());
                let total: f64 = out.iter().sum();
                out.iter_mut().for_each(|share| *share /= total);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(propensity: impl Fn(f32, usize) -> f64, rows: usize) -> Table {
        let x: Vec<f32> = (0..rows).map(|row| (row % 41) as f32 / 20.0 - 1.0).collect();
        let action: Vec<u16> = (0..rows).map(|row| (row % 2) as u16).collect();
        Table {
            inputs: 1,
            heads: 1,
            actions: 2,
            propensity: x.iter().zip(&action).map(|(x, action)| propensity(*x, usize::from(*action))).collect(),
            x,
            action,
            targets: vec![0.0; rows],
            part: vec![0; rows],
            revenue_stage: None,
        }
    }

    #[test]
    fn a_design_with_constant_shares_is_read_off_the_log() {
        let shares = Shares::of(&table(|_, action| [0.25, 0.75][action], 100), ["a", "b"].into_iter()).unwrap();
        assert!(!shares.estimated());
        let mut out = [0.0; 2];
        shares.at(&[0.3], &mut out);
        assert_eq!(out, [0.25, 0.75]);
    }

    #[test]
    fn a_softmax_of_linear_scores_is_found_again_from_the_taken_actions_propensities() {
        let truth = |x: f32, action: usize| {
            let odds = (1.5 * f64::from(x)).exp();
            [1.0, odds][action] / (1.0 + odds)
        };
        let shares = Shares::of(&table(truth, 4000), ["a", "b"].into_iter()).unwrap();
        assert!(shares.estimated());
        let mut out = [0.0; 2];
        for x in [-0.8f32, 0.0, 0.8] {
            shares.at(&[x], &mut out);
            assert!((out[1] - truth(x, 1)).abs() < 0.03, "{x}: {out:?} against {}", truth(x, 1));
        }
    }
}
