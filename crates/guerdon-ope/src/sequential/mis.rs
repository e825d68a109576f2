//! Marginalised importance sampling over discrete states (Xie, Ma & Wang 2019, §3).
//!
//! With ρ_t the weight of one step by itself and n_t(s) the visits to s at t:
//! d̂_0(s) = n_0(s)/n, d̂_{t+1}(s′) = Σ_s d̂_t(s) Σ_{i: s→s′ at t} ρ_t / n_t(s), r̂_t(s) = Σ_{i: s at t} ρ_t r_t / n_t(s), and
//! V̂ = Σ_t γ^t Σ_s d̂_t(s) r̂_t(s). An episode's end takes its mass out of d̂. Needs states that are Markov: what follows may
//! depend on the past through s_t only. The variance grows with a power of the length, not exponentially.
//!
//! The same value is a weighted sum over all decisions with weights d̂_t(s)/d̂_t^b(s) · ρ_t, where d̂_t^b(s) = n_t(s)/n.
//! Those are the weights that the gates look at.

use super::bootstrap::Replicated;
use super::weighted::{LARGEST_WEIGHT, ratio};
use super::{Episode, gate::Weights};
use crate::moments::Compensated;
use std::collections::BTreeMap;

/// What was seen of one state at one time.
#[derive(Debug, Clone, Default)]
struct Cell {
    /// n_t(s).
    visits: Replicated,
    /// Σ ρ_t r_t.
    rewards: Replicated,
    /// Σ ρ_t by the state that followed.
    next: BTreeMap<u32, Replicated>,
    /// Σ ρ_t.
    weight: Compensated,
    /// Σ ρ_t².
    squares: Compensated,
    /// Largest ρ_t.
    largest: f64,
}

/// Sums over (t, s) and (t, s → s′). Memory: transitions seen × replicates, at most horizon · |S|².
#[derive(Debug, Clone, Default)]
pub(super) struct Marginal {
    episodes: Replicated,
    cells: Vec<BTreeMap<u32, Cell>>,
    stateless: u64,
    overflowed: u64,
}

impl Marginal {
    /// Adds an episode as often as `multipliers` says. One with a step that has no state id, or a weight beyond
    /// [`LARGEST_WEIGHT`], is counted only.
    pub fn push(&mut self, episode: &Episode<'_>, multipliers: &[f64]) {
        if episode.steps.iter().any(|step| step.state.is_none()) {
            self.stateless += 1;
            return;
        }
        if episode.steps.iter().any(|step| ratio(step) > LARGEST_WEIGHT) {
            self.overflowed += 1;
            return;
        }
        if self.cells.len() < episode.steps.len() {
            self.cells.resize_with(episode.steps.len(), BTreeMap::new);
        }
        self.episodes.add(1.0, multipliers);
        let following = episode.steps.iter().skip(1).map(|step| step.state).chain([None]);
        for ((cells, step), next) in self.cells.iter_mut().zip(episode.steps).zip(following) {
            let Some(state) = step.state else { continue };
            let weight = ratio(step);
            let cell = cells.entry(state).or_default();
            cell.visits.add(1.0, multipliers);
            cell.rewards.add(weight * step.reward, multipliers);
            if let Some(next) = next {
                cell.next.entry(next).or_default().add(weight, multipliers);
            }
            cell.weight.add(weight);
            cell.squares.add(weight * weight);
            cell.largest = cell.largest.max(weight);
        }
    }

    /// Adds all that `other` saw.
    pub fn merge(&mut self, other: &Marginal) {
        self.episodes.merge(&other.episodes);
        self.stateless += other.stateless;
        self.overflowed += other.overflowed;
        if self.cells.len() < other.cells.len() {
            self.cells.resize_with(other.cells.len(), BTreeMap::new);
        }
        for (mine, theirs) in self.cells.iter_mut().zip(&other.cells) {
            for (state, theirs) in theirs {
                let mine = mine.entry(*state).or_default();
                mine.visits.merge(&theirs.visits);
                mine.rewards.merge(&theirs.rewards);
                for (next, weight) in &theirs.next {
                    mine.next.entry(*next).or_default().merge(weight);
                }
                mine.weight.merge(theirs.weight);
                mine.squares.merge(theirs.squares);
                mine.largest = mine.largest.max(theirs.largest);
            }
        }
    }

    /// The value in a column of the bootstrap; NaN without episodes.
    pub fn value(&self, discount: f64, column: usize) -> f64 {
        if self.episodes.total(column) == 0.0 {
            return f64::NAN;
        }
        let mut value = 0.0;
        self.visit(discount, column, |power, mass, visits, cell| {
            value += power * mass * cell.rewards.total(column) / visits;
        });
        value
    }

    /// The marginal weights of all decisions.
    pub fn weights(&self, discount: f64) -> Weights {
        let episodes = self.episodes.total(0);
        let (mut count, mut sum, mut squares, mut largest) = (0.0, 0.0, 0.0, 0.0f64);
        self.visit(discount, 0, |_, mass, visits, cell| {
            let marginal = mass * episodes / visits;
            sum += marginal * cell.weight.total();
            squares += marginal * marginal * cell.squares.total();
            largest = largest.max(marginal * cell.largest);
        });
        for cell in self.cells.iter().flat_map(BTreeMap::values) {
            count += cell.visits.total(0);
        }
        let share = if squares > 0.0 && count > 0.0 { sum * sum / squares / count } else { 0.0 };
        Weights {
            ess: share * episodes,
            largest,
            mean: if count > 0.0 { sum / count } else { 0.0 },
            largest_share: if sum > 0.0 { largest / sum } else { 0.0 },
            mean_se: None,
        }
        .or_refused()
    }

    /// Why there is no value, if so.
    pub fn refusal(&self) -> Option<String> {
        if self.stateless > 0 {
            Some(format!("{} episodes have a decision without a discrete state id, which MIS needs", self.stateless))
        } else if self.overflowed > 0 {
            Some(format!(
                "in {} episodes the weight of one decision is beyond {LARGEST_WEIGHT:e}; raise the least propensity of \
                 the logging policy",
                self.overflowed
            ))
        } else {
            None
        }
    }

    /// Goes through the cells with d̂_t(s) > 0 in the order of time: (γ^t, d̂_t(s), n_t(s), cell).
    fn visit(&self, discount: f64, column: usize, mut each: impl FnMut(f64, f64, f64, &Cell)) {
        let mut power = 1.0;
        let mut mass = BTreeMap::new();
        if let Some(first) = self.cells.first() {
            let episodes = self.episodes.total(column);
            mass = first.iter().map(|(state, cell)| (*state, cell.visits.total(column) / episodes)).collect();
        }
        for cells in &self.cells {
            let mut following = BTreeMap::new();
            for (state, cell) in cells {
                let visits = cell.visits.total(column);
                let here = mass.get(state).copied().unwrap_or(0.0);
                if visits == 0.0 || here == 0.0 {
                    continue;
                }
                each(power, here, visits, cell);
                for (next, weight) in &cell.next {
                    *following.entry(*next).or_insert(0.0) += here * weight.total(column) / visits;
                }
            }
            mass = following;
            power *= discount;
        }
    }
}
