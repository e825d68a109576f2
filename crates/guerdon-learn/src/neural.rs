//! The training loop of the neural learner.

use crate::checkpoint::{self, Best, State};
use crate::config::NeuralConfig;
use crate::dataset::Dataset;
use crate::loss::{self, Batch, HeadWeights};
use crate::metrics::Metric;
use crate::network::{Network, Shape, read, tensor};
use crate::optimiser::{Optimiser, rate_at};
use burn::tensor::{Device, Tensor};
use guerdon_core::{Error, Progress, Result, Seed};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::path::PathBuf;

/// What a run needs.
pub(crate) struct Run<'a> {
    pub data: &'a Dataset,
    pub config: &'a NeuralConfig,
    /// As [`Shape::traits`].
    pub traits: Vec<f32>,
    pub seed: Seed,
    pub device: Device,
    /// Where to keep checkpoints, and what names this run in them.
    pub checkpoint: Option<(PathBuf, String)>,
    /// At most this many epochs now; the rest when the run is started again.
    pub session_epochs: Option<usize>,
}

/// A trained network.
#[derive(Debug, Clone)]
pub(crate) struct Fitted {
    pub network: Network,
    pub scale: Scale,
    pub metrics: Vec<Metric>,
}

/// The unit of the revenue head: revenue = mean + std · output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    pub mean: f32,
    pub std: f32,
}

