//! From a log and a configuration to a frozen policy.

use crate::config::{LearnerConfig, NeuralConfig, RidgeConfig};
use crate::dataset::{Dataset, is_validation};
use crate::device::Device;
use crate::encoding::fit_encoder;
use crate::metrics::Metric;
use crate::neural::Run;
use crate::predictor::{Kind, Predictor};
use crate::reference::{Reference, parts, reference_policy};
use crate::rows::Visited;
use crate::traits::traits;
use crate::{export, ridge};
use guerdon_core::{Error, MemberSplit, Progress, Result, Seed};
use guerdon_data::LogReader;
use guerdon_policy::{Encoder, Exploration, OutcomeModel, Policy, Training};
use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// How a run is made, beside what it learns.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainOptions {
    /// Where every draw of the run comes from; also the seed of the policy's own draws.
    pub seed: Seed,
    /// Who is trained on; the others are never looked at.
    pub split: MemberSplit,
    /// Where the neural learner runs.
    pub device: Device,
    /// The file to keep a neural run's checkpoints in. If it is there and belongs to the same run (configuration, log,
    /// seeds, split, device), the run goes on from it, with the same result to the byte; if it belongs to another, that
    /// is an error.
    pub checkpoint: Option<PathBuf>,
    /// Overrides the configuration's exploration.
    pub exploration: Option<Exploration>,
    /// The policy's name; the learner's by default.
    pub name: Option<String>,
    /// At most this many epochs in this call; a neural run that needs more stops with an error that says so, and
    /// goes on from its checkpoint when it is started again.
    pub session_epochs: Option<usize>,
}

impl TrainOptions {
    /// The usual run: seed and split, on the processor, no checkpoint.
    pub fn new(seed: Seed, split: MemberSplit) -> Self {
        TrainOptions {
            seed,
            split,
            device: Device::Cpu,
            checkpoint: None,
            exploration: None,
            name: None,
            session_epochs: None,
        }
    }
}

/// What training gives.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The frozen policy.
    pub policy: Policy,
    /// One entry per epoch or fit.
    pub metrics: Vec<Metric>,
    /// The model before it was exported, for [`crate::parity`].
    pub predictor: Predictor,
}

/// Trains on the members that the split trains on, and freezes the result.
///
/// Bytes of the policy depend on the log, the configuration, the seeds and the split, and on nothing else (on a GPU: up
/// to the last digits).
///
/// # Errors
/// [`Error::Config`] for a configuration out of range; [`Error::UnknownAction`] for a constant action that there is
/// not; [`Error::Empty`] without training rows; [`Error::Device`] for a GPU that can't be had; [`Error::Mismatch`] for
/// a checkpoint of another run; [`Error::Training`] for a run that gives no usable model.
pub fn train(
    log: &LogReader,
    config: &LearnerConfig,
    options: &TrainOptions,
    progress: &dyn Progress,
) -> Result<Trained> {
    config.check("learner configuration")?;
    let session = Session { log, config, options, progress };
    match config {
        LearnerConfig::Ridge(ridge) => session.ridge(ridge),
        LearnerConfig::Neural(neural) => session.neural(neural),
        LearnerConfig::Constant(constant) => session.reference(&Reference::Constant(constant.action.clone())),
        LearnerConfig::Uniform(_) => session.reference(&Reference::Uniform),
    }
}

/// One call of [`train`].
struct Session<'a> {
    log: &'a LogReader,
    config: &'a LearnerConfig,
    options: &'a TrainOptions,
    progress: &'a dyn Progress,
}

/// What a learner hands over to be frozen.
struct Learned {
    encoder: Encoder,
    model: OutcomeModel,
    exploration: Exploration,
    visited: Visited,
    device: Device,
    metrics: Vec<Metric>,
    predictor: Predictor,
}

