//! The DR-learner: regression of doubly robust pseudo-outcomes.

use super::choose::{Sums, empty};
use super::residual::Residual;
use super::shares::eligible;
use super::{BLOCK, Prior, Task};
use crate::linear::LinearHeads;
use crate::moments::Moments;
use guerdon_core::Result;
use nalgebra::{DMatrix, DVector, SymmetricEigen};

/// Sums of contexts and of pseudo-outcomes, each held against the mean over actions: `[heads * actions]` targets.
#[derive(Debug, Clone)]
pub(crate) struct Doubly {
    moments: Moments,
    actions: usize,
}

/// Where actions were not always eligible: Γ_a − mean over the eligible Γ ≈ τ_a(x) − mean over the eligible τ(x), for every
/// eligible a, as sums of that design. What was not eligible is no target and part of no mean.
pub(crate) fn masked_sums(task: &Task, fold: usize, rows: &[usize]) -> Result<Residual> {
    let table = task.table;
    let (actions, heads, own) = (table.actions, table.heads, table.inputs + 1);
    // Every action has all rows' pseudo-outcomes, as without masks.
    let mut sums = Residual::new(table, (rows.len() * actions) as f64, "take method x, or fewer features")?;
    for block in rows.chunks((BLOCK / actions).max(1)) {
        let observations: usize = block.iter().map(|row| eligible(table, *row).count()).sum();
        let mut design = DMatrix::zeros(actions * own, observations);
        let mut left = DMatrix::zeros(heads, observations);
        let mut place = 0;
        task.each(fold, block, |row, q_hat| {
            let taken = usize::from(table.action[row]);
            let open: Vec<usize> = eligible(table, row).collect();
            let share = 1.0 / open.len() as f64;
            let gamma = |head: usize, action: usize| {
                let q_hat = q_hat[head * actions + action];
                if action != taken {
                    return q_hat;
                }
                q_hat + (f64::from(table.targets_of(row)[head]) - q_hat) / table.propensity[row]
            };
            let means: Vec<f64> =
                (0..heads).map(|head| open.iter().map(|action| gamma(head, *action)).sum::<f64>() * share).collect();
            for &action in &open {
                for &other in &open {
                    let weight = f64::from(u8::from(action == other)) - share;
                    design[(other * own, place)] = weight;
                    for (i, x) in table.context(row).iter().enumerate() {
                        design[(other * own + 1 + i, place)] = weight * f64::from(*x);
                    }
                }
                means.iter().enumerate().for_each(|(head, mean)| left[(head, place)] = gamma(head, action) - mean);
                place += 1;
            }
        })?;
        sums.add(&design, &left);
    }
    Ok(sums)
}

pub(crate) fn sums(task: &Task, fold: usize, rows: &[usize]) -> Result<Doubly> {
    let table = task.table;
    let actions = table.actions;
    let mut moments = Moments::new(table.inputs, table.heads * actions);
    let mut pseudo = vec![0.0; table.heads * actions];
    task.each(fold, rows, |row, q_hat| {
        pseudo.copy_from_slice(q_hat);
        let action = usize::from(table.action[row]);
        for (gamma, y) in pseudo.chunks_exact_mut(actions).zip(table.targets_of(row)) {
            gamma[action] += (f64::from(*y) - gamma[action]) / table.propensity[row];
            let mean = gamma.iter().sum::<f64>() / actions as f64;
            gamma.iter_mut().for_each(|gamma| *gamma -= mean);
        }
        moments.add(table.context(row), &pseudo, 1.0);
    })?;
    Ok(Doubly { moments, actions })
}

impl Sums for Doubly {
    fn merge(&mut self, other: &Self) {
        self.moments.merge(&other.moments);
    }

    /// min Σ_i ‖Γ_i − α − B x_i‖² + λ n tr(B K⁻¹ Bᵀ): as all actions share the contexts' sums S, the eigenvectors of S and
    /// of K make it a division.
    fn solve(&self, prior: &Prior, lambda: f64) -> Result<LinearHeads> {
        let (inputs, outputs) = (self.moments.inputs(), self.moments.targets());
        let heads = outputs / self.actions;
        let (spread, cross) = self.moments.centred();
        let SymmetricEigen { eigenvectors, eigenvalues } = spread.symmetric_eigen();
        let mut effects = empty(inputs, self.actions, heads);
        let penalty = lambda * self.moments.weight();
        for head in 0..heads {
            let cross = cross.columns(head * self.actions, self.actions);
            let mut turned = eigenvectors.transpose() * cross * &prior.vectors;
            for (i, s) in eigenvalues.iter().enumerate() {
                for (k, value) in prior.values.iter().enumerate() {
                    turned[(i, k)] /= s.max(0.0) + penalty / value + 1e-9;
                }
            }
            let slopes: DMatrix<f64> = &eigenvectors * turned * prior.vectors.transpose();
            for action in 0..self.actions {
                let output = head * self.actions + action;
                let slope: DVector<f64> = slopes.column(action).into_owned();
                let at_mean: f64 = slope.iter().enumerate().map(|(i, b)| b * self.moments.mean_x(i)).sum();
                effects.bias[output] = self.moments.mean_y(output) - at_mean;
                slope.iter().enumerate().for_each(|(i, b)| effects.weights[i * outputs + output] = *b);
            }
        }
        Ok(effects)
    }

    fn loss(&self, effects: &LinearHeads, head: usize) -> f64 {
        let outputs = effects.bias.len();
        let of_action = |action: usize| {
            let output = head * self.actions + action;
            let slope: Vec<f64> = effects.weights.iter().skip(output).step_by(outputs).copied().collect();
            self.moments.squared_error(output, &slope, effects.bias[output])
        };
        (0..self.actions).map(of_action).sum()
    }
}