impl Run<'_> {
    /// Trains, keeping the epoch with the least validation loss.
    ///
    /// # Errors
    /// [`Error::Training`] for a loss that is not finite and for a run that pauses after `session_epochs`; errors of
    /// the checkpoint.
    pub fn fit(&self, progress: &dyn Progress) -> Result<Fitted> {
        let fitting = self.data.rows(false);
        let validation = self.data.rows(true);
        let scale = self.scale(&fitting);
        let shape = self.shape();
        let mut state = self.begin(&shape, &fitting)?;
        let mut network = Network::from_values(shape.clone(), &state.parameters, &self.device);
        let decay = self.config.weight_decay * (1e5 / fitting.len() as f64).sqrt();
        let mut optimiser = Optimiser::new(state.parameters.len(), decay.min(50.0) as f32, self.config.clip as f32);
        optimiser.restore(std::mem::take(&mut state.moments), &shape.parameters(), &self.device);
        progress.start("train neural", Some(self.config.epochs as u64));
        progress.advance(state.epochs as u64);
        let last = self.session_epochs.map_or(self.config.epochs, |more| state.epochs + more).min(self.config.epochs);
        while state.epochs < last && !self.stopped(&state) {
            let training_loss = self.epoch(state.epochs, &fitting, scale, &mut network, &mut optimiser)?;
            state.epochs += 1;
            self.judge(&mut state, &network, training_loss, &validation, scale, progress)?;
            self.keep(&mut state, &network, &optimiser)?;
            progress.advance(1);
        }
        progress.finish();
        if state.epochs < self.config.epochs && !self.stopped(&state) {
            return Err(Error::Training {
                learner: "neural".into(),
                reason: format!(
                    "paused after {} of {} epochs, as asked; start it again with the same checkpoint to go on",
                    state.epochs, self.config.epochs
                ),
            });
        }
        let parameters = state.best.map_or(state.parameters, |best| best.parameters);
        let network = Network::from_values(shape, &parameters, &self.device);
        Ok(Fitted { network, scale, metrics: state.metrics })
    }

    fn shape(&self) -> Shape {
        let traits = if self.config.share { self.traits.clone() } else { vec![] };
        let data = self.data;
        Shape {
            inputs: data.inputs,
            hidden: self.config.hidden.clone(),
            heads: data.heads,
            actions: data.actions,
            traits,
        }
    }

    /// The run where a checkpoint left it, or from the start.
    fn begin(&self, shape: &Shape, fitting: &[u32]) -> Result<State> {
        if let Some((path, run)) = &self.checkpoint {
            let sizes: Vec<usize> = shape.parameters().iter().map(|[rows, columns]| rows * columns).collect();
            if let Some(state) = checkpoint::load(path, run, &sizes)? {
                return Ok(state);
            }
        }
        let start = self.start(fitting);
        let network = Network::initial(shape.clone(), &start, self.seed.named("weights"), &self.device);
        let parameters = network.values()?;
        let moments = vec![None; parameters.len()];
        Ok(State { epochs: 0, parameters, moments, best: None, metrics: vec![] })
    }

    /// Mean and standard deviation of revenue over the fitting rows, or over those that reached the stage without which
    /// there is none.
    fn scale(&self, rows: &[u32]) -> Scale {
        let reached = |row: &&u32| {
            let stage = self.data.revenue_stage;
            stage.is_none_or(|stage| self.data.targets_of(**row as usize)[stage] > 0.0)
        };
        let rows: Vec<u32> = rows.iter().filter(reached).copied().collect();
        let revenue = |row: &u32| f64::from(self.data.targets_of(*row as usize)[self.data.heads - 1]);
        let n = rows.len().max(1) as f64;
        let mean = rows.iter().map(revenue).sum::<f64>() / n;
        let variance = rows.iter().map(|row| (revenue(row) - mean).powi(2)).sum::<f64>() / n;
        let std = if variance > 0.0 { variance.sqrt() } else { 1.0 };
        Scale { mean: mean as f32, std: std as f32 }
    }

    /// What each head starts from: the logit of its mean over the fitting rows; 0 for (standardised) revenue.
    fn start(&self, rows: &[u32]) -> Vec<f32> {
        let heads = self.data.heads;
        let mut sums = vec![0.0f64; heads];
        for &row in rows {
            sums.iter_mut().zip(self.data.targets_of(row as usize)).for_each(|(sum, y)| *sum += f64::from(*y));
        }
        let n = rows.len() as f64;
        let logit = |sum: &f64| (((sum + 0.5) / (n - sum + 0.5)).ln()) as f32;
        let mut start: Vec<f32> = sums[..heads - 1].iter().map(logit).collect();
        start.push(0.0);
        start
    }

    /// One pass over the fitting rows in an order drawn for this epoch; gives the mean loss.
    fn epoch(
        &self,
        epoch: usize,
        fitting: &[u32],
        scale: Scale,
        network: &mut Network,
        optimiser: &mut Optimiser,
    ) -> Result<f64> {
        let mut order = fitting.to_vec();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(self.seed.named("shuffle").indexed(epoch as u64).0));
        let batches = order.len().div_ceil(self.config.batch);
        let weights = self.head_weights();
        let mut sum = Tensor::<1>::zeros([1], &self.device);
        for (number, rows) in order.chunks(self.config.batch).enumerate() {
            let step = epoch * batches + number;
            let rate = rate_at(step, batches * self.config.epochs, self.config.rate, self.config.warm_up);
            let batch = self.batch(rows, scale);
            let tracked = network.tracked();
            let heads = loss::per_head(tracked.forward(batch.x.clone().autodiff()), &batch, self.data.actions);
            let loss = (heads * weights.clone()).sum();
            sum = sum + loss.clone().inner().mul_scalar(rows.len() as f32);
            *network = optimiser.step(rate, &tracked, &mut loss.backward());
        }
        let mean = f64::from(read(sum)?[0]) / order.len() as f64;
        self.finite(mean, epoch + 1, "training")?;
        Ok(mean)
    }

    /// Mean loss per head over `rows`, without gradients.
    fn evaluate(&self, network: &Network, rows: &[u32], scale: Scale) -> Result<Vec<f64>> {
        let mut sums = vec![0.0; self.data.heads];
        for rows in rows.chunks(2048) {
            let batch = self.batch(rows, scale);
            let heads = read(loss::per_head(network.forward(batch.x.clone()), &batch, self.data.actions))?;
            sums.iter_mut().zip(heads).for_each(|(sum, head)| *sum += f64::from(head) * rows.len() as f64);
        }
        Ok(sums.into_iter().map(|sum| sum / rows.len() as f64).collect())
    }

    /// Compares the epoch that just ended with the best so far.
    fn judge(
        &self,
        state: &mut State,
        network: &Network,
        training_loss: f64,
        validation: &[u32],
        scale: Scale,
        progress: &dyn Progress,
    ) -> Result<()> {
        let mut metric = Metric {
            learner: "neural".into(),
            step: state.epochs,
            rate: rate_at(state.epochs - 1, self.config.epochs, self.config.rate, self.config.warm_up),
            training_loss: Some(training_loss),
            validation_loss: None,
            heads: vec![],
            best: validation.is_empty(),
        };
        if !validation.is_empty() {
            metric.heads = self.evaluate(network, validation, scale)?;
            let weights = loss::weights(self.data.heads, self.weights());
            let total = metric.heads.iter().zip(weights).map(|(loss, weight)| loss * f64::from(weight)).sum();
            self.finite(total, state.epochs, "validation")?;
            metric.validation_loss = Some(total);
            if state.best.as_ref().is_none_or(|best| total < best.loss) {
                metric.best = true;
                state.best = Some(Best { loss: total, epoch: state.epochs, parameters: network.values()? });
            }
        }
        let validation_loss = metric.validation_loss.map_or(String::new(), |loss| format!(", validation {loss:.5}"));
        progress.note(&format!("epoch {}: loss {training_loss:.5}{validation_loss}", state.epochs));
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
    fn stopped(&self, state: &State) -> bool {
        state.best.as_ref().is_some_and(|best| state.epochs - best.epoch >= self.config.patience)
    }

    fn batch(&self, rows: &[u32], scale: Scale) -> Batch {
        let data = self.data;
        let mut x = Vec::with_capacity(rows.len() * data.inputs);
        let mut targets = Vec::with_capacity(rows.len() * data.heads);
        let mut actions = Vec::with_capacity(rows.len());
        for &row in rows {
            let row = row as usize;
            x.extend_from_slice(data.context(row));
            targets.extend_from_slice(data.targets_of(row));
            if let Some(revenue) = targets.last_mut() {
                *revenue = (*revenue - scale.mean) / scale.std;
            }
            actions.push(data.action[row]);
        }
        Batch::new(x, &actions, targets, data.revenue_stage, &self.device)
    }

    fn weights(&self) -> HeadWeights {
        HeadWeights {
            reach: self.config.reach_weight as f32,
            paid: self.config.paid_weight as f32,
            revenue: self.config.revenue_weight as f32,
        }
    }

    fn head_weights(&self) -> Tensor<1> {
        let weights = loss::weights(self.data.heads, self.weights());
        let heads = weights.len();
        tensor(weights, [1, heads], &self.device).reshape([heads]).autodiff()
    }

    fn finite(&self, loss: f64, epoch: usize, which: &str) -> Result<()> {
        if loss.is_finite() {
            return Ok(());
        }
        Err(Error::Training {
            learner: "neural".into(),
            reason: format!(
                "the {which} loss of epoch {epoch} is {loss}; lower rate (now {}) or clip (now {}), and look for \
                 enormous revenues in the log",
                self.config.rate, self.config.clip
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guerdon_core::NoProgress;

    /// Rows of one feature, two actions and the heads stage, paid and revenue.
    fn data(contexts: &[f32]) -> Dataset {
        let mut data = Dataset::new(1, 3, 2);
        for (row, x) in contexts.iter().enumerate() {
            data.x.push(*x);
            data.action.push((row % 2) as u16);
            data.targets.extend([1.0, 0.0, x * 3.0]);
            data.validation.push(row % 5 == 0);
        }
        data
    }

    fn fit(data: &Dataset, config: &NeuralConfig) -> Result<Fitted> {
        let run = Run {
            data,
            config,
            traits: vec![1.0, 1.0],
            seed: Seed(1),
            device: Device::flex(),
            checkpoint: None,
            session_epochs: None,
        };
        run.fit(&NoProgress)
    }

    fn config() -> NeuralConfig {
        NeuralConfig {
            hidden: vec![8],
            batch: 16,
            epochs: 40,
            rate: 0.02,
            weight_decay: 0.0,
            ..NeuralConfig::default()
        }
    }

    #[test]
    fn a_loss_that_is_not_finite_stops_the_run_with_what_would_do() {
        let error = fit(&data(&[0.0, 1.0, f32::NAN, 1.0]), &config()).unwrap_err();
        assert_eq!(error.exit_code(), 1);
        assert!(error.to_string().contains("lower rate (now 0.02)"), "{error}");
    }

    #[test]
    fn the_epoch_with_the_least_validation_loss_is_kept_and_patience_ends_the_run() {
        let contexts: Vec<f32> = (0..200).map(|row| (row as f32 * 0.37).sin()).collect();
        let impatient = NeuralConfig { patience: 1, rate: 1.0, ..config() };
        let fitted = fit(&data(&contexts), &impatient).unwrap();
        let losses: Vec<f64> = fitted.metrics.iter().filter_map(|metric| metric.validation_loss).collect();
        let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
        let kept = fitted.metrics.iter().rfind(|metric| metric.best).unwrap();
        assert_eq!(kept.validation_loss, Some(least));
        assert!(fitted.metrics.len() == 40 || fitted.metrics.len() == kept.step + 1);
    }

    #[test]
    fn a_line_is_learned_without_noise() {
        let contexts: Vec<f32> = (0..400).map(|row| (row as f32 * 0.37).sin()).collect();
        let fitted = fit(&data(&contexts), &config()).unwrap();
        let last = fitted.metrics.last().unwrap();
        assert!(last.heads[2] < 2e-3, "half the squared error of standardised revenue is {}", last.heads[2]);
    }

    #[test]
    fn without_validation_rows_the_last_epoch_is_kept() {
        let mut all = data(&[0.5, -0.5, 1.0, 0.0]);
        all.validation.fill(false);
        let fitted = fit(&all, &NeuralConfig { epochs: 3, ..config() }).unwrap();
        assert_eq!(fitted.metrics.len(), 3);
        assert!(fitted.metrics.iter().all(|metric| metric.best && metric.validation_loss.is_none()));
    }
}
