//! Off-policy estimators for episodes: sequences of decisions of any length, with eligibility masks and a discount.
//!
//! An [`Episode`] is one member's decisions in order. It ended truly or was cut ([`End`]). Push every episode once into a
//! [`SequentialEvaluation`], merge parts at will, ask for the estimates. The value is that of an episode: the expected
//! discounted sum of rewards Σ_t γ^t r_t under the target policy, from the distribution of first states in the log.
//!
//! ```
//! use guerdon_core::Seed;
//! use guerdon_ope::sequential::{End, Episode, SequentialEstimator, SequentialEvaluation, Step};
//!
//! // A fair coin chose between two actions, twice an episode; the target policy always takes the first, which pays 1.
//! let mut evaluation = SequentialEvaluation::new(&[SequentialEstimator::Cwpdis], 0.9, Seed(1))?;
//! for member in 0..1000u64 {
//!     let step = |action: u64| Step {
//!         reward: if action == 0 { 1.0 } else { 0.0 },
//!         propensity: 0.5,
//!         target: if action == 0 { 1.0 } else { 0.0 },
//!         model: None,
//!         state: None,
//!     };
//!     let steps = [step(member % 2), step(member / 2 % 2)];
//!     evaluation.push(member, &Episode { steps: &steps, end: End::Terminated })?;
//! }
//! let value = evaluation.estimates(0.95)[0].value.unwrap_or(f64::NAN);
//! assert!((value - 1.9).abs() < 1e-12);
//! # Ok::<(), guerdon_ope::sequential::SequentialError>(())
//! ```
//!
//! **Cut episodes.** IPS, WIS, PDIS, CWPDIS and MIS take a cut for an end: rewards after it count as nothing. DR and WDR
//! put v̂ of the state at the cut in place of what follows, where [`End::Truncated`] carries it, and nothing where it
//! doesn't. DM looks at the first state only, so a cut does not change it. A note with each estimate counts the cuts.
//!
//! **Intervals.** IPS, WIS, PDIS, DR and DM are ratios of two sums over episodes: delta method clustered by member
//! ([`ClusterMoments`](crate::ClusterMoments)). CWPDIS, WDR and MIS are functions of many sums: value ± z · s, with s the
//! standard deviation over a Poisson bootstrap of [`REPLICATES`] replicates, members being what is resampled.
//!
//! **Memory** grows with the longest episode, and for MIS with the transitions seen; never with the number of episodes.
//!
//! **Gates.** Fewer than two members, a small effective sample size, a weight with a large share of all weight, or a mean
//! weight off 1 refuse the number ([`Gates`](crate::Gates)). For all estimators but MIS these look at the cumulative
//! weight of whole episodes; for MIS at its own weights. Support is seen through the mean weight alone, since a step knows
//! only the action that was logged.
//!
//! What it does not do: fit q̂ (FQE), or choose among the estimators.

mod bootstrap;
mod cwpdis;
mod dm;
mod dr;
mod episode;
mod error;
mod estimate;
mod estimator;
mod evaluation;
mod gate;
mod ips;
mod mis;
mod pdis;
mod per_time;
mod wdr;
mod weighted;
mod wis;

pub use bootstrap::REPLICATES;
pub use episode::{End, Episode, Prediction, Step};
pub use error::SequentialError;
pub use estimate::SequentialEstimate;
pub use estimator::SequentialEstimator;
pub use evaluation::SequentialEvaluation;
pub use weighted::LARGEST_WEIGHT;
