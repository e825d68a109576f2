//! Projected Newton steps on the smoothed dual (Bertsekas 1982), one-sided multipliers w ≥ 0, with a backtracking search.

use crate::dual::{self, Reading};
use crate::limit::Limit;
use crate::members::Members;
use guerdon_core::Result;

/// One side of a limit: +1 for at_most, −1 for at_least.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side {
    pub(crate) limit: usize,
    pub(crate) sign: f64,
    /// The bound in units.
    pub(crate) bound: f64,
}

/// The sides of all limits.
pub(crate) fn sides(limits: &[Limit]) -> Vec<Side> {
    let of = |(limit, l): (usize, &Limit)| {
        let most = l.at_most.map(|bound| Side { limit, sign: 1.0, bound });
        let least = l.at_least.filter(|b| *b > 0.0).map(|bound| Side { limit, sign: -1.0, bound });
        most.into_iter().chain(least)
    };
    limits.iter().enumerate().flat_map(of).collect()
}

/// Where the descent stands.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    /// Multipliers, one a side.
    pub(crate) w: Vec<f64>,
    /// The dual itself at `w`: a bound on the optimum.
    pub(crate) bound: f64,
}

/// The dual of a problem whose bounds are multiplied by `share` (for a sample of the members).
pub(crate) struct Problem<'a, M: Members + ?Sized> {
    pub(crate) members: &'a M,
    pub(crate) limits: &'a [Limit],
    pub(crate) sides: &'a [Side],
    pub(crate) share: f64,
    /// A price at which a typical option is worth nothing, one a side: steps beyond twice the present one are cut to this.
    pub(crate) reach: &'a [f64],
    /// Below this the dual proves that no choice meets the limits.
    pub(crate) floor: f64,
}

/// Prices of limits from multipliers of sides.
pub(crate) fn prices(sides: &[Side], w: &[f64], limits: usize) -> Vec<f64> {
    let mut y = vec![0.0; limits];
    sides.iter().zip(w).for_each(|(side, w)| y[side.limit] += side.sign * w);
    y
}

impl<M: Members + ?Sized> Problem<'_, M> {
    fn read(&self, w: &[f64], tau: f64) -> Result<(Reading, f64)> {
        let reading = dual::read(self.members, self.limits, &prices(self.sides, w, self.limits.len()), tau)?;
        let own: f64 = self.sides.iter().zip(w).map(|(s, w)| w * s.sign * s.bound * self.share).sum();
        Ok((reading, own))
    }

    /// At most `steps` Newton steps at temperature `tau` from `w`. The point with the best bound seen is kept in `best`.
    pub(crate) fn descend(&self, w: &mut Vec<f64>, tau: f64, steps: usize, best: &mut Point) -> Result<()> {
        let note = |w: &[f64], bound: f64, best: &mut Point| {
            if bound < best.bound {
                *best = Point { w: w.to_vec(), bound };
            }
        };
        let (mut reading, mut own) = self.read(w, tau)?;
        note(w, reading.hard + own, best);
        for _ in 0..steps {
            let slope: Vec<f64> =
                self.sides.iter().map(|s| s.sign * (s.bound * self.share - reading.used[s.limit])).collect();
            let free: Vec<usize> = (0..w.len()).filter(|k| w[*k] > 0.0 || slope[*k] < 0.0).collect();
            let mut step = self.direction(&free, &slope, &reading);
            for (d, k) in step.iter_mut().zip(&free) {
                let most = (2.0 * w[*k]).max(self.reach[*k]);
                *d = d.clamp(-most, most);
            }
            let now = reading.soft + own;
            let mut length = 1.0;
            let mut moved = false;
            for _ in 0..8 {
                let mut next = w.clone();
                free.iter().zip(&step).for_each(|(k, d)| next[*k] = (next[*k] + length * d).max(0.0));
                let (there, owes) = self.read(&next, tau)?;
                note(&next, there.hard + owes, best);
                let promised: f64 = free.iter().map(|k| slope[*k] * (next[*k] - w[*k])).sum();
                if there.soft + owes <= now + 1e-4 * promised.min(0.0) {
                    moved = now - there.soft - owes > 1e-10 * now.abs();
                    (*w, reading, own) = (next, there, owes);
                    break;
                }
                length *= 0.35;
            }
            if !moved || best.bound < self.floor {
                break;
            }
        }
        Ok(())
    }

    /// −H⁻¹g over the free multipliers, by Cholesky with a ridge.
    fn direction(&self, free: &[usize], slope: &[f64], reading: &Reading) -> Vec<f64> {
        let (n, m) = (free.len(), self.limits.len());
        let entry = |i: usize, j: usize| {
            let (a, b) = (self.sides[free[i]], self.sides[free[j]]);
            a.sign * b.sign * reading.curvature[a.limit * m + b.limit]
        };
        let mut ridge = 1e-9;
        while ridge < 1e9 {
            let mut h: Vec<f64> = (0..n * n).map(|x| entry(x / n, x % n)).collect();
            for i in 0..n {
                // Where nothing is near a tie, the slope over the reach stands in for the curvature.
                let flat = 1e-3 * slope[free[i]].abs() / self.reach[free[i]];
                h[i * n + i] = h[i * n + i] * (1.0 + ridge) + flat.max(1e-300);
            }
            let g: Vec<f64> = free.iter().map(|k| -slope[*k]).collect();
            if let Some(step) = solve(h, g) {
                return step;
            }
            ridge *= 100.0;
        }
        free.iter().map(|k| -slope[*k].signum() * self.reach[*k]).collect()
    }
}

/// Solves h·x = g for a positive definite h (row-major); none where it is not.
fn solve(mut h: Vec<f64>, mut g: Vec<f64>) -> Option<Vec<f64>> {
    let n = g.len();
    for j in 0..n {
        for k in 0..j {
            for i in j..n {
                h[i * n + j] -= h[i * n + k] * h[j * n + k];
            }
        }
        let pivot = h[j * n + j];
        if pivot.is_nan() || pivot <= 0.0 {
            return None;
        }
        let root = pivot.sqrt();
        (j..n).for_each(|i| h[i * n + j] /= root);
    }
    for i in 0..n {
        for k in 0..i {
            g[i] -= h[i * n + k] * g[k];
        }
        g[i] /= h[i * n + i];
    }
    for i in (0..n).rev() {
        for k in i + 1..n {
            g[i] -= h[k * n + i] * g[k];
        }
        g[i] /= h[i * n + i];
    }
    g.iter().all(|x| x.is_finite()).then_some(g)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cholesky_solves_and_refuses_what_is_not_positive_definite() {
        let x = solve(vec![4.0, 2.0, 2.0, 3.0], vec![8.0, 7.0]).unwrap();
        assert!((x[0] - 1.25).abs() < 1e-12 && (x[1] - 1.5).abs() < 1e-12);
        assert!(solve(vec![1.0, 2.0, 2.0, 1.0], vec![1.0, 1.0]).is_none());
    }
}
