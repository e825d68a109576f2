//! The runs of the policy learner: from a start, upwards, judged by members that are not fitted to.

use super::actor::{Actor, sharpen};
use super::config::{Method, PolicyConfig};
use super::gradient::Gradient;
use super::logged::{Logged, Unit};
use super::objective::{Anchor, Objective, Point};
use super::served::Served;
use burn::tensor::Device;
use guerdon_core::{Error, Result, Seed};
use guerdon_neural::{Metric, Network, Shape, rate_at};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// What all runs of one training share.
pub(crate) struct Search<'a> {
    pub rows: &'a Logged,
    pub config: &'a PolicyConfig,
    /// The rows that are fitted to.
    pub fitting: Vec<u32>,
    /// The rows of the members that judge.
    pub judges: Vec<u32>,
    pub shape: Shape,
    pub unit: Unit,
    pub seed: Seed,
    pub device: Device,
}

/// What a run goes after.
enum Task<'a> {
    /// Net value of the logged action, by squared error.
    Value,
    /// The policy's objective.
    Climb(Gradient<'a>),
}

/// The parameters that a run kept, how the judges saw them (higher is better), and its epochs.
pub(crate) struct Kept {
    pub values: Vec<Vec<f32>>,
    pub judged: f64,
    pub metrics: Vec<Metric>,
}

