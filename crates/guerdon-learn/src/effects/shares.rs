//! e_a(x): how likely each action was, not only the one that was taken; 0 for those that were not eligible.

use crate::linear::{LinearHeads, Shrinkage, solve};
use crate::moments::Moments;
use crate::table::Table;
use guerdon_core::{Error, Result};

/// The logging policy's share of each action.
#[derive(Debug, Clone)]
pub(crate) enum Shares {
    /// The same for everybody.
    Constant(Vec<f64>),
    /// ln e_a(x) linear in x, then made to add up to 1 over the eligible actions.
    Estimated(LinearHeads),
}

/// Rounds of the regression where actions were not always eligible.
const ROUNDS: usize = 5;

/// Propensities this close are the same.
const SAME: f64 = 1e-6;

impl Shares {
    /// A log tells the propensity of the action taken only. Where each action always had one propensity and these add up
    /// to 1, that is the whole design. Else e_a(x) is estimated: the rows with action a show e_a exactly at their own
    /// contexts, so ln p is regressed on x among them, weighted with 1/p so that they stand for all rows. No outcome
    /// enters, so it is not cross-fitted.
    ///
    /// Where actions were not always eligible, e_a(x) = exp(s_a(x)) / Σ over the eligible of exp(s_b(x)), and ln p + ln Σ is
    /// regressed instead, the sum being that of the round before (at first each s is 0).
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
        if constant && !table.masked() && (total - 1.0).abs() <= 1e-3 {
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
        let mut scores = regress(table, |row| table.propensity[row].ln())?;
        if table.masked() {
            let mut sums: Vec<f64> = (0..table.rows()).map(|row| (eligible(table, row).count() as f64).ln()).collect();
            for _ in 0..ROUNDS {
                scores = regress(table, |row| table.propensity[row].ln() + sums[row])?;
                let mut out = vec![0.0; table.actions];
                for (row, sum) in sums.iter_mut().enumerate() {
                    scores.predict(table.context(row), &mut out);
                    let most = eligible(table, row).map(|action| out[action]).fold(f64::NEG_INFINITY, f64::max);
                    *sum = most + eligible(table, row).map(|action| (out[action] - most).exp()).sum::<f64>().ln();
                }
            }
        }
        Ok(Shares::Estimated(scores))
    }

    /// Whether they had to be estimated.
    pub fn estimated(&self) -> bool {
        matches!(self, Shares::Estimated(_))
    }

    /// Writes every action's share in `row` of `table`; they add up to 1, and are 0 where an action was not eligible.
    pub fn at(&self, table: &Table, row: usize, out: &mut [f64]) {
        match self {
            Shares::Constant(shares) => out.copy_from_slice(shares),
            Shares::Estimated(model) => {
                model.predict(table.context(row), out);
                let barred = (0..table.actions).filter(|action| !table.eligible(row, *action));
                barred.for_each(|action| out[action] = f64::NEG_INFINITY);
                let most = out.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                out.iter_mut().for_each(|share| *share = (*share - most).exp());
                let total: f64 = out.iter().sum();
                out.iter_mut().for_each(|share| *share /= total);
            }
        }
    }
}

/// The actions that were eligible in `row`.
pub(crate) fn eligible(table: &Table, row: usize) -> impl Iterator<Item = usize> {
    (0..table.actions).filter(move |action| table.eligible(row, *action))
}

/// `of` each row on its context among the rows of each action, weighted with 1/p.
fn regress(table: &Table, of: impl Fn(usize) -> f64) -> Result<LinearHeads> {
    let mut sums = vec![Moments::new(table.inputs, 1); table.actions];
    for row in 0..table.rows() {
        let weight = 1.0 / table.propensity[row];
        sums[usize::from(table.action[row])].add(table.context(row), &[of(row)], weight);
    }
    solve(&sums, Shrinkage { lambda: 0.01, prior_rows: 1.0 }, "effects")
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
            eligible: vec![],
            revenue_stage: None,
        }
    }

    #[test]
    fn a_design_with_constant_shares_is_read_off_the_log() {
        let log = table(|_, action| [0.25, 0.75][action], 100);
        let shares = Shares::of(&log, ["a", "b"].into_iter()).unwrap();
        assert!(!shares.estimated());
        let mut out = [0.0; 2];
        shares.at(&log, 7, &mut out);
        assert_eq!(out, [0.25, 0.75]);
    }

    #[test]
    fn a_softmax_of_linear_scores_is_found_again_from_the_taken_actions_propensities() {
        let truth = |x: f32, action: usize| {
            let odds = (1.5 * f64::from(x)).exp();
            [1.0, odds][action] / (1.0 + odds)
        };
        let log = table(truth, 4000);
        let shares = Shares::of(&log, ["a", "b"].into_iter()).unwrap();
        assert!(shares.estimated());
        let mut out = [0.0; 2];
        for row in [4, 20, 36] {
            let x = log.x[row];
            shares.at(&log, row, &mut out);
            assert!((out[1] - truth(x, 1)).abs() < 0.03, "{x}: {out:?} against {}", truth(x, 1));
        }
    }

    #[test]
    fn what_was_not_eligible_has_no_share_and_a_softmax_over_the_others_is_found_again() {
        // Of three actions the third is eligible in every other run of rows, and the log's softmax is over what is left.
        let scores = |x: f32| [0.0, 0.8 * f64::from(x), 0.5 - 0.6 * f64::from(x)];
        let rows = 6000;
        let mut log = table(|_, _| 1.0, rows);
        log.actions = 3;
        log.eligible = (0..rows).flat_map(|row| [true, true, (row / 41).is_multiple_of(2)]).collect();
        let truth = |row: usize, x: f32| -> Vec<f64> {
            let open = if (row / 41).is_multiple_of(2) { 3 } else { 2 };
            let all: Vec<f64> = scores(x)[..open].iter().map(|score| score.exp()).collect();
            all.iter().map(|share| share / all.iter().sum::<f64>()).collect()
        };
        for row in 0..rows {
            let truth = truth(row, log.x[row]);
            let action = row % truth.len();
            (log.action[row], log.propensity[row]) = (action as u16, truth[action]);
        }
        let shares = Shares::of(&log, ["a", "b", "c"].into_iter()).unwrap();
        let mut out = [0.0; 3];
        for row in [0, 20, 40, 41, 61, 81] {
            shares.at(&log, row, &mut out);
            let truth = truth(row, log.x[row]);
            assert!((out.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(truth.len() == 3 || out[2] == 0.0, "{out:?}");
            truth.iter().zip(out).for_each(|(truth, found)| assert!((truth - found).abs() < 0.03, "{truth} {found}"));
        }
    }
}
