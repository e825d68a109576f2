//! From a log and a configuration to a frozen policy.

use crate::config::{LearnerConfig, PosteriorConfig, RidgeConfig};
use crate::effects::{self, EffectsConfig};
use crate::encoding::{Levels, fit_encoder};
use crate::lift::{Lift, Lifted, RandomFeatures};
use crate::linear_members::Members;
use crate::members::Job;
use crate::neural_config::{FunnelModel, NeuralConfig, RevenueFit};
use crate::outcomes::Outcomes;
use crate::policy_learning;
use crate::pooling::Examples;
use crate::predictor::{Kind, Predictor};
use crate::reading::{Reading, Stream, is_validation};
use crate::reference::{Reference, parts, reference_policy};
use crate::rows::{Visited, for_fitting};
use crate::shape::shape;
use crate::table::Table;
use crate::trees::{self, TreesConfig};
use crate::{bayes_linear, export, logistic, ridge};
use guerdon_core::{Error, MemberSplit, Progress, Remarks, Result, Seed};
use guerdon_data::LogReader;
use guerdon_neural::{Device, Metric, Source};
use guerdon_policy::{ChanceLink, Encoder, Exploration, OutcomeModel, Policy, Training};
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
    /// is an error. Several networks keep files beside it; [`crate::forget_checkpoint`] removes them all.
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
    /// What was chosen by the data and done to them: penalties, where revenue was cut, which stage follows which.
    pub remarks: Vec<String>,
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
    let remarks = Remarks::new(progress);
    let session = Session { log, config, options, progress: &remarks };
    let trained = match config {
        LearnerConfig::Ridge(ridge) => session.ridge(ridge),
        LearnerConfig::BayesLinear(bayes) => session.bayes_linear(bayes),
        LearnerConfig::Logistic(logistic) => session.logistic(logistic),
        LearnerConfig::Neural(neural) => session.neural(neural),
        LearnerConfig::Policy(policy) => session.freeze(policy_learning::learn(log, policy, options, &remarks)?),
        LearnerConfig::Trees(trees) => session.trees(trees),
        LearnerConfig::Effects(effects) => session.effects(effects),
        LearnerConfig::Constant(constant) => session.reference(&Reference::Constant(constant.action.clone())),
        LearnerConfig::Uniform(_) => session.reference(&Reference::Uniform),
    }?;
    Ok(Trained { remarks: remarks.into_kept(), ..trained })
}

/// One call of [`train`].
struct Session<'a> {
    log: &'a LogReader,
    config: &'a LearnerConfig,
    options: &'a TrainOptions,
    progress: &'a dyn Progress,
}

/// What all linear learners are told beside how to fit.
struct Linear<'a> {
    levels: Levels,
    random: &'a RandomFeatures,
    winsorize: f64,
    pessimism: f64,
    exploration: Exploration,
}

impl<'a> Linear<'a> {
    fn of(config: &'a PosteriorConfig, default_draws: usize) -> Self {
        Linear {
            levels: config.levels,
            random: &config.random_features,
            winsorize: config.winsorize,
            pessimism: config.pessimism,
            exploration: config.exploration(config.draws(default_draws)),
        }
    }
}

/// What a learner hands over to be frozen.
pub(crate) struct Learned {
    pub encoder: Encoder,
    pub model: OutcomeModel,
    pub exploration: Exploration,
    pub visited: Visited,
    pub device: Device,
    pub metrics: Vec<Metric>,
    pub predictor: Predictor,
}

