//! The training loop of one network of the neural learner.

use crate::checkpoint::{self, Best, State};
use crate::dataset::{Dataset, Source};
use crate::hyperparameters::Hyperparameters;
use crate::loss::{self, Batch};
use crate::metrics::Metric;
use crate::network::{Network, Shape, read, tensor};
use crate::optimiser::{Optimiser, rate_at};
use crate::summary::{Scale, Summary};
use burn::tensor::{Device, Tensor};
use guerdon_core::{Error, Progress, Result, Seed};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::path::PathBuf;

/// What one network needs to be trained.
pub struct Run<'a> {
    /// The rows.
    pub source: &'a dyn Source,
    /// How to step.
    pub hyper: &'a Hyperparameters,
    /// The network's sizes.
    pub shape: &'a Shape,
    /// What the fitting rows are like, see [`Summary::of`].
    pub summary: &'a Summary,
    /// The network's name in metrics and errors.
    pub name: String,
    /// Where first weights and shuffles are drawn from.
    pub seed: Seed,
    /// Where it runs, see [`crate::Device::open`].
    pub device: Device,
    /// The bootstrap sample that it sees, if not all rows.
    pub sample: Option<u64>,
    /// Train to the end of this many epochs on all rows, the validation members' too; `None` keeps these apart and
    /// chooses by them.
    pub refit: Option<usize>,
    /// Where to keep checkpoints, and what names this run in them.
    pub checkpoint: Option<(PathBuf, String)>,
    /// At most this many epochs now; the rest when the run is started again.
    pub session_epochs: Option<usize>,
}

/// A trained network.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// With the parameters of the epoch that was kept.
    pub network: Network,
    /// The epoch that was kept.
    pub epochs: usize,
    /// One per epoch.
    pub metrics: Vec<Metric>,
}

/// A run between two epochs.
pub(crate) struct Training<'a> {
    run: &'a Run<'a>,
    counts: Counts,
    state: State,
    network: Network,
    optimiser: Optimiser,
    /// How many epochs the run has in all, and at which one this call ends.
    epochs: usize,
    last: usize,
}

/// How many rows there are.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    fitting: usize,
    validation: usize,
}

impl Training<'_> {
    /// Whether there is an epoch left for this call.
    pub fn goes_on(&self) -> bool {
        self.state.epochs < self.last && !self.run.stopped(&self.state, self.counts)
    }

    /// Does one.
    pub fn epoch(&mut self, progress: &dyn Progress) -> Result<()> {
        let Training { run, counts, state, network, optimiser, .. } = self;
        let training_loss = run.epoch(state.epochs, *counts, network, optimiser)?;
        state.epochs += 1;
        run.judge(state, network, training_loss, *counts, progress)?;
        run.keep(state, network, optimiser)?;
        progress.advance(1);
        Ok(())
    }

    /// The network of the epoch to keep; an error for a run that pauses.
    pub fn finish(self) -> Result<Fitted> {
        let Training { run, counts, state, epochs, .. } = self;
        if state.epochs < epochs && !run.stopped(&state, counts) {
            let reason = format!(
                "paused after {} of {epochs} epochs, as asked; start it again with the same checkpoint to go on",
                state.epochs
            );
            return Err(run.error(reason));
        }
        let kept = state.best.as_ref().map_or(state.epochs, |best| best.epoch);
        let parameters = state.best.map_or(state.parameters, |best| best.parameters);
        let network = Network::from_values(run.shape.clone(), &parameters, &run.device);
        Ok(Fitted { network, epochs: kept, metrics: state.metrics })
    }
}