impl Search<'_> {
    /// Parameters whose scores are standardised net values, learned by squared error.
    ///
    /// # Errors
    /// [`Error::Training`] for scores that are not finite; errors of the device.
    pub fn value(&self) -> Result<Kept> {
        let start = Network::initial(self.shape.clone(), &[0.0], self.seed.named("weights"), &self.device).values()?;
        self.run(&Task::Value, start, 0.0)
    }

    /// The best of the runs from `start`, one for each strength that the method chooses from, side by side.
    ///
    /// # Errors
    /// [`Error::Training`] for scores that are not finite; errors of the device.
    pub fn climb(&self, start: &[Vec<f32>]) -> Result<Kept> {
        let strengths = self.config.strengths();
        let middle = [strengths[strengths.len() / 2]];
        let strengths = if self.judges.is_empty() { &middle } else { strengths };
        let runs: Vec<Result<Kept>> = strengths.par_iter().map(|strength| self.climb_one(start, *strength)).collect();
        let runs = runs.into_iter().collect::<Result<Vec<Kept>>>()?;
        // The first of the best.
        let top = runs.iter().map(|run| run.judged).fold(f64::NEG_INFINITY, f64::max);
        let chosen = runs.iter().position(|run| run.judged == top).unwrap_or(0);
        let mut kept = Kept { values: vec![], judged: top, metrics: vec![] };
        for (place, run) in runs.into_iter().enumerate() {
            let own = |metric: Metric| Metric { best: metric.best && place == chosen, ..metric };
            kept.metrics.extend(run.metrics.into_iter().map(own));
            if place == chosen {
                kept.values = run.values;
            }
        }
        Ok(kept)
    }

    fn climb_one(&self, start: &[Vec<f32>], strength: f64) -> Result<Kept> {
        let weights = self.rows.weights(self.config, strength);
        let gradient = Gradient {
            rows: self.rows,
            served: Served { floor: self.config.floor },
            objective: objective(self.config.method, strength),
            with_q: self.config.method == Method::Dr,
            weights: &weights,
            clip: self.config.clip,
        };
        self.run(&Task::Climb(gradient), start.to_vec(), strength)
    }

    /// Epochs until the last or until patience ends; keeps the best, the start among them.
    fn run(&self, task: &Task, start: Vec<Vec<f32>>, strength: f64) -> Result<Kept> {
        let mut actor = self.actor(task, &start);
        let mut kept = Kept { judged: self.judge(task, &actor)?, values: start, metrics: vec![] };
        kept.metrics.push(self.metric(task, 0, strength, kept.judged, true));
        let mut since = 0;
        for epoch in 0..self.config.epochs {
            let before = self.epoch(task, epoch, &mut actor)?;
            let judged = self.judge(task, &actor)?;
            let best = self.judges.is_empty() || judged > kept.judged;
            let metric = self.metric(task, epoch + 1, strength, judged, best);
            kept.metrics.push(Metric { training_loss: before.map(|value| -value), ..metric });
            since += 1;
            if best {
                (kept.values, kept.judged, since) = (actor.network.values()?, judged, 0);
            }
            if since >= self.config.patience {
                break;
            }
        }
        self.finite(&kept.values)?;
        if let Task::Climb(gradient) = task {
            self.sharpen(gradient, &mut kept)?;
        }
        Ok(kept)
    }

    fn actor(&self, task: &Task, start: &[Vec<f32>]) -> Actor {
        let decay = match task {
            Task::Value => self.config.value_decay,
            Task::Climb(_) => self.config.weight_decay,
        };
        let decay = (decay * (1e5 / self.fitting.len() as f64).sqrt()).min(50.0);
        Actor::new(self.shape.clone(), start, decay, self.config.gradient_clip, &self.device)
    }

    fn rate(&self, task: &Task) -> f64 {
        match task {
            Task::Value => self.config.value_rate,
            Task::Climb(_) => self.config.rate,
        }
    }

    /// One pass over the fitting rows in an order drawn for this epoch. Gives the objective before it, standardised,
    /// where all rows had to be looked at for the gradient anyway.
    fn epoch(&self, task: &Task, epoch: usize, actor: &mut Actor) -> Result<Option<f64>> {
        let fitting = &self.fitting;
        let (mut anchor, mut before) = (Anchor::default(), None);
        if let Task::Climb(gradient) = task
            && gradient.objective.needs_anchor()
        {
            let points = gradient.points(fitting, &actor.scores(self.rows, fitting)?);
            (anchor, before) = (gradient.objective.anchor(&points), Some(gradient.objective.value(&points)));
        }
        let mut order = fitting.clone();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(self.seed.named("policy shuffle").indexed(epoch as u64).0));
        let batches = order.len().div_ceil(self.config.batch);
        for (number, rows) in order.chunks(self.config.batch).enumerate() {
            let step = epoch * batches + number;
            let rate = rate_at(step, batches * self.config.epochs, self.rate(task), self.config.warm_up);
            actor.step(rate, self.rows, rows, |scores| {
                let mut slopes = match task {
                    Task::Value => self.errors(rows, scores),
                    Task::Climb(gradient) => gradient.by_score(rows, scores, &anchor),
                };
                slopes.iter_mut().for_each(|slope| *slope /= rows.len() as f64);
                slopes
            })?;
        }
        Ok(before)
    }

    /// r − score of the logged action, `[rows][actions]`: minus the derivative of half the squared error.
    fn errors(&self, rows: &[u32], scores: &[f32]) -> Vec<f64> {
        let actions = self.rows.actions;
        let mut all = vec![0.0; scores.len()];
        for (place, &row) in rows.iter().enumerate() {
            let at = place * actions + usize::from(self.rows.action[row as usize]);
            all[at] = self.rows.reward[row as usize] - f64::from(scores[at]);
        }
        all
    }

    /// The judges' view: a doubly robust value less `caution` standard errors, standardised; for a value start minus
    /// the mean squared error. Without judges 0.
    fn judge(&self, task: &Task, actor: &Actor) -> Result<f64> {
        let judges = &self.judges;
        if judges.is_empty() {
            return Ok(0.0);
        }
        let scores = actor.scores(self.rows, judges)?;
        let Task::Climb(gradient) = task else {
            let squares: f64 = self.errors(judges, &scores).iter().map(|error| error * error).sum();
            return Ok(-squares / judges.len() as f64);
        };
        Ok(self.bound(gradient, &scores))
    }

    /// The judges' lower bound on the value of the policy of `scores`.
    fn bound(&self, gradient: &Gradient, scores: &[f32]) -> f64 {
        let gradient = Gradient { with_q: true, ..*gradient };
        let terms: Vec<f64> = gradient.points(&self.judges, scores).iter().map(Point::term).collect();
        self.rows.held_out(&self.judges, &terms).bound(self.config.caution)
    }

    /// Multiplies the scores with the sharpness that the judges like best: 1 unless another is better.
    fn sharpen(&self, gradient: &Gradient, kept: &mut Kept) -> Result<()> {
        if self.judges.is_empty() {
            return Ok(());
        }
        let scores = self.actor(&Task::Climb(*gradient), &kept.values).scores(self.rows, &self.judges)?;
        let mut best = 1.0;
        for &sharpness in &self.config.sharpness {
            let scaled: Vec<f32> = scores.iter().map(|score| (f64::from(*score) * sharpness) as f32).collect();
            let judged = self.bound(gradient, &scaled);
            if judged > kept.judged {
                (best, kept.judged) = (sharpness, judged);
            }
        }
        sharpen(&self.shape, &mut kept.values, 1.0 / best);
        Ok(())
    }

    fn metric(&self, task: &Task, step: usize, strength: f64, judged: f64, best: bool) -> Metric {
        let rate = rate_at(step.max(1) - 1, self.config.epochs, self.rate(task), self.config.warm_up);
        let (learner, judged, heads) = match task {
            Task::Value => ("policy value start", judged, vec![]),
            Task::Climb(_) => ("policy", self.unit.centre + self.unit.unit * judged, vec![strength]),
        };
        Metric {
            learner: learner.into(),
            step,
            rate,
            training_loss: None,
            validation_loss: (!self.judges.is_empty()).then_some(-judged),
            heads,
            best,
        }
    }

    fn finite(&self, values: &[Vec<f32>]) -> Result<()> {
        if values.iter().flatten().all(|value| value.is_finite()) {
            return Ok(());
        }
        Err(Error::Training {
            learner: "policy".into(),
            reason: format!(
                "the scores are no longer finite; lower rate (now {}) or gradient_clip (now {}), and look for enormous \
                 revenues in the log",
                self.config.rate, self.config.gradient_clip
            ),
        })
    }
}