impl Session<'_> {
    fn ridge(&self, config: &RidgeConfig) -> Result<Trained> {
        let linear = Linear {
            levels: config.levels,
            random: &config.random_features,
            winsorize: config.winsorize,
            pessimism: 0.0,
            exploration: config.exploration,
        };
        self.linear(linear, |examples| {
            let fitted = ridge::fit(examples, config, self.options.seed, self.progress)?;
            Ok((Members::one(fitted.heads), fitted.metrics, fitted.visited))
        })
    }

    fn bayes_linear(&self, config: &PosteriorConfig) -> Result<Trained> {
        self.linear(Linear::of(config, bayes_linear::DRAWS), |examples| {
            let fitted = bayes_linear::fit(examples, config, self.options.seed, self.progress)?;
            let members = Members { members: fitted.members, link: ChanceLink::Clamp, revenue_stage: None, lift: None };
            Ok((members, fitted.metrics, fitted.visited))
        })
    }

    fn logistic(&self, config: &PosteriorConfig) -> Result<Trained> {
        self.linear(Linear::of(config, logistic::DRAWS), |examples| {
            let fitted = logistic::fit(examples, config, self.options.seed, self.progress)?;
            let (link, revenue_stage) = (ChanceLink::Sigmoid, fitted.revenue_stage);
            Ok((Members { members: fitted.members, link, revenue_stage, lift: None }, fitted.metrics, fitted.visited))
        })
    }

    /// Fits an encoder, lets `fit` fit linear models, and freezes them.
    fn linear(
        &self,
        settings: Linear,
        fit: impl Fn(Examples) -> Result<(Members, Vec<Metric>, Visited)>,
    ) -> Result<Trained> {
        let include = |member: &str| self.options.split.is_train(member);
        let log = &for_fitting(self.log, self.progress)?;
        let outcomes = &Outcomes::winsorized(log, &include, settings.winsorize, self.progress)?;
        let encoder = fit_encoder(log, &include, settings.levels, self.progress)?;
        let random = settings.random;
        let lift = (random.count > 0).then(|| Lift::draw(&encoder, random, self.options.seed.named("random features")));
        let plain = Examples { log, outcomes, encoder: &encoder, include: &include };
        let (mut members, metrics, visited) = match &lift {
            Some(lift) => fit(Examples { encoder: &Lifted { encoder: &encoder, lift }, ..plain })?,
            None => fit(plain)?,
        };
        members.lift = lift;
        self.freeze(Learned {
            model: members.model(outcomes.heads(), settings.pessimism),
            encoder,
            exploration: settings.exploration,
            visited,
            device: Device::Cpu,
            metrics,
            predictor: Predictor(Kind::Members(members)),
        })
    }

    fn neural(&self, config: &NeuralConfig) -> Result<Trained> {
        let device = self.options.device.open()?;
        let include = |member: &str| self.options.split.is_train(member);
        let validation = |member: &str| is_validation(self.options.seed, member, config.validation_share);
        let encoder = fit_encoder(self.log, &include, config.levels, self.progress)?;
        let outcomes = Outcomes::winsorized(self.log, &include, config.winsorize, self.progress)?;
        let reading = Reading::new(self.log, &encoder, &include, &validation, outcomes, self.options.seed);
        let follows = match config.funnel {
            FunnelModel::Chain => reading.follows(self.progress)?,
            FunnelModel::Separate => vec![],
        };
        let (data, visited) = reading.all(config.memory_rows, config.revenue(), self.progress)?;
        let stream;
        let source: &dyn Source = match &data {
            Some(data) => data,
            None => {
                stream = Stream { reading, rows: config.memory_rows / config.members };
                &stream
            }
        };
        let checkpoint = match &self.options.checkpoint {
            Some(path) => Some((path.clone(), self.run_id()?)),
            None => None,
        };
        let job = Job {
            source,
            config,
            shape: shape(config, source.layout(), follows, &self.log.meta().catalogue)?,
            seed: self.options.seed,
            device,
            checkpoint,
            session_epochs: self.options.session_epochs,
        };
        let (model, metrics) = job.fit(self.progress)?;
        if config.revenue() == RevenueFit::Tweedie {
            let most = model.scale.most;
            self.progress.remark(&format!(
                "no action is expected to bring more than {most:.2}, the largest revenue learned from"
            ));
        }
        self.freeze(Learned {
            model: export::neural(&model)?,
            encoder,
            exploration: config.exploration(),
            visited,
            device: self.options.device,
            metrics,
            predictor: Predictor(Kind::Neural(model)),
        })
    }

    fn trees(&self, config: &TreesConfig) -> Result<Trained> {
        let include = |member: &str| self.options.split.is_train(member);
        let part = |member: &str| u8::from(is_validation(self.options.seed, member, config.validation_share));
        let encoder = fit_encoder(self.log, &include, config.levels, self.progress)?;
        let outcomes = Outcomes::winsorized(self.log, &include, config.winsorize, self.progress)?;
        let (table, visited) = Table::read(self.log, &outcomes, &encoder, &include, &part, self.progress)?;
        let fitted = trees::fit(&table, &self.log.meta().catalogue, config, self.options.seed, self.progress)?;
        self.freeze(Learned {
            model: OutcomeModel::Trees(trees::model(&fitted)),
            encoder,
            exploration: config.exploration,
            visited,
            device: Device::Cpu,
            metrics: fitted.metrics.clone(),
            predictor: Predictor(Kind::Trees(Box::new(fitted))),
        })
    }

    fn effects(&self, config: &EffectsConfig) -> Result<Trained> {
        let include = |member: &str| self.options.split.is_train(member);
        let part = effects::folds(self.options.seed, config.folds);
        let encoder = fit_encoder(self.log, &include, config.levels, self.progress)?;
        let outcomes = Outcomes::winsorized(self.log, &include, config.winsorize, self.progress)?;
        let (table, visited) = Table::read(self.log, &outcomes, &encoder, &include, &part, self.progress)?;
        let fitted = effects::fit(&table, self.log.meta(), config, self.options.seed, self.progress)?;
        self.freeze(Learned {
            model: OutcomeModel::Linear(export::linear(&fitted.heads, table.heads)),
            encoder,
            exploration: config.exploration,
            visited,
            device: Device::Cpu,
            metrics: fitted.metrics,
            predictor: Predictor(Kind::Members(Members::one(fitted.heads))),
        })
    }

    fn reference(&self, reference: &Reference) -> Result<Trained> {
        let policy = reference_policy(self.log.meta(), reference, self.options.seed)?;
        let mut parts = policy.parts().clone();
        if let Some(name) = &self.options.name {
            parts.name.clone_from(name);
        }
        parts.training = Some(self.training(Visited::default(), Device::Cpu)?);
        Ok(Trained { policy: Policy::new(parts)?, metrics: vec![], predictor: Predictor(Kind::Fixed), remarks: vec![] })
    }

    fn freeze(&self, learned: Learned) -> Result<Trained> {
        let name = self.options.name.clone().unwrap_or_else(|| self.config.name().to_owned());
        let exploration = self.options.exploration.unwrap_or(learned.exploration);
        let mut parts = parts(self.log.meta(), name, learned.encoder, learned.model, exploration, self.options.seed);
        parts.training = Some(self.training(learned.visited, learned.device)?);
        let Learned { metrics, predictor, .. } = learned;
        Ok(Trained { policy: Policy::new(parts)?, metrics, predictor, remarks: vec![] })
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
