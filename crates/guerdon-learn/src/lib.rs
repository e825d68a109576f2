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
//! [`train`] makes two passes over the training members' decisions: one fits the encoder, one sums (ridge) or encodes
//! (neural) the rows. Both learners predict the same heads: the chance of each funnel stage, the chance that the reward
//! pays, and revenue, for every action. [`CrossFit`] gives estimators a q̂ that never saw the member it speaks of, and
//! [`fit_heads`] gives simulators an ensemble.
//!
//! This crate values no policy and takes no decision.

#![forbid(unsafe_code)]

mod accumulate;
mod checkpoint;
mod config;
mod crossfit;
mod dataset;
mod device;
mod encoding;
mod export;
mod heads;
mod linear;
mod loss;
mod metrics;
mod moments;
mod network;
mod neural;
pub mod online;
mod optimiser;
mod predictor;
mod reference;
mod ridge;
mod rows;
mod train;
mod traits;

pub use config::{ConstantConfig, LearnerConfig, NeuralConfig, RidgeConfig, UniformConfig};
pub use crossfit::CrossFit;
pub use device::Device;
pub use encoding::{Levels, fit_encoder};
pub use heads::{Applies, FittedHeads, HeadPlan, fit_heads};
pub use linear::{LinearHeads, Shrinkage, choose_lambda, mean_squared_error, solve};
pub use metrics::Metric;
pub use moments::Moments;
pub use predictor::{Parity, Predictor, parity};
pub use reference::{Reference, reference_policy};
pub use rows::request;
pub use train::{TrainOptions, Trained, train};
