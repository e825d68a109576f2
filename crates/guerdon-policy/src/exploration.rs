//! Exploration: from scores to a distribution over the actions that are left.

use crate::exp::exp_f64;
use guerdon_core::{Error, Result};
use pulp::{Simd, WithSimd};
use serde::{Deserialize, Serialize};

/// How scores become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Exploration {
    /// The best score for certain; among equals the first in the catalogue.
    Greedy,
    /// With probability ε any action that is left, evenly; else the best.
    EpsilonGreedy {
        /// ε, in [0, 1].
        epsilon: f64,
    },
    /// Boltzmann exploration: p(a) ∝ exp(score(a) / temperature).
    Softmax {
        /// In the unit of the scores, major units of money; greater than 0.
        temperature: f64,
    },
}

impl Exploration {
    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Exploration::EpsilonGreedy { epsilon } if !(0.0..=1.0).contains(epsilon) => {
                Err(Error::config("exploration", "epsilon", epsilon, "a probability in [0, 1] would do"))
            }
            Exploration::Softmax { temperature } if !(temperature.is_finite() && *temperature > 0.0) => {
                Err(Error::config("exploration", "temperature", temperature, "a finite number above 0 would do"))
            }
            _ => Ok(()),
        }
    }

    /// Writes the distribution over the actions that are `left` (at least one; their scores are finite). The others get
    /// exactly 0.
    ///
    /// # Shapes
    /// `scores`, `left`, `probabilities`: `[actions]`.
    #[inline(always)]
    fn distribute(&self, scores: &[f64], left: &[bool], probabilities: &mut [f64]) {
        let count = left.iter().filter(|left| **left).count();
        // Removed actions score −∞ here; e to that is exactly 0.
        for ((masked, score), left) in probabilities.iter_mut().zip(scores).zip(left) {
            *masked = if *left { *score } else { f64::NEG_INFINITY };
        }
        let epsilon = match self {
            Exploration::Softmax { temperature } if count > 1 => return softmax(*temperature, probabilities),
            Exploration::EpsilonGreedy { epsilon } if count > 1 => *epsilon,
            _ => 0.0,
        };
        let top = in_lanes(probabilities, f64::NEG_INFINITY, f64::max);
        let best = probabilities.iter().position(|score| *score == top);
        let each = epsilon / count as f64;
        for (probability, left) in probabilities.iter_mut().zip(left) {
            *probability = if *left { each } else { 0.0 };
        }
        if let Some(probability) = best.and_then(|best| probabilities.get_mut(best)) {
            *probability = 1.0 - each * (count - 1) as f64;
        }
    }
}

/// [`Exploration::distribute`], to be dispatched to the instruction set at hand.
pub(crate) struct Distribute<'a> {
    pub exploration: &'a Exploration,
    pub scores: &'a [f64],
    pub left: &'a [bool],
    pub probabilities: &'a mut [f64],
}

impl WithSimd for Distribute<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.exploration.distribute(self.scores, self.left, self.probabilities);
    }
}

/// Turns scores into probabilities where they stand.
#[inline(always)]
fn softmax(temperature: f64, scores: &mut [f64]) {
    let top = in_lanes(scores, f64::NEG_INFINITY, f64::max);
    scores.iter_mut().for_each(|score| *score = exp_f64((*score - top) / temperature));
    let sum = in_lanes(scores, 0.0, |a, b| a + b);
    scores.iter_mut().for_each(|weight| *weight /= sum);
}

/// Reduces `values` in eight interleaved lanes: in this order on every machine, and without waiting for each step
/// before the next.
#[inline(always)]
fn in_lanes(values: &[f64], start: f64, step: impl Fn(f64, f64) -> f64) -> f64 {
    let mut lanes = [start; 8];
    let (chunks, rest) = values.as_chunks::<8>();
    for values in chunks {
        for (lane, value) in lanes.iter_mut().zip(values) {
            *lane = step(*lane, *value);
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane = step(*lane, *value);
    }
    lanes.into_iter().fold(start, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(exploration: Exploration, scores: &[f64], left: &[bool]) -> Vec<f64> {
        let mut out = vec![f64::NAN; scores.len()];
        exploration.distribute(scores, left, &mut out);
        out
    }

    #[test]
    fn greedy_takes_the_first_of_the_best_that_are_left() {
        let scores = [9.0, 1.0, 2.0, 2.0];
        assert_eq!(distribution(Exploration::Greedy, &scores, &[false, true, true, true]), [0.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn epsilon_greedy_shares_epsilon_among_what_is_left() {
        let p = distribution(Exploration::EpsilonGreedy { epsilon: 0.3 }, &[1.0, 5.0, 9.0], &[true, true, false]);
        assert_eq!(p, [0.15, 0.85, 0.0]);
        let even = distribution(Exploration::EpsilonGreedy { epsilon: 1.0 }, &[1.0, 5.0], &[true, true]);
        assert_eq!(even, [0.5, 0.5]);
    }

    #[test]
    fn softmax_is_the_boltzmann_distribution_and_never_gives_what_is_removed_a_chance() {
        let p = distribution(Exploration::Softmax { temperature: 2.0 }, &[0.0, 2.0, 50.0], &[true, true, false]);
        let truth = 1.0 / (1.0 + 1f64.exp());
        assert!((p[0] - truth).abs() < 1e-15 && (p[1] - (1.0 - truth)).abs() < 1e-15);
        assert_eq!(p[2], 0.0);
    }

    #[test]
    fn a_lone_action_is_certain_under_every_exploration() {
        for exploration in [
            Exploration::Greedy,
            Exploration::EpsilonGreedy { epsilon: 0.37 },
            Exploration::Softmax { temperature: 0.1 },
        ] {
            assert_eq!(distribution(exploration, &[1.0, -3.0], &[false, true]), [0.0, 1.0]);
        }
    }
}