/// The objective of a gradient method at a strength.
fn objective(method: Method, strength: f64) -> Objective {
    match method {
        Method::Ips | Method::Dr => Objective::Mean { variance: strength },
        Method::Snips => Objective::SelfNormalised { variance: strength },
        Method::Ls => Objective::Smoothed { lambda: strength },
        Method::Awr | Method::Wll | Method::Pessimistic => Objective::Likelihood,
    }
}

#[cfg(test)]
mod tests {
    use super::super::actor::{shape, uniform_start};
    use super::super::held_out::HeldOut;
    use super::*;

    /// Two actions of the same mean reward, the second logged rarely and its reward wild.
    fn logged() -> Logged {
        let mut rows = Logged::new(1, 2);
        for row in 0..400u32 {
            let rare = row % 10 == 0;
            rows.x.push(1.0);
            rows.action.push(u16::from(rare));
            rows.propensity.push(if rare { 0.1 } else { 0.9 });
            rows.reward.push(if rare { 1.02 + if row % 20 == 0 { 3.0 } else { -3.0 } } else { 1.0 });
            rows.q_hat.extend([0.0, 0.0]);
            rows.member.push(row);
            rows.fold.push(0);
            rows.validation.push(false);
        }
        rows
    }

    #[test]
    fn the_variance_penalty_gives_up_a_little_value_for_less_variance() {
        let rows = logged();
        let device = Device::flex();
        for method in [Method::Ips, Method::Dr, Method::Snips] {
            let deviation = |variance: f64| {
                let config = PolicyConfig {
                    method,
                    variance: vec![variance],
                    rate: 0.05,
                    batch: 400,
                    epochs: 60,
                    ..PolicyConfig::default()
                };
                let search = Search {
                    rows: &rows,
                    config: &config,
                    fitting: rows.rows(false),
                    judges: vec![],
                    shape: shape(&rows, &[], 0, vec![]),
                    unit: Unit { centre: 0.0, unit: 1.0 },
                    seed: Seed(1),
                    device: device.clone(),
                };
                let start = uniform_start(&search.shape, Seed(2), &device).unwrap();
                let kept = search.climb(&start).unwrap();
                let scores = search.actor(&Task::Value, &kept.values).scores(&rows, &search.fitting).unwrap();
                let gradient = Gradient {
                    rows: &rows,
                    served: Served { floor: 0.05 },
                    objective: Objective::Mean { variance: 0.0 },
                    with_q: true,
                    weights: &[],
                    clip: 100.0,
                };
                let terms: Vec<f64> = gradient.points(&search.fitting, &scores).iter().map(Point::term).collect();
                HeldOut::of(&terms, &rows.member).error
            };
            let (free, held) = (deviation(0.0), deviation(3.0));
            assert!(held < 0.9 * free, "{method:?}: {held} under the penalty, {free} without");
        }
    }
}
