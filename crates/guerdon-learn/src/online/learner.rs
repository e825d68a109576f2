//! The learner: features, regressors and an explorer put together.

use super::arms::Arms;
use super::config::{Explorer, OnlineConfig, Resample, ThompsonMethod};
use super::explore;
use super::features::{FeatureMap, Features};
use super::network::{Layer, Seen};
use super::normal::Normal;
use super::thompson::{monte_carlo, quadrature};
use super::traits::OnlineLearner;
use guerdon_core::{Error, Result, Seed};
use serde::{Deserialize, Serialize};

/// Any of the online learners; [`OnlineConfig`] says which. Its state can be written and read with serde.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Learner {
    pub(super) config: OnlineConfig,
    seed: Seed,
    inputs: usize,
    pub(super) actions: usize,
    /// Updates so far: the clock of forgetting.
    pub(super) steps: u64,
    pub(super) map: FeatureMap,
    /// All that was learned from, where features are a network's.
    seen: Vec<Seen>,
    /// One set of regressors; an ensemble's members; or cover's reward model and then its policies.
    pub(super) models: Vec<Arms>,
}

impl Learner {
    /// A learner that has seen nothing.
    ///
    /// # Errors
    /// [`Error::Config`] for a configuration out of range, or no actions.
    pub fn new(config: OnlineConfig, inputs: usize, actions: usize, seed: Seed) -> Result<Learner> {
        config.check()?;
        if actions == 0 {
            return Err(refused("actions", 0, "at least 1 would do"));
        }
        let seed = seed.named("online");
        let map = FeatureMap::new(config.features, inputs, seed)?;
        let models = Learner::fresh(&config, map.width(), actions, seed)?;
        Ok(Learner { config, seed, inputs, actions, steps: 0, map, seen: vec![], models })
    }

    /// Regressors that have seen nothing.
    fn fresh(config: &OnlineConfig, width: usize, actions: usize, seed: Seed) -> Result<Vec<Arms>> {
        let (models, prior_scale) = match config.explorer {
            Explorer::Bag { members, prior_scale, .. } => (members, prior_scale),
            Explorer::Cover { members, .. } => (members + 1, 0.0),
            _ => (1, 0.0),
        };
        let deviation = prior_scale / config.ridge.lambda.sqrt();
        let mut normal = Normal::new(seed.named("prior"));
        let mut prior = |_| {
            let drawn = (0..width).map(|_| if deviation > 0.0 { deviation * normal.draw() } else { 0.0 });
            let intercept = std::iter::once(config.initial).chain(std::iter::repeat(0.0));
            drawn.zip(intercept).map(|(drawn, intercept)| drawn + intercept).collect()
        };
        (0..models).map(|_| Arms::new(config.ridge, width, actions, &mut prior)).collect()
    }

    /// What it was made of.
    pub fn config(&self) -> &OnlineConfig {
        &self.config
    }

    /// How many rewards it has learned from.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Writes each eligible arm's estimated reward at `x`, the mean over an ensemble's members; the others get NaN.
    ///
    /// # Errors
    /// As [`OnlineLearner::probabilities`].
    pub fn estimates(&mut self, x: &[f32], eligible: &[bool], out: &mut [f64]) -> Result<()> {
        self.prepare(x, eligible, out)?;
        let models = match self.config.explorer {
            Explorer::Cover { .. } => 1,
            _ => self.models.len(),
        };
        out.fill(0.0);
        for model in self.models.iter_mut().take(models) {
            model.estimate(&self.map.values, eligible, self.steps);
            let rewards = explore::rewards(self.config.ridge.link, &model.means);
            out.iter_mut().zip(rewards).for_each(|(sum, reward)| *sum += reward / models as f64);
        }
        out.iter_mut().zip(eligible).filter(|(_, eligible)| !**eligible).for_each(|(out, _)| *out = f64::NAN);
        Ok(())
    }

