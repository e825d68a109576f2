//! Exploration: from scores to a distribution over the actions that are left.

use crate::exp::exp_f64;
use crate::model::OutcomeModel;
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
        /// Share of the decisions that goes evenly to all actions that are left, so that each has at least
        /// floor / their number; in [0, 1].
        #[serde(default, skip_serializing_if = "is_zero")]
        floor: f64,
    },
    /// Each member of an [`crate::EnsembleModel`] votes for its best action that is left, among equals for the first in
    /// the catalogue; p(a) = floor / number left + (1 − floor) · share of the votes. Where members are draws from a
    /// posterior this is Thompson sampling (Thompson 1933) over those draws, with exact propensities.
    Vote {
        /// As under [`Exploration::Softmax`].
        #[serde(default)]
        floor: f64,
    },
}

fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

impl Exploration {
    pub(crate) fn check(&self, model: &OutcomeModel) -> Result<()> {
        let share = |key, share: &f64| match (0.0..=1.0).contains(share) {
            true => Ok(()),
            false => Err(Error::config("exploration", key, share, "a probability in [0, 1] would do")),
        };
        match self {
            Exploration::Greedy => Ok(()),
            Exploration::EpsilonGreedy { epsilon } => share("epsilon", epsilon),
            Exploration::Softmax { temperature, .. } if !(temperature.is_finite() && *temperature > 0.0) => {
                Err(Error::config("exploration", "temperature", temperature, "a finite number above 0 would do"))
            }
            Exploration::Softmax { floor, .. } => share("floor", floor),
            Exploration::Vote { .. } if !matches!(model, OutcomeModel::Ensemble(_)) => {
                let given = format!("vote over a {} model", model.kind());
                Err(Error::config("exploration", "kind", given, "an ensemble, whose members vote, would do"))
            }
            Exploration::Vote { floor } => share("floor", floor),
        }
    }

    /// The first bundle format that can say it.
    pub(crate) fn format(&self) -> u64 {
        match self {
            Exploration::Vote { .. } => 3,
            Exploration::Softmax { floor, .. } if *floor != 0.0 => 3,
            _ => 1,
        }
    }

    /// Writes the distribution over the actions that are `left` (at least one; their scores are finite). The others get
    /// exactly 0.
    ///
    /// # Shapes
    /// `votes`: `[members][actions]`, for [`Exploration::Vote`] alone; `scores`, `left`, `probabilities`: `[actions]`.
    #[inline(always)]
    fn distribute(&self, votes: &[f64], scores: &[f64], left: &[bool], probabilities: &mut [f64]) {
        let count = left.iter().filter(|left| **left).count();
        // Removed actions score −∞ here; e to that is exactly 0.
        for ((masked, score), left) in probabilities.iter_mut().zip(scores).zip(left) {
            *masked = if *left { *score } else { f64::NEG_INFINITY };
        }
        let epsilon = match self {
            Exploration::Softmax { temperature, floor } if count > 1 => {
                softmax(*temperature, probabilities);
                return raise(*floor, count, left, probabilities);
            }
            Exploration::Vote { floor } if count > 1 => {
                vote(votes, left, probabilities);
                return raise(*floor, count, left, probabilities);
            }
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
    pub votes: &'a [f64],
    pub scores: &'a [f64],
    pub left: &'a [bool],
    pub probabilities: &'a mut [f64],
}

impl WithSimd for Distribute<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.exploration.distribute(self.votes, self.scores, self.left, self.probabilities);
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

/// Writes each action's share of the members' votes. Scores are finite.
#[inline(always)]
fn vote(votes: &[f64], left: &[bool], shares: &mut [f64]) {
    shares.fill(0.0);
    let members = votes.chunks_exact(left.len().max(1));
    let number = members.len() as f64;
    for scores in members {
        let mut best: Option<(usize, f64)> = None;
        for (action, (score, left)) in scores.iter().zip(left).enumerate() {
            if *left && best.is_none_or(|(_, top)| *score > top) {
                best = Some((action, *score));
            }
        }
        if let Some(share) = best.and_then(|(action, _)| shares.get_mut(action)) {
            *share += 1.0;
        }
    }
    shares.iter_mut().for_each(|share| *share /= number);
}

/// Gives `floor` evenly to the `count` actions that are left, and takes the same share from what each has.
#[inline(always)]
fn raise(floor: f64, count: usize, left: &[bool], probabilities: &mut [f64]) {
    if floor == 0.0 {
        return;
    }
    let each = floor / count as f64;
    for (probability, left) in probabilities.iter_mut().zip(left) {
        *probability = if *left { each + (1.0 - floor) * *probability } else { 0.0 };
    }
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
        exploration.distribute(&[], scores, left, &mut out);
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
        let p = distribution(
            Exploration::Softmax { temperature: 2.0, floor: 0.0 },
            &[0.0, 2.0, 50.0],
            &[true, true, false],
        );
        let truth = 1.0 / (1.0 + 1f64.exp());
        assert!((p[0] - truth).abs() < 1e-15 && (p[1] - (1.0 - truth)).abs() < 1e-15);
        assert_eq!(p[2], 0.0);
    }

    #[test]
    fn a_floor_is_shared_evenly_and_the_rest_follows_the_scores() {
        let scores = [0.0, 2.0, 50.0];
        let p = distribution(Exploration::Softmax { temperature: 2.0, floor: 0.1 }, &scores, &[true, true, false]);
        let bare = distribution(Exploration::Softmax { temperature: 2.0, floor: 0.0 }, &scores, &[true, true, false]);
        assert_eq!(p, [0.05 + 0.9 * bare[0], 0.05 + 0.9 * bare[1], 0.0]);
        let even = distribution(Exploration::Softmax { temperature: 2.0, floor: 1.0 }, &scores, &[true, true, false]);
        assert_eq!(even, [0.5, 0.5, 0.0]);
    }

    #[test]
    fn every_member_votes_for_the_first_of_its_best_that_are_left() {
        let votes = [9.0, 1.0, 1.0, /* */ 9.0, 0.0, 2.0, /* */ 9.0, -1.0, -2.0, /* */ 0.0, 0.5, 7.0];
        let mut out = [f64::NAN; 3];
        Exploration::Vote { floor: 0.0 }.distribute(&votes, &[0.0; 3], &[false, true, true], &mut out);
        assert_eq!(out, [0.0, 0.5, 0.5]);
        Exploration::Vote { floor: 0.5 }.distribute(&votes, &[0.0; 3], &[true; 3], &mut out);
        assert_eq!(out, [0.5 / 3.0 + 0.375, 0.5 / 3.0, 0.5 / 3.0 + 0.125]);
    }

    #[test]
    fn a_lone_action_is_certain_under_every_exploration() {
        for exploration in [
            Exploration::Greedy,
            Exploration::EpsilonGreedy { epsilon: 0.37 },
            Exploration::Softmax { temperature: 0.1, floor: 0.2 },
            Exploration::Vote { floor: 0.2 },
        ] {
            assert_eq!(distribution(exploration, &[1.0, -3.0], &[false, true]), [0.0, 1.0]);
        }
    }
}
