//! Learners: each ends in a frozen policy.
//!
//! ```no_run
//! use guerdon_core::{MemberSplit, NoProgress, Seed};
//! use guerdon_data::LogReader;
//! use guerdon_learn::{LearnerConfig, TrainOptions, train};
//! use std::path::Path;
//!
//! # fn main() -> guerdon_core::Result<()> {
//! let log = LogReader::open(Path::new("starbucks.parquet"))?;
//! let split = MemberSplit { seed: Seed(7).named("split"), train_share: 0.7 };
//! let options = TrainOptions::new(Seed(7), split);
//! let trained = train(&log, &LearnerConfig::named("neural")?, &options, &NoProgress)?;
//! trained.policy.save(Path::new("neural.safetensors"))?;
//! # Ok(())
//! # }
//! ```
//!
//! [`train`] first fits the encoder to the training members' contexts. Then ridge and the Bayesian linear learner keep sums
//! of the rows, the neural learner reads them into memory or block by block, and the others hold them. All that predict
//! outcomes predict the same heads: the chance of each funnel stage, the chance that the reward pays, and revenue, for
//! every action; the policy learner gives scores, or outcomes with a lower bound. [`CrossFit`] gives estimators a q̂ that
//! never saw the member it speaks of, and [`fit_heads`] gives simulators an ensemble.
//!
//! This crate values no policy and takes no decision.

#![forbid(unsafe_code)]

#[cfg(test)]
extern crate self as guerdon_learn; // for what the unit tests share with those in tests/

mod accumulate;
mod bayes_linear;
#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;
mod config;
mod crossfit;
mod effects;
mod encoding;
mod export;
mod gram;
mod heads;
mod lanes;
mod lift;
mod linear;
mod linear_members;
mod linear_posterior;
mod logistic;
mod members;
mod moments;
mod neural_config;
mod newton;
pub mod online;
mod outcomes;
mod policy_learning;
mod pooling;
mod posterior;
mod predictor;
mod reading;
mod reference;
mod related;
mod ridge;
mod rows;
mod shape;
mod system;
mod table;
mod train;
mod traits;
mod trees;

pub use config::{Actions, ConstantConfig, LearnerConfig, PosteriorConfig, RidgeConfig, UniformConfig};
pub use crossfit::CrossFit;
pub use effects::{Base, EffectsConfig, Method as EffectMethod};
pub use encoding::{Levels, fit_encoder};
pub use guerdon_neural::{Device, Metric};
pub use heads::{Applies, FittedHeads, HeadPlan, fit_heads};
pub use lift::RandomFeatures;
pub use linear::{LinearHeads, Shrinkage, choose_lambda, mean_squared_error, solve};
pub use members::forget_checkpoint;
pub use moments::Moments;
pub use neural_config::{AmountResponse, FunnelModel, NeuralConfig, RevenueFit};
pub use policy_learning::{Baseline, Method as PolicyMethod, PolicyConfig, QHat, Start};
pub use predictor::{Parity, Predictor, parity};
pub use reference::{Reference, reference_policy};
pub use rows::request;
pub use train::{TrainOptions, Trained, train};
pub use trees::{AmountShape, TreesConfig};
