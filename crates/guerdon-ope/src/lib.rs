//! Off-policy estimators with intervals clustered by member, and the certificate that lets a number out or refuses it.
//!
//! Slices and rows in, estimates out: this crate knows no model and no file. Every one-step estimator is a function of
//! jointly summed components, so all of them share one mergeable statistic ([`JointMoments`]) and one formula for the variance.
//!
//! ```
//! use guerdon_ope::{Estimator, Evaluation, Row};
//!
//! // A fair coin chose between two actions; the target policy always takes the first.
//! let mut evaluation = Evaluation::new(&[Estimator::Ips, Estimator::Snips], 2);
//! for member in 0..1000u64 {
//!     let action = (member % 2) as usize;
//!     let target = [1.0, 0.0];
//!     let row = Row { reward: 3.0 - action as f64, propensity: 0.5, action, target: &target, q_hat: None, eligible: None, logging: None };
//!     evaluation.push(member, &row);
//! }
//! let estimates = evaluation.estimates(0.95);
//! assert_eq!(estimates[1].value, Some(3.0));
//! ```
//!
//! Sequences of decisions are valued in [`sequential`]. What this crate does not do: fit q̂.

#![forbid(unsafe_code)]

mod automatic;
mod bootstrap;
pub mod bounds;
mod certificate;
mod difference;
mod estimate;
mod estimators;
mod evaluation;
pub mod kernel;
mod leverage;
mod moments;
pub mod ratio;
pub mod selection;
pub mod sequential;
mod sheet;
mod tail;
mod terms;
mod tuning;
pub mod uplift;
mod wanted;

pub use certificate::{Certificate, Facts, Gates, Verdict};
pub use difference::{Difference, PairedDifference};
pub use estimate::{Estimate, Status};
pub use estimators::{Estimator, Factors, Level};
pub use evaluation::Evaluation;
pub use moments::{ClusterMoments, JointMoments};
pub use terms::{Classes, Row, Terms};
pub use tuning::{Family, Rule};
pub use wanted::Wanted;