    /// Checks shapes and maps the context.
    fn prepare(&mut self, x: &[f32], eligible: &[bool], out: &[f64]) -> Result<()> {
        for (key, len) in [("eligible", eligible.len()), ("probabilities", out.len())] {
            if len != self.actions {
                return Err(refused(
                    key,
                    format!("{len} long"),
                    format!("one for each of {} arms would do", self.actions),
                ));
            }
        }
        if explore::count(eligible) == 0 {
            return Err(refused("eligible", "no arm", "at least one would do"));
        }
        self.map.map(x)
    }

    /// γ of the inverse gap rules at this step.
    fn gamma(&self, scale: f64, exponent: f64) -> f64 {
        scale * (self.steps as f64 + 1.0).powf(exponent)
    }

    /// Distribution of the rules that need one set of regressors.
    fn single(&mut self, eligible: &[bool], out: &mut [f64]) {
        let (seed, steps) = (self.seed, self.steps);
        let gamma = |scale, exponent| self.gamma(scale, exponent);
        let gamma = match self.config.explorer {
            Explorer::SquareCb { scale, exponent } | Explorer::FastCb { scale, exponent } => gamma(scale, exponent),
            _ => 0.0,
        };
        let Some(model) = self.models.first_mut() else { return };
        model.estimate(&self.map.values, eligible, steps);
        let Arms { means, deviations, .. } = &*model;
        let widened = |scale: f64| -> Vec<f64> { deviations.iter().map(|deviation| scale * deviation).collect() };
        let rewards = || explore::rewards(self.config.ridge.link, means);
        match self.config.explorer {
            Explorer::EpsilonGreedy { epsilon } => {
                explore::greedy(means, eligible, out);
                explore::mix_uniform(epsilon, eligible, out);
            }
            Explorer::Ucb { alpha } => {
                let upper: Vec<f64> = means.iter().zip(deviations).map(|(mean, s)| mean + alpha * s).collect();
                explore::greedy(&upper, eligible, out);
            }
            Explorer::Thompson { scale, method: ThompsonMethod::Quadrature } => {
                quadrature(means, &widened(scale), eligible, out);
            }
            Explorer::Thompson { scale, method: ThompsonMethod::MonteCarlo { draws } } => {
                monte_carlo(means, &widened(scale), eligible, draws, seed.named("thompson").indexed(steps), out);
            }
            Explorer::Softmax { temperature } => explore::softmax(temperature, &rewards(), eligible, out),
            Explorer::SquareCb { .. } => explore::inverse_gap(gamma, &rewards(), eligible, out),
            Explorer::FastCb { .. } => explore::reweighted_inverse_gap(gamma, &rewards(), eligible, out),
            Explorer::RegCb { alpha } => explore::eliminate(alpha, means, deviations, eligible, out),
            Explorer::Bag { .. } | Explorer::Cover { .. } => {}
        }
    }

    /// Distribution of an ensemble: the mean of its members' greedy ones.
    fn vote(&mut self, eligible: &[bool], out: &mut [f64]) {
        let mut greedy = vec![0.0; self.actions];
        out.fill(0.0);
        for model in &mut self.models {
            model.estimate(&self.map.values, eligible, self.steps);
            explore::greedy(&model.means, eligible, &mut greedy);
            out.iter_mut().zip(&greedy).for_each(|(votes, vote)| *votes += vote);
        }
        let members = self.models.len().max(1) as f64;
        out.iter_mut().for_each(|p| *p /= members);
    }

    /// How often `member` counts the observation of this step.
    fn importance(&self, resample: Resample, member: u64) -> f64 {
        let u = self.seed.named("bootstrap").indexed(member).uniform_indexed(self.steps);
        match resample {
            Resample::DoubleOrNothing => 2.0 * f64::from(u8::from(u < 0.5)),
            Resample::Poisson => {
                let (mut count, mut chance) = (0.0, (-1f64).exp());
                let mut below = chance;
                while u >= below && count < 20.0 {
                    count += 1.0;
                    chance /= count;
                    below += chance;
                }
                count
            }
        }
    }
}

