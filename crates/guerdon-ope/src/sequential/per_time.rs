//! Sums at each time t over the episodes: what the estimators that normalise at each time need, and no more.

use super::bootstrap::Replicated;
use super::weighted::Weighted;

/// The sums at one time.
#[derive(Debug, Clone, Default)]
struct Moment {
    /// Σ ρ_{0:t} r_t.
    rewards: Replicated,
    /// Σ ρ_{0:t} (r_t − q̂(s_t, a_t)).
    corrections: Replicated,
    /// Σ ρ_{0:t−1} v̂(s_t), with v̂ at a cut.
    baselines: Replicated,
    /// Σ ρ_{0:t} over episodes with a step at t.
    live: Replicated,
    /// Σ ρ_{0:t−1} over episodes whose last step was at t − 1.
    ended: Replicated,
}

/// Sums per time, with the columns of the bootstrap. Memory: times × replicates.
#[derive(Debug, Clone, Default)]
pub(super) struct PerTime {
    episodes: Replicated,
    moments: Vec<Moment>,
}

/// The totals at one time of one column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Totals {
    /// Σ ρ_{0:t} r_t.
    pub rewards: f64,
    /// Σ ρ_{0:t} (r_t − q̂(s_t, a_t)).
    pub corrections: f64,
    /// Σ ρ_{0:t−1} v̂(s_t).
    pub baselines: f64,
    /// D_{t−1}; the number of episodes at t = 0.
    pub weight_before: f64,
    /// D_t = Σ_i ρ_{0:min(t, T_i − 1)}: an ended episode keeps its last cumulative weight.
    pub weight: f64,
}

impl PerTime {
    /// Adds an episode as often as `multipliers` says. `with_model`: also the sums that need q̂.
    pub fn push(&mut self, episode: &Weighted<'_>, with_model: bool, multipliers: &[f64]) {
        let length = episode.steps.len();
        if self.moments.len() <= length {
            self.moments.resize_with(length + 1, Moment::default);
        }
        self.episodes.add(1.0, multipliers);
        for (moment, s) in self.moments.iter_mut().zip(&episode.steps) {
            moment.rewards.add(s.weight * s.step.reward, multipliers);
            moment.live.add(s.weight, multipliers);
            if with_model {
                moment.corrections.add(s.correction(), multipliers);
                moment.baselines.add(s.baseline(), multipliers);
            }
        }
        if let Some(after) = self.moments.get_mut(length) {
            after.ended.add(episode.last, multipliers);
            if with_model {
                after.baselines.add(episode.last * episode.end_value, multipliers);
            }
        }
    }

    /// Adds all that `other` saw.
    pub fn merge(&mut self, other: &PerTime) {
        self.episodes.merge(&other.episodes);
        if self.moments.len() < other.moments.len() {
            self.moments.resize_with(other.moments.len(), Moment::default);
        }
        for (mine, theirs) in self.moments.iter_mut().zip(&other.moments) {
            mine.rewards.merge(&theirs.rewards);
            mine.corrections.merge(&theirs.corrections);
            mine.baselines.merge(&theirs.baselines);
            mine.live.merge(&theirs.live);
            mine.ended.merge(&theirs.ended);
        }
    }

    /// The totals of a column in the order of time, up to one time after the longest episode.
    pub fn totals(&self, column: usize) -> impl Iterator<Item = Totals> {
        let start = (0.0, self.episodes.total(column));
        self.moments.iter().scan(start, move |(ended, weight_before), moment| {
            *ended += moment.ended.total(column);
            let weight = moment.live.total(column) + *ended;
            let totals = Totals {
                rewards: moment.rewards.total(column),
                corrections: moment.corrections.total(column),
                baselines: moment.baselines.total(column),
                weight_before: *weight_before,
                weight,
            };
            *weight_before = weight;
            Some(totals)
        })
    }
}
