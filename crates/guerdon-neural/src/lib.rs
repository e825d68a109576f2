//! Training of one network on burn: a trunk that all actions share and heads for every action, on the processor or a
//! graphics card.
//!
//! [`Run::fit`] takes encoded rows (a [`Source`]), a [`Shape`] and [`Hyperparameters`], and gives the trained
//! [`Network`]. It shuffles, steps, judges by the held-out rows, and keeps checkpoints from which a stopped run goes on
//! to the same bytes. [`fit_all`] does so for several networks side by side. This crate reads no log and knows no policy.

#![forbid(unsafe_code)]

mod checkpoint;
mod curve;
mod dataset;
mod device;
mod hyperparameters;
pub mod links;
mod loss;
mod metrics;
mod network;
mod optimiser;
mod run;
mod side_by_side;
mod summary;

pub use curve::Curve;
pub use dataset::{Dataset, Layout, Source};
pub use device::Device;
pub use hyperparameters::Hyperparameters;
pub use loss::{HeadWeights, RevenueLoss};
pub use metrics::Metric;
pub use network::{Network, Shape, read, tensor};
pub use optimiser::{Optimiser, rate_at};
pub use run::{Fitted, Run};
pub use side_by_side::fit_all;
pub use summary::{Scale, Summary};
