//! Learning a policy itself from logged decisions: a stochastic π(a | x), with a floor, that maximises an estimate of
//! its own value.
//!
//! | file | what |
//! | --- | --- |
//! | `config` | settings |
//! | `logged` | decisions in memory: rewards, propensities, eligible sets, cross-fitted q̂ |
//! | `served` | scores to probabilities as they are served, and back |
//! | `objective` | what is maximised, with exact derivatives |
//! | `gradient` | the derivative of each row's scores |
//! | `actor` | the network that scores, on burn |
//! | `search` | epochs, early stopping, choice of strength by held-out value |
//! | `held_out` | that value |
//! | `pessimistic` | the lower bound of a ridge posterior, without gradients |
//!
//! There are no checkpoints: a run keeps its rows in memory and starts again.

mod actor;
mod config;
mod gradient;
mod held_out;
mod logged;
mod objective;
mod pessimistic;
mod search;
mod served;

pub use config::{Baseline, Method, PolicyConfig, QHat, Start};
pub(crate) use pessimistic::Widths;

use crate::config::{Actions, RidgeConfig};
use crate::encoding::fit_encoder;
use crate::linear::LinearHeads;
use crate::linear_members::Members;
use crate::outcomes::Outcomes;
use crate::pooling::Examples;
use crate::predictor::{Kind, Predictor};
use crate::reading::is_validation;
use crate::train::{Learned, TrainOptions};
use crate::traits::traits;
use crate::{Shrinkage, choose_lambda, export, ridge, solve};
use actor::{Actor, carried, linear_start, shape, sharpen, uniform_start};
use guerdon_core::{Progress, Result, Seed};
use guerdon_data::LogReader;
use guerdon_neural::{Device, Network};
use guerdon_policy::{Encoder, Exploration, OutcomeModel, ScoresModel};
use logged::{Logged, Reading, Unit};
use rayon::prelude::*;
use search::Search;

/// Learns a policy as `config` says from the members that `options` train on.
///
/// # Errors
/// As [`crate::train`].
pub(crate) fn learn(
    log: &LogReader,
    config: &PolicyConfig,
    options: &TrainOptions,
    progress: &dyn Progress,
) -> Result<Learned> {
    let include = |member: &str| options.split.is_train(member);
    let validation = |member: &str| is_validation(options.seed, member, config.validation_share);
    let encoder = fit_encoder(log, &include, config.levels, progress)?;
    let outcomes = Outcomes::winsorized(log, &include, config.winsorize, progress)?;
    let reading = Reading {
        log,
        outcomes: &outcomes,
        encoder: &encoder,
        include: &include,
        validation: &validation,
        folds: config.folds,
        seed: options.seed,
    };
    let (rows, visited) = Logged::read(&reading, progress)?;
    let lesson = Lesson { log, outcomes: &outcomes, config, options, progress };
    progress.start(&format!("learn policy ({})", config.method.name()), None);
    let learned = if config.method == Method::Pessimistic {
        lesson.pessimistic(rows, encoder)?
    } else {
        lesson.gradient(rows, encoder)?
    };
    progress.finish();
    Ok(Learned { visited, ..learned })
}

/// One call of [`learn`].
struct Lesson<'a> {
    log: &'a LogReader,
    outcomes: &'a Outcomes,
    config: &'a PolicyConfig,
    options: &'a TrainOptions,
    progress: &'a dyn Progress,
}