impl OnlineLearner for Learner {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn actions(&self) -> usize {
        self.actions
    }

    fn draw_seed(&self) -> Seed {
        self.seed.named("decide")
    }

    fn probabilities(&mut self, x: &[f32], eligible: &[bool], out: &mut [f64]) -> Result<()> {
        self.prepare(x, eligible, out)?;
        match self.config.explorer {
            Explorer::Bag { .. } => self.vote(eligible, out),
            Explorer::Cover { .. } => self.cover(eligible, out),
            _ => self.single(eligible, out),
        }
        if self.config.floor > 0.0 {
            explore::mix_uniform(self.config.floor, eligible, out);
        }
        // Rounding must not make a certainty more than one.
        out.iter_mut().for_each(|p| *p = p.clamp(0.0, 1.0));
        // Where numbers have run out of range, any eligible arm is as good as another.
        if !out.iter().all(|p| p.is_finite()) {
            explore::mix_uniform(1.0, eligible, {
                out.fill(0.0);
                out
            });
        }
        Ok(())
    }

    fn update(&mut self, x: &[f32], action: usize, propensity: f64, reward: f64) -> Result<()> {
        if action >= self.actions {
            return Err(refused("action", action, format!("one of {} arms, from 0, would do", self.actions)));
        }
        if !(propensity > 0.0 && propensity <= 1.0) {
            return Err(refused("propensity", propensity, "a chance in (0, 1] would do"));
        }
        let (least, most) = self.config.reward_range().unwrap_or((f64::MIN, f64::MAX));
        if !(least..=most).contains(&reward) {
            return Err(refused("reward", reward, format!("a number from {least} to {most} would do")));
        }
        self.absorb(x, action, propensity, reward)?;
        if let Features::Network { units, first } = self.config.features {
            self.seen.push(Seen { x: x.to_vec(), action, propensity, reward });
            if due(self.steps, first) {
                self.retrain(units)?;
            }
        }
        Ok(())
    }
}

/// Whether the network is trained after this many steps: after the `first`, and each time they have grown by half.
fn due(steps: u64, first: u64) -> bool {
    let mut at = first;
    while at < steps {
        at = (at + at / 2).max(at + 1);
    }
    at == steps
}

impl Learner {
    /// Trains the features' network on all that was seen, and makes the regressors anew from it. Where its loss is not
    /// finite, all stays as it is.
    fn retrain(&mut self, units: usize) -> Result<()> {
        let layer = match Layer::trained(&self.seen, units, self.actions, self.seed.named("network")) {
            Err(Error::Training { .. }) => return Ok(()),
            layer => layer?,
        };
        let seen = std::mem::take(&mut self.seen);
        self.map.layer = Some(layer);
        self.models = Learner::fresh(&self.config, self.map.width(), self.actions, self.seed)?;
        self.steps = 0;
        for Seen { x, action, propensity, reward } in &seen {
            self.absorb(x, *action, *propensity, *reward)?;
        }
        self.seen = seen;
        Ok(())
    }

    /// Updates the regressors.
    fn absorb(&mut self, x: &[f32], action: usize, propensity: f64, reward: f64) -> Result<()> {
        self.map.map(x)?;
        if let Explorer::Cover { psi, .. } = self.config.explorer {
            self.update_cover(psi, action, propensity, reward);
        } else {
            for member in 0..self.models.len() {
                let importance = match self.config.explorer {
                    Explorer::Bag { resample, .. } => self.importance(resample, member as u64),
                    _ => 1.0,
                };
                let arm = self.models.get_mut(member).and_then(|model| model.arms.get_mut(action));
                if let Some(arm) = arm {
                    arm.update(&self.map.values, reward, importance, self.steps);
                }
            }
        }
        self.steps += 1;
        Ok(())
    }
}

fn refused(key: &str, given: impl ToString, wanted: impl ToString) -> Error {
    Error::config("online", key, given, wanted)
}
