//! The level that effects are added to.

use crate::linear::{LinearHeads, Shrinkage, solve};
use crate::moments::Moments;
use crate::table::Table;
use guerdon_core::Result;
use rayon::prelude::*;

/// How hard the level's slopes are held back, relative to the rows. All rows speak of it, so little will do.
const LAMBDA: f64 = 0.003;

/// Fits y − τ_A(x) ≈ level(x) by ridge over all rows, and adds the level to every action's effect: head_a(x) = level(x) +
/// τ_a(x). Its intercept is free, so that mean predictions of the actions taken equal mean outcomes.
///
/// # Errors
/// Those of [`solve`].
pub(crate) fn add(table: &Table, mut effects: LinearHeads) -> Result<LinearHeads> {
    const BLOCK: usize = 16_384;
    let rows: Vec<usize> = (0..table.rows()).collect();
    let parts: Vec<Moments> = rows
        .par_chunks(BLOCK)
        .map(|rows| {
            let mut sums = Moments::new(table.inputs, table.heads);
            let mut left = vec![0.0; table.heads];
            for &row in rows {
                effects.predict_action(table.context(row), usize::from(table.action[row]), &mut left);
                left.iter_mut().zip(table.targets_of(row)).for_each(|(left, y)| *left = f64::from(*y) - *left);
                sums.add(table.context(row), &left, 1.0);
            }
            sums
        })
        .collect();
    let mut sums = Moments::new(table.inputs, table.heads);
    parts.iter().for_each(|part| sums.merge(part));
    let level = solve(&[sums], Shrinkage { lambda: LAMBDA, prior_rows: 0.0 }, "effects")?;
    let (actions, outputs) = (effects.actions, effects.bias.len());
    for head in 0..table.heads {
        for output in head * actions..(head + 1) * actions {
            effects.bias[output] += level.bias[head];
            for i in 0..table.inputs {
                effects.weights[i * outputs + output] += level.weights[i * table.heads + head];
            }
        }
    }
    Ok(effects)
}