impl Run<'_> {
    /// Trains, keeping the epoch with the least validation loss (the last one where nothing is held out).
    ///
    /// # Errors
    /// [`Error::Training`] for a loss that is not finite and for a run that pauses after `session_epochs`; errors of
    /// the source and of the checkpoint.
    pub fn fit(&self, progress: &dyn Progress) -> Result<Fitted> {
        let mut training = self.start(progress)?;
        while training.goes_on() {
            training.epoch(progress)?;
        }
        training.finish()
    }

    /// Makes the run ready for its next epoch.
    pub(crate) fn start(&self, progress: &dyn Progress) -> Result<Training<'_>> {
        let counts = self.counts()?;
        let mut state = self.begin()?;
        let network = Network::from_values(self.shape.clone(), &state.parameters, &self.device);
        let decay = self.hyper.decay(counts.fitting);
        let mut optimiser = Optimiser::new(state.parameters.len(), decay as f32, self.hyper.clip as f32);
        optimiser.restore(std::mem::take(&mut state.moments), &self.shape.parameters(), &self.device);
        progress.advance(state.epochs as u64);
        let passes = self.hyper.passes(counts.fitting);
        let epochs = self.refit.map_or(passes, |epochs| epochs.min(passes));
        let last = self.session_epochs.map_or(epochs, |more| state.epochs + more).min(epochs);
        Ok(Training { run: self, counts, state, network, optimiser, epochs, last })
    }

    fn counts(&self) -> Result<Counts> {
        let mut counts = Counts::default();
        self.source.blocks(None, &mut |block| {
            counts.fitting += self.fitting(block).len();
            counts.validation += self.held_out(block).len();
            Ok(())
        })?;
        if counts.fitting > 0 {
            return Ok(counts);
        }
        Err(self.error("no rows are left to fit on; lower validation_share, or give a larger log".into()))
    }

    fn fitting(&self, block: &Dataset) -> Vec<u32> {
        block.fitting_rows(self.refit.is_some(), self.sample)
    }

    fn held_out(&self, block: &Dataset) -> Vec<u32> {
        if self.refit.is_some() { vec![] } else { block.validation_rows() }
    }

    /// The run where a checkpoint left it, or from the start.
    fn begin(&self) -> Result<State> {
        if let Some((path, run)) = &self.checkpoint {
            let sizes: Vec<usize> = self.shape.parameters().iter().map(|[rows, columns]| rows * columns).collect();
            if let Some(mut state) = checkpoint::load(path, run, &sizes)? {
                state.metrics.iter_mut().for_each(|metric| metric.learner.clone_from(&self.name));
                return Ok(state);
            }
        }
        let seed = self.seed.named("weights");
        let network = Network::initial(self.shape.clone(), &self.summary.start, seed, &self.device);
        let parameters = network.values()?;
        let moments = vec![None; parameters.len()];
        Ok(State { epochs: 0, parameters, moments, best: None, metrics: vec![] })
    }

    /// One pass over the fitting rows, block by block, each block's in an order drawn for this epoch; gives the mean
    /// loss.
    fn epoch(&self, epoch: usize, counts: Counts, network: &mut Network, optimiser: &mut Optimiser) -> Result<f64> {
        let seed = self.seed.named("shuffle").indexed(epoch as u64);
        let mut random = ChaCha8Rng::seed_from_u64(seed.0);
        let batches = counts.fitting.div_ceil(self.hyper.batch);
        let (mut done, mut step) = (0, epoch * batches);
        let weights = self.head_weights();
        let mut sum = Tensor::<1>::zeros([1], &self.device);
        self.source.blocks(Some(seed), &mut |block| {
            let mut order = self.fitting(block);
            order.shuffle(&mut random);
            for rows in order.chunks(self.hyper.batch) {
                let rate =
                    rate_at(step, batches * self.hyper.passes(counts.fitting), self.hyper.rate, self.hyper.warm_up);
                let batch = self.batch(block, rows);
                let tracked = network.tracked();
                let heads = loss::per_head(tracked.forward(batch.x.clone().autodiff()), &batch, self.shape);
                let loss = (heads * weights.clone()).sum();
                sum = sum.clone() + loss.clone().inner().mul_scalar(rows.len() as f32);
                *network = optimiser.step(rate, &tracked, &mut loss.backward());
                step += 1;
            }
            done += order.len();
            Ok(())
        })?;
        let mean = f64::from(read(sum)?[0]) / done as f64;
        self.finite(mean, epoch + 1, "training")?;
        Ok(mean)
    }

    /// Mean loss per head over the validation rows, without gradients.
    fn evaluate(&self, network: &Network, rows: usize) -> Result<Vec<f64>> {
        let mut sums = vec![0.0; self.shape.heads];
        self.source.blocks(None, &mut |block| {
            for rows in self.held_out(block).chunks(2048) {
                let batch = self.batch(block, rows);
                let heads = read(loss::per_head(network.forward(batch.x.clone()), &batch, self.shape))?;
                sums.iter_mut().zip(heads).for_each(|(sum, head)| *sum += f64::from(head) * rows.len() as f64);
            }
            Ok(())
        })?;
        Ok(sums.into_iter().map(|sum| sum / rows as f64).collect())
    }

    /// Compares the epoch that just ended with the best so far.
    fn judge(
        &self,
        state: &mut State,
        network: &Network,
        training_loss: f64,
        counts: Counts,
        progress: &dyn Progress,
    ) -> Result<()> {
        let mut metric = Metric {
            learner: self.name.clone(),
            step: state.epochs,
            rate: rate_at(state.epochs - 1, self.hyper.passes(counts.fitting), self.hyper.rate, self.hyper.warm_up),
            training_loss: Some(training_loss),
            validation_loss: None,
            heads: vec![],
            best: counts.validation == 0,
        };
        if counts.validation > 0 {
            metric.heads = self.evaluate(network, counts.validation)?;
            let total = metric.heads.iter().zip(self.weights()).map(|(loss, weight)| loss * f64::from(weight)).sum();
            self.finite(total, state.epochs, "validation")?;
            metric.validation_loss = Some(total);
            if state.best.as_ref().is_none_or(|best| total < best.loss) {
                metric.best = true;
                state.best = Some(Best { loss: total, epoch: state.epochs, parameters: network.values()? });
            }
        }
        let validation_loss = metric.validation_loss.map_or(String::new(), |loss| format!(", validation {loss:.5}"));
        progress.note(&format!("{}, epoch {}: loss {training_loss:.5}{validation_loss}", self.name, state.epochs));
        state.metrics.push(metric);
        Ok(())
    }

    /// Writes the checkpoint, if there is to be one.
    fn keep(&self, state: &mut State, network: &Network, optimiser: &Optimiser) -> Result<()> {
        state.parameters = network.values()?;
        if let Some((path, run)) = &self.checkpoint {
            state.moments = optimiser.save()?;
            checkpoint::save(path, run, state)?;
        }
        Ok(())
    }

    /// Whether the validation loss has not improved for `patience` epochs.
    fn stopped(&self, state: &State, counts: Counts) -> bool {
        state.best.as_ref().is_some_and(|best| state.epochs - best.epoch >= self.hyper.patience_for(counts.fitting))
    }

    fn batch(&self, block: &Dataset, rows: &[u32]) -> Batch {
        let Scale { zero, unit, .. } = self.summary.scale;
        let mut x = Vec::with_capacity(rows.len() * self.shape.inputs);
        let mut targets = Vec::with_capacity(rows.len() * self.shape.heads);
        let mut actions = Vec::with_capacity(rows.len());
        for &row in rows {
            let row = row as usize;
            x.extend_from_slice(block.context(row));
            targets.extend_from_slice(block.targets_of(row));
            if let Some(revenue) = targets.last_mut() {
                *revenue = (*revenue - zero) / unit;
            }
            actions.push(block.action[row]);
        }
        Batch::new(x, &actions, targets, self.shape, &self.device)
    }

    fn weights(&self) -> Vec<f32> {
        loss::weights(self.shape.heads, self.hyper.weights, self.summary.dispersion)
    }

    fn head_weights(&self) -> Tensor<1> {
        let weights = self.weights();
        let heads = weights.len();
        tensor(weights, [1, heads], &self.device).reshape([heads]).autodiff()
    }

    fn finite(&self, loss: f64, epoch: usize, which: &str) -> Result<()> {
        if loss.is_finite() {
            return Ok(());
        }
        Err(self.error(format!(
            "the {which} loss of epoch {epoch} is {loss}; lower rate (now {}) or clip (now {}), and look for \
             enormous revenues in the log",
            self.hyper.rate, self.hyper.clip
        )))
    }

    fn error(&self, reason: String) -> Error {
        Error::Training { learner: self.name.clone(), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Layout;
    use crate::loss::HeadWeights;
    use guerdon_core::NoProgress;

    /// Rows of one feature, two actions and the heads stage, paid and revenue.
    fn data(contexts: &[f32]) -> Dataset {
        let mut data = Dataset::new(Layout { inputs: 1, heads: 3, actions: 2, revenue_stage: None });
        for (row, x) in contexts.iter().enumerate() {
            data.x.push(*x);
            data.action.push((row % 2) as u16);
            data.targets.extend([1.0, 0.0, x * 3.0]);
            data.validation.push(row % 5 == 0);
            data.member.push(row as u64);
        }
        data
    }

    fn fit(data: &Dataset, hyper: &Hyperparameters) -> Result<Fitted> {
        let shape =
            Shape { inputs: 1, hidden: vec![8], heads: 3, actions: 2, traits: vec![1.0, 1.0], ..Shape::default() };
        let run = Run {
            source: data,
            hyper,
            shape: &shape,
            summary: &Summary::of(data, shape.revenue, false)?,
            name: "neural".into(),
            seed: Seed(1),
            device: Device::flex(),
            sample: None,
            refit: None,
            checkpoint: None,
            session_epochs: None,
        };
        run.fit(&NoProgress)
    }

    fn hyper() -> Hyperparameters {
        let weights = HeadWeights { reach: 1.0, paid: 1.0, revenue: 2.0 };
        Hyperparameters {
            rate: 0.02,
            warm_up: 0.1,
            weight_decay: 0.0,
            clip: 1.0,
            batch: 16,
            epochs: 40,
            patience: 6,
            weights,
        }
    }

    #[test]
    fn a_loss_that_is_not_finite_stops_the_run_with_what_would_do() {
        let error = fit(&data(&[0.0, 1.0, f32::NAN, 1.0]), &hyper()).unwrap_err();
        assert_eq!(error.exit_code(), 1);
        assert!(error.to_string().contains("lower rate (now 0.02)"), "{error}");
    }

    #[test]
    fn the_epoch_with_the_least_validation_loss_is_kept_and_patience_ends_the_run() {
        let contexts: Vec<f32> = (0..200).map(|row| (row as f32 * 0.37).sin()).collect();
        let impatient = Hyperparameters { patience: 1, rate: 1.0, ..hyper() };
        let fitted = fit(&data(&contexts), &impatient).unwrap();
        let losses: Vec<f64> = fitted.metrics.iter().filter_map(|metric| metric.validation_loss).collect();
        let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
        let kept = fitted.metrics.iter().rfind(|metric| metric.best).unwrap();
        assert_eq!(kept.validation_loss, Some(least));
        assert!(fitted.metrics.len() == hyper().passes(160) || fitted.metrics.len() == kept.step + 5);
    }

    #[test]
    fn a_line_is_learned_without_noise() {
        let contexts: Vec<f32> = (0..400).map(|row| (row as f32 * 0.37).sin()).collect();
        let fitted = fit(&data(&contexts), &hyper()).unwrap();
        let last = fitted.metrics.last().unwrap();
        assert!(last.heads[2] < 2e-3, "half the squared error of standardised revenue is {}", last.heads[2]);
    }

    #[test]
    fn without_validation_rows_the_last_epoch_is_kept() {
        let mut all = data(&[0.5, -0.5, 1.0, 0.0]);
        all.validation.fill(false);
        let fitted = fit(&all, &Hyperparameters { epochs: 3, ..hyper() }).unwrap();
        assert_eq!(fitted.metrics.len(), 15);
        assert!(fitted.metrics.iter().all(|metric| metric.best && metric.validation_loss.is_none()));
    }
}