impl Session<'_> {
    fn ridge(&self, config: &RidgeConfig) -> Result<Trained> {
        let include = |member: &str| self.options.split.is_train(member);
        let encoder = fit_encoder(self.log, &include, config.levels, self.progress)?;
        let fitted = ridge::fit(self.log, &encoder, &include, config, self.options.seed, self.progress)?;
        let heads = fitted.heads.targets - 1;
        self.freeze(Learned {
            model: OutcomeModel::Linear(export::linear(&fitted.heads, heads)),
            encoder,
            exploration: config.exploration,
            visited: fitted.visited,
            device: Device::Cpu,
            metrics: fitted.metrics,
            predictor: Predictor(Kind::Linear(fitted.heads)),
        })
    }

    fn neural(&self, config: &NeuralConfig) -> Result<Trained> {
        let device = self.options.device.open()?;
        let include = |member: &str| self.options.split.is_train(member);
        let validation = |member: &str| is_validation(self.options.seed, member, config.validation_share);
        let encoder = fit_encoder(self.log, &include, config.levels, self.progress)?;
        let (data, visited) = Dataset::read(self.log, &encoder, &include, &validation, self.progress)?;
        let checkpoint = match &self.options.checkpoint {
            Some(path) => Some((path.clone(), self.run_id()?)),
            None => None,
        };
        let run = Run {
            data: &data,
            config,
            traits: traits(&self.log.meta().catalogue),
            seed: self.options.seed,
            device,
            checkpoint,
            session_epochs: self.options.session_epochs,
        };
        let fitted = run.fit(self.progress)?;
        self.freeze(Learned {
            model: OutcomeModel::Mlp(export::mlp(&fitted.network, fitted.scale, data.revenue_stage)?),
            encoder,
            exploration: config.exploration,
            visited,
            device: self.options.device,
            metrics: fitted.metrics,
            predictor: Predictor(Kind::Neural(fitted.network, fitted.scale, data.revenue_stage)),
        })
    }

    fn reference(&self, reference: &Reference) -> Result<Trained> {
        let policy = reference_policy(self.log.meta(), reference, self.options.seed)?;
        let mut parts = policy.parts().clone();
        if let Some(name) = &self.options.name {
            parts.name.clone_from(name);
        }
        parts.training = Some(self.training(Visited::default(), Device::Cpu)?);
        Ok(Trained { policy: Policy::new(parts)?, metrics: vec![], predictor: Predictor(Kind::Fixed) })
    }

    fn freeze(&self, learned: Learned) -> Result<Trained> {
        let name = self.options.name.clone().unwrap_or_else(|| self.config.name().to_owned());
        let exploration = self.options.exploration.unwrap_or(learned.exploration);
        let mut parts = parts(self.log.meta(), name, learned.encoder, learned.model, exploration, self.options.seed);
        parts.training = Some(self.training(learned.visited, learned.device)?);
        Ok(Trained { policy: Policy::new(parts)?, metrics: learned.metrics, predictor: learned.predictor })
    }

    fn training(&self, visited: Visited, device: Device) -> Result<Training> {
        let meta = self.log.meta();
        Ok(Training {
            learner: self.config.name().into(),
            config: self.config_json()?,
            seed: self.options.seed,
            log_id: meta.log_id.clone(),
            data_sha256: meta.data_sha256.clone(),
            split: self.options.split,
            rows: visited.rows,
            members: visited.members,
            device: device.to_string(),
            code_version: env!("CARGO_PKG_VERSION").into(),
            propensity_source: meta.propensity_source,
        })
    }

    fn config_json(&self) -> Result<serde_json::Value> {
        serde_json::to_value(self.config).map_err(|error| Error::Internal(format!("configuration as JSON: {error}")))
    }

    /// Names the run in its checkpoints: log, seeds, split, device and a hash of the configuration.
    fn run_id(&self) -> Result<String> {
        let config = Sha256::digest(self.config_json()?.to_string().as_bytes());
        let digits: String = config.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let MemberSplit { seed: split, train_share } = self.options.split;
        Ok(format!(
            "log {} config {digits} seed {} split {}/{train_share} device {}",
            self.log.meta().log_id,
            self.options.seed.0,
            split.0,
            self.options.device
        ))
    }
}