impl Lesson<'_> {
    fn gradient(&self, mut rows: Logged, encoder: Encoder) -> Result<Learned> {
        let config = self.config;
        let unit = rows.standardise(config.baseline);
        let traits = if config.share { traits(&self.log.meta().catalogue) } else { vec![] };
        let extra = if config.start == Start::Ridge { carried(&rows) } else { 0 };
        let (seed, device) = (self.options.seed.named("policy"), self.options.device.open()?);
        if config.q_hat == QHat::Network {
            rows.q_hat = self.network_q_hat(&rows, &traits, unit, seed, &device)?;
        }
        let shape = shape(&rows, &config.hidden, extra, traits);
        let search = Search {
            rows: &rows,
            config,
            fitting: rows.rows(false),
            judges: rows.rows(true),
            shape: shape.clone(),
            unit,
            seed,
            device: device.clone(),
        };
        let weights = seed.named("weights");
        let mut metrics = vec![];
        let start = match config.start {
            Start::Zero => uniform_start(&shape, weights, &device)?,
            Start::Ridge => linear_start(&shape, &ridge_start(&rows)?, 1.0 / config.temperature, weights, &device)?,
            Start::Value => {
                let mut kept = search.value()?;
                sharpen(&shape, &mut kept.values, config.temperature);
                metrics.append(&mut kept.metrics);
                kept.values
            }
        };
        let mut kept = search.climb(&start)?;
        metrics.append(&mut kept.metrics);
        let network = Network::from_values(shape, &kept.values, &device);
        Ok(Learned {
            model: OutcomeModel::Scores(ScoresModel { layers: export::layers(&network)? }),
            encoder,
            exploration: Exploration::Softmax { temperature: 1.0, floor: config.floor },
            visited: Default::default(),
            device: self.options.device,
            metrics,
            predictor: Predictor(Kind::Scores(network)),
        })
    }

    /// q̂ by one network per fold, each fitted to the fitting rows of all other folds; nobody stops it early.
    fn network_q_hat(
        &self,
        rows: &Logged,
        traits: &[f32],
        unit: Unit,
        seed: Seed,
        device: &burn::tensor::Device,
    ) -> Result<Vec<f32>> {
        let fold = |fold: usize| {
            let inside = |row: &u32| usize::from(rows.fold[*row as usize]) == fold;
            let search = Search {
                rows,
                config: self.config,
                fitting: rows.rows(false).into_iter().filter(|row| !inside(row)).collect(),
                judges: vec![],
                shape: shape(rows, &self.config.q_hidden, 0, traits.to_vec()),
                unit,
                seed: seed.named("q").indexed(fold as u64),
                device: device.clone(),
            };
            let own: Vec<u32> = (0..rows.len() as u32).filter(inside).collect();
            let scores = Actor::new(search.shape.clone(), &search.value()?.values, 0.0, 1.0, device);
            Ok((scores.scores(rows, &own)?, own))
        };
        let folds: Vec<Result<(Vec<f32>, Vec<u32>)>> = (0..self.config.folds).into_par_iter().map(fold).collect();
        let mut q_hat = vec![0.0; rows.q_hat.len()];
        for fold in folds {
            let (scores, own) = fold?;
            for (row, scores) in own.into_iter().zip(scores.chunks_exact(rows.actions)) {
                q_hat[row as usize * rows.actions..][..rows.actions].copy_from_slice(scores);
            }
        }
        Ok(q_hat)
    }

    /// κ is chosen on fits that the judges had no part in; the model that is frozen is then fitted to all members.
    fn pessimistic(&self, rows: Logged, encoder: Encoder) -> Result<Learned> {
        let share = self.config.validation_share;
        // The widths are those of the hybrid model.
        let actions = Actions::Hybrid;
        let ridge =
            RidgeConfig { actions, validation_share: share, levels: self.config.levels, ..RidgeConfig::default() };
        let (kappa, metrics) = pessimistic::choose_kappa(&rows, self.config, &ridge.penalties, ridge.prior_rows)?;
        let include = |member: &str| self.options.split.is_train(member);
        let examples = Examples { log: self.log, outcomes: self.outcomes, encoder: &encoder, include: &include };
        let fitted = ridge::fit(examples, &ridge, self.options.seed, self.progress)?;
        let [mut all, held_out] = rows.moments();
        let (lambda, _) = choose_lambda(&all, &held_out, 0, &ridge.penalties, ridge.prior_rows, "policy")?;
        all.iter_mut().zip(&held_out).for_each(|(all, part)| all.merge(part));
        let shrinkage = Shrinkage { lambda, prior_rows: ridge.prior_rows };
        let widths = Widths::of(&all, &solve(&all, shrinkage, "policy")?, shrinkage)?;
        let layer = export::linear(&fitted.heads, fitted.heads.targets - 1);
        let margin = self.log.meta().environment.economics.margin;
        Ok(Learned {
            model: OutcomeModel::Ensemble(widths.ensemble(&layer, margin, kappa)?),
            encoder,
            exploration: Exploration::EpsilonGreedy { epsilon: self.config.floor },
            visited: fitted.visited,
            device: Device::Cpu,
            metrics,
            predictor: Predictor(Kind::Bound(Members::one(fitted.heads), widths, kappa)),
        })
    }
}

/// Ridge per action on the standardised rewards of the fitting rows, its penalty chosen by those that judge.
fn ridge_start(rows: &Logged) -> Result<LinearHeads> {
    let RidgeConfig { penalties, prior_rows, .. } = RidgeConfig::default();
    let [fitting, held_out] = rows.moments();
    let (lambda, _) = choose_lambda(&fitting, &held_out, 0, &penalties, prior_rows, "policy")?;
    solve(&fitting, Shrinkage { lambda, prior_rows }, "policy")
}
