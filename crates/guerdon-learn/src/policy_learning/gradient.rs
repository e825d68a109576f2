//! From an objective to the derivative of each row's scores.

use super::logged::Logged;
use super::objective::{Anchor, Objective, Point};
use super::served::Served;

/// An objective with all that its gradient by the scores depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gradient<'a> {
    pub rows: &'a Logged,
    pub served: Served,
    pub objective: Objective,
    /// Whether q̂ takes part.
    pub with_q: bool,
    /// The weight of each row's log-likelihood; empty where all weigh 1.
    pub weights: &'a [f64],
    /// Most that an importance ratio counts.
    pub clip: f64,
}

impl Gradient<'_> {
    /// Every row of `rows` under the policy of `scores`.
    ///
    /// # Shapes
    /// `scores`: `[rows][actions]`.
    pub fn points(&self, rows: &[u32], scores: &[f32]) -> Vec<Point> {
        let mut pi = vec![0.0; self.rows.actions];
        let at = |(&row, scores): (&u32, &[f32])| {
            let row = row as usize;
            self.served.probabilities(scores, self.rows.left_of(row), &mut pi);
            self.point(row, &pi)
        };
        rows.iter().zip(scores.chunks_exact(self.rows.actions)).map(at).collect()
    }

    /// ∂(n · objective)/∂score for `rows`, `[rows][actions]`, n being the rows that `anchor` was taken over.
    ///
    /// # Shapes
    /// `scores`: `[rows][actions]`.
    pub fn by_score(&self, rows: &[u32], scores: &[f32], anchor: &Anchor) -> Vec<f64> {
        let actions = self.rows.actions;
        let mut pi = vec![0.0; actions];
        let mut all = vec![0.0; rows.len() * actions];
        for ((&row, scores), out) in rows.iter().zip(scores.chunks_exact(actions)).zip(all.chunks_exact_mut(actions)) {
            let row = row as usize;
            let left = self.rows.left_of(row);
            self.served.probabilities(scores, left, &mut pi);
            self.by_chance(row, &pi, anchor, out);
            self.served.back(&pi, left, out);
        }
        all
    }

    fn point(&self, row: usize, pi: &[f64]) -> Point {
        let weight = self.weights.get(row).copied().unwrap_or(1.0);
        Point { weight, ..self.rows.point(row, pi, self.clip, self.with_q) }
    }

    /// ∂(n · objective)/∂π(a) for one row. A clipped ratio does not move.
    fn by_chance(&self, row: usize, pi: &[f64], anchor: &Anchor, out: &mut [f64]) {
        let point = self.point(row, pi);
        let slopes = self.objective.slopes(&point, anchor);
        if self.with_q {
            out.iter_mut().zip(self.rows.q_hat_of(row)).for_each(|(out, q)| *out = slopes.base * f64::from(*q));
        }
        let (action, propensity) = (usize::from(self.rows.action[row]), self.rows.propensity[row]);
        if pi[action] / propensity < self.clip {
            out[action] += slopes.ratio / propensity;
        }
        out[action] += slopes.chance;
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::{Method, PolicyConfig};
    use super::*;

    /// Nine rows of one feature and three actions, some of them masked.
    fn logged() -> Logged {
        let mut rows = Logged::new(1, 3);
        for row in 0..9u32 {
            let r = f64::from(row);
            rows.x.push(r as f32);
            rows.action.push((row % 3) as u16);
            rows.propensity.push(0.2 + 0.05 * r);
            rows.reward.push((r * 1.7).sin());
            rows.q_hat.extend([0.1 * r as f32, -0.3, 0.2]);
            rows.left.extend([row % 3 == 0 || row % 2 == 0, row % 3 == 1 || row > 3, true]);
            rows.member.push(row / 2);
            rows.fold.push(0);
            rows.validation.push(false);
        }
        rows
    }

    #[test]
    fn the_gradient_by_scores_is_that_of_the_whole_objective_by_finite_differences() {
        let rows = logged();
        let weights = rows.weights(&PolicyConfig { method: Method::Awr, ..PolicyConfig::default() }, 0.7);
        let all: Vec<u32> = (0..9).collect();
        let scores: Vec<f32> = (0..27u8).map(|i| (f32::from(i) * 0.9).sin()).collect();
        for (objective, with_q) in [
            (Objective::Mean { variance: 1.3 }, false),
            (Objective::Mean { variance: 1.3 }, true),
            (Objective::SelfNormalised { variance: 1.3 }, false),
            (Objective::Smoothed { lambda: 0.4 }, false),
            (Objective::Likelihood, false),
        ] {
            for clip in [100.0, 1.5] {
                let served = Served { floor: 0.1 };
                let gradient = Gradient { rows: &rows, served, objective, with_q, weights: &weights, clip };
                let anchor = objective.anchor(&gradient.points(&all, &scores));
                let slopes = gradient.by_score(&all, &scores, &anchor);
                let step = 1.0 / 512.0;
                for i in 0..27 {
                    let value = |by: f32| {
                        let mut scores = scores.clone();
                        scores[i] += by;
                        objective.value(&gradient.points(&all, &scores))
                    };
                    let difference = 9.0 * (value(step) - value(-step)) / (2.0 * f64::from(step));
                    let found = slopes[i];
                    assert!(
                        (difference - found).abs() < 2e-4,
                        "{objective:?}, clip {clip}, score {i}: {found}, by differences {difference}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_not_left_has_no_gradient() {
        let rows = logged();
        let objective = Objective::Mean { variance: 0.0 };
        let served = Served { floor: 0.05 };
        let gradient = Gradient { rows: &rows, served, objective, with_q: true, weights: &[], clip: 100.0 };
        let slopes = gradient.by_score(&[1], &[0.4, 0.1, -0.2], &Anchor::default());
        assert_eq!(slopes[0], 0.0);
        assert!(slopes[1] != 0.0 && slopes[2] != 0.0);
    }
}
