//! The R-learner with several actions: residual outcomes on residual treatments.

use super::choose::{Sums, empty};
use super::{BLOCK, Prior, Task};
use crate::linear::LinearHeads;
use crate::table::Table;
use guerdon_core::{Error, Result};
use nalgebra::{Cholesky, DMatrix};

/// Sums of the design Z = (1\[A = a\] − e_a(x)) ⊗ (1, x) and of what the base leaves of the heads.
#[derive(Debug, Clone)]
pub(crate) struct Residual {
    /// Zᵀ Z; row `a · (inputs + 1)` is action a's intercept, its slopes follow.
    gram: DMatrix<f64>,
    /// Zᵀ (y − m), `[.., heads]`.
    cross: DMatrix<f64>,
    /// Σ (y − m)² per head.
    squares: Vec<f64>,
    rows: f64,
    inputs: usize,
    actions: usize,
}

/// Most columns of Z: its square matrix is kept per fold, 72 MB of doubles at this size.
const MOST_COLUMNS: usize = 3000;

impl Residual {
    /// No rows yet; `rows` of them say how hard a penalty is.
    ///
    /// # Errors
    /// [`Error::Training`] for more than [`MOST_COLUMNS`].
    pub fn new(table: &Table, rows: f64, instead: &str) -> Result<Self> {
        let Table { inputs, actions, heads, .. } = *table;
        let columns = actions * (inputs + 1);
        if columns > MOST_COLUMNS {
            return Err(Error::Training {
                learner: "effects".into(),
                reason: format!(
                    "{actions} actions and {inputs} inputs make {columns} coefficients a head; up to {MOST_COLUMNS} would \
                     do: {instead}"
                ),
            });
        }
        Ok(Residual {
            gram: DMatrix::zeros(columns, columns),
            cross: DMatrix::zeros(columns, heads),
            squares: vec![0.0; heads],
            rows,
            inputs,
            actions,
        })
    }

    /// Adds observations: `design` `[columns, observations]`, `left` `[heads, observations]`.
    pub fn add(&mut self, design: &DMatrix<f64>, left: &DMatrix<f64>) {
        self.gram.gemm(1.0, design, &design.transpose(), 1.0);
        self.cross.gemm(1.0, design, &left.transpose(), 1.0);
        for (squares, left) in self.squares.iter_mut().zip(left.row_iter()) {
            *squares += left.norm_squared();
        }
    }
}

pub(crate) fn sums(task: &Task, fold: usize, rows: &[usize]) -> Result<Residual> {
    let table = task.table;
    let (actions, heads) = (table.actions, table.heads);
    let (own, columns) = (table.inputs + 1, actions * (table.inputs + 1));
    let mut sums = Residual::new(table, rows.len() as f64, "take method dr")?;
    let mut shares = vec![0.0; actions];
    for block in rows.chunks(BLOCK) {
        // Columns are rows of the log, so that one is written in one go.
        let mut design = DMatrix::zeros(columns, block.len());
        let mut left = DMatrix::zeros(heads, block.len());
        let mut place = 0;
        task.each(fold, block, |row, q_hat| {
            task.shares.at(table, row, &mut shares);
            let taken = usize::from(table.action[row]);
            for (action, share) in shares.iter().enumerate() {
                let residual = f64::from(u8::from(action == taken)) - share;
                design[(action * own, place)] = residual;
                for (i, x) in table.context(row).iter().enumerate() {
                    design[(action * own + 1 + i, place)] = residual * f64::from(*x);
                }
            }
            for (head, y) in table.targets_of(row).iter().enumerate() {
                let q_hat = &q_hat[head * actions..(head + 1) * actions];
                let mean: f64 = q_hat.iter().zip(&shares).map(|(q, share)| q * share).sum();
                left[(head, place)] = f64::from(*y) - mean;
            }
            place += 1;
        })?;
        sums.add(&design, &left);
    }
    Ok(sums)
}

impl Sums for Residual {
    fn merge(&mut self, other: &Self) {
        self.gram += &other.gram;
        self.cross += &other.cross;
        self.squares.iter_mut().zip(&other.squares).for_each(|(mine, theirs)| *mine += theirs);
        self.rows += other.rows;
    }

    /// (ZᵀZ + λ n/actions · K⁻¹ ⊗ I) b = Zᵀ(y − m); intercepts are held back by a thousandth of a share of the rows, just
    /// enough to settle what all actions could have in common, which nothing here can tell from the level.
    fn solve(&self, prior: &Prior, lambda: f64) -> Result<LinearHeads> {
        let own = self.inputs + 1;
        let share = self.rows / self.actions as f64;
        let mut lifted = self.gram.clone();
        for a in 0..self.actions {
            lifted[(a * own, a * own)] += 1e-3 * share;
            for b in 0..self.actions {
                for i in 1..own {
                    lifted[(a * own + i, b * own + i)] += lambda * share * prior.precision[(a, b)];
                }
            }
        }
        let factor = Cholesky::new(lifted).ok_or_else(|| Error::Training {
            learner: "effects".into(),
            reason:
                "the normal equations have no finite solution; look for enormous feature values in the log, or raise \
                     `penalties`"
                    .into(),
        })?;
        let solved = factor.solve(&self.cross);
        let heads = self.cross.ncols();
        let mut effects = empty(self.inputs, self.actions, heads);
        let outputs = effects.bias.len();
        for head in 0..heads {
            for action in 0..self.actions {
                let output = head * self.actions + action;
                effects.bias[output] = solved[(action * own, head)];
                for i in 0..self.inputs {
                    effects.weights[i * outputs + output] = solved[(action * own + 1 + i, head)];
                }
            }
        }
        Ok(effects)
    }

    fn loss(&self, effects: &LinearHeads, head: usize) -> f64 {
        let own = self.inputs + 1;
        let outputs = effects.bias.len();
        let b = nalgebra::DVector::from_fn(self.actions * own, |place, _| {
            let (output, i) = (head * self.actions + place / own, place % own);
            if i == 0 { effects.bias[output] } else { effects.weights[(i - 1) * outputs + output] }
        });
        self.squares[head] - 2.0 * b.dot(&self.cross.column(head)) + b.dot(&(&self.gram * &b))
    }
}
