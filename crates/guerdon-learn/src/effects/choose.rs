//! The penalty of each head, chosen across folds, and the effects with it.

use super::{EffectsConfig, Prior};
use crate::linear::LinearHeads;
use guerdon_core::Result;
use rayon::prelude::*;

/// Sums over rows that are enough to fit effects with any penalty, and to judge any effects.
pub(crate) trait Sums: Clone + Send + Sync {
    /// Adds another fold's.
    fn merge(&mut self, other: &Self);
    /// Effects of every head and action with the penalty `lambda`, relative to the mean number of rows per action.
    fn solve(&self, prior: &Prior, lambda: f64) -> Result<LinearHeads>;
    /// The method's loss of `effects` in one head, summed over these rows.
    fn loss(&self, effects: &LinearHeads, head: usize) -> f64;
}

/// Effects, each head with its own penalty.
pub(crate) struct Chosen {
    pub effects: LinearHeads,
    /// Per head.
    pub penalties: Vec<f64>,
    /// `[penalty][head]`, summed over the folds, each held out once.
    pub losses: Vec<Vec<f64>>,
}

/// For each head the penalty with the least loss on folds held out, then a fit to all folds. Of equal losses the largest
/// penalty is taken: without evidence an action's effect is a constant.
pub(crate) fn choose<S: Sums>(folds: &[S], prior: &Prior, config: &EffectsConfig, heads: usize) -> Result<Chosen> {
    let over = |left_out: Option<usize>| -> Option<S> {
        let mut kept = folds.iter().enumerate().filter(|(fold, _)| Some(*fold) != left_out).map(|(_, sums)| sums);
        let mut all = kept.next()?.clone();
        kept.for_each(|sums| all.merge(sums));
        Some(all)
    };
    let mut losses = vec![vec![0.0; heads]; config.penalties.len()];
    for (fold, held_out) in folds.iter().enumerate() {
        let Some(fitting) = over(Some(fold)) else { continue };
        let of_penalty = |lambda: &f64| -> Result<Vec<f64>> {
            let effects = fitting.solve(prior, *lambda)?;
            Ok((0..heads).map(|head| held_out.loss(&effects, head)).collect())
        };
        let found: Vec<Vec<f64>> = config.penalties.par_iter().map(of_penalty).collect::<Result<_>>()?;
        for (sums, found) in losses.iter_mut().zip(found) {
            sums.iter_mut().zip(found).for_each(|(sum, loss)| *sum += loss);
        }
    }
    let best = |head: usize| -> usize {
        let mut best = 0;
        for (place, losses_at) in losses.iter().enumerate() {
            let (here, there) = (losses_at[head], losses[best][head]);
            if here < there || (here == there && config.penalties[place] > config.penalties[best]) {
                best = place;
            }
        }
        best
    };
    let places: Vec<usize> = (0..heads).map(best).collect();
    let penalties: Vec<f64> = places.iter().map(|place| config.penalties[*place]).collect();
    let all = over(None).unwrap_or_else(|| folds[0].clone());
    let mut effects: Option<LinearHeads> = None;
    for (head, lambda) in penalties.iter().enumerate() {
        let solved = all.solve(prior, *lambda)?;
        match &mut effects {
            None => effects = Some(solved),
            Some(effects) => take(effects, &solved, head),
        }
    }
    Ok(Chosen { effects: effects.unwrap_or_else(|| empty(0, 0, 0)), penalties, losses })
}

/// Effects of nothing on nobody: all 0.
pub(crate) fn empty(inputs: usize, actions: usize, heads: usize) -> LinearHeads {
    let outputs = heads * actions;
    LinearHeads { inputs, actions, targets: heads, weights: vec![0.0; inputs * outputs], bias: vec![0.0; outputs] }
}

/// Replaces one head of `mine`.
fn take(mine: &mut LinearHeads, theirs: &LinearHeads, head: usize) {
    let outputs = mine.bias.len();
    let of_head = head * mine.actions..(head + 1) * mine.actions;
    mine.bias[of_head.clone()].copy_from_slice(&theirs.bias[of_head.clone()]);
    for (mine, theirs) in mine.weights.chunks_exact_mut(outputs).zip(theirs.weights.chunks_exact(outputs)) {
        mine[of_head.clone()].copy_from_slice(&theirs[of_head.clone()]);
    }
}
