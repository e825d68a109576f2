//! The X-learner, each action against `none`.

use super::choose::{Sums, empty};
use super::shares::eligible;
use super::{Prior, Task};
use crate::linear::{LinearHeads, Shrinkage, solve};
use crate::moments::Moments;
use guerdon_core::{Error, Result};

/// Sums of effects as either side imputes them, per action.
#[derive(Debug, Clone)]
pub(crate) struct Crossed {
    none: usize,
    /// y − q̂_none(x) of those who got the action where `none` was eligible too.
    taken: Vec<Moments>,
    /// q̂_a(x) − y of those who got `none` where a was eligible too.
    untaken: Vec<Moments>,
    /// Σ e_a(x) per action.
    shares: Vec<f64>,
}

pub(crate) fn sums(task: &Task, fold: usize, rows: &[usize]) -> Result<Crossed> {
    let table = task.table;
    let (actions, heads) = (table.actions, table.heads);
    let none = task.none.ok_or_else(|| Error::Training {
        learner: "effects".into(),
        reason: "method x holds each action against `none`, which this catalogue lacks; take method r or dr".into(),
    })?;
    let empty = vec![Moments::new(table.inputs, heads); actions];
    let mut sums = Crossed { none, taken: empty.clone(), untaken: empty, shares: vec![0.0; actions] };
    let (mut shares, mut imputed) = (vec![0.0; actions], vec![0.0; heads]);
    task.each(fold, rows, |row, q_hat| {
        let (x, y, action) = (table.context(row), table.targets_of(row), usize::from(table.action[row]));
        task.shares.at(table, row, &mut shares);
        sums.shares.iter_mut().zip(&shares).for_each(|(sum, share)| *sum += share);
        let q = |head: usize, action: usize| q_hat[head * actions + action];
        if !table.eligible(row, none) {
            return;
        }
        if action != none {
            imputed.iter_mut().enumerate().for_each(|(head, d)| *d = f64::from(y[head]) - q(head, none));
            sums.taken[action].add(x, &imputed, 1.0);
            return;
        }
        for action in eligible(table, row).filter(|action| *action != none) {
            imputed.iter_mut().enumerate().for_each(|(head, d)| *d = q(head, action) - f64::from(y[head]));
            sums.untaken[action].add(x, &imputed, 1.0);
        }
    })?;
    Ok(sums)
}

impl Crossed {
    /// g_a = e_a / (e_a + e_none), from the mean shares: the weight of what the untreated say.
    fn weight(&self, action: usize) -> f64 {
        let both = self.shares[action] + self.shares[self.none];
        if both > 0.0 { self.shares[action] / both } else { 0.5 }
    }

    /// The actions but `none`.
    fn others<'a>(&'a self, sums: &'a [Moments]) -> Vec<Moments> {
        sums.iter().enumerate().filter(|(action, _)| *action != self.none).map(|(_, one)| one.clone()).collect()
    }
}

impl Sums for Crossed {
    fn merge(&mut self, other: &Self) {
        self.taken.iter_mut().zip(&other.taken).for_each(|(mine, theirs)| mine.merge(theirs));
        self.untaken.iter_mut().zip(&other.untaken).for_each(|(mine, theirs)| mine.merge(theirs));
        self.shares.iter_mut().zip(&other.shares).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// τ_a = g_a τ⁰_a + (1 − g_a) τ¹_a, both by ridge towards what the actions share.
    fn solve(&self, _: &Prior, lambda: f64) -> Result<LinearHeads> {
        let first = &self.taken[self.none];
        let (inputs, actions, heads) = (first.inputs(), self.taken.len(), first.targets());
        let mut effects = empty(inputs, actions, heads);
        let shrinkage = Shrinkage { lambda, prior_rows: 10.0 };
        let sides = [&self.taken, &self.untaken].map(|sums| solve(&self.others(sums), shrinkage, "effects"));
        let [taken, untaken] = sides;
        for (side, treated) in [(taken?, true), (untaken?, false)] {
            let (theirs, mine) = (side.bias.len(), effects.bias.len());
            for (place, action) in (0..actions).filter(|action| *action != self.none).enumerate() {
                let weight = if treated { 1.0 - self.weight(action) } else { self.weight(action) };
                for head in 0..heads {
                    let (from, to) = (head * (actions - 1) + place, head * actions + action);
                    effects.bias[to] += weight * side.bias[from];
                    for i in 0..inputs {
                        effects.weights[i * mine + to] += weight * side.weights[i * theirs + from];
                    }
                }
            }
        }
        Ok(effects)
    }

    /// The squared error of the effect on what those who got the action say of it.
    fn loss(&self, effects: &LinearHeads, head: usize) -> f64 {
        let outputs = effects.bias.len();
        let of_action = |(action, moments): (usize, &Moments)| {
            let output = head * self.taken.len() + action;
            let slope: Vec<f64> = effects.weights.iter().skip(output).step_by(outputs).copied().collect();
            moments.squared_error(head, &slope, effects.bias[output])
        };
        self.taken.iter().enumerate().filter(|(action, _)| *action != self.none).map(of_action).sum()
    }
}
