//! Intervals for the value of a policy that hold for finite samples or at any time, beside the normal ones of
//! [`Evaluation`](crate::Evaluation).
//!
//! All of them take importance weights w = π_e(a|x) / π_b(a|x) and rewards r, and speak of V = `E[w·r]`. They assume
//! independent decisions (one a member, or members weighed alone), exact propensities and full support, so that
//! `E[w] = 1`. None of them knows of clusters: copy a member's rows and they narrow without right.
//!
//! | call | holds for | needs | mergeable |
//! | --- | --- | --- | --- |
//! | [`WeightedRewards::gaussian`] | large n | nothing | yes |
//! | [`WeightedRewards::cressie_read_interval`] | large n; good at small n | reward range; weight range helps | yes |
//! | [`WeightedRewards::clopper_pearson`] | rare rewards; see its page | reward range, largest weight | yes |
//! | [`WeightedRewards::hoeffding`] | every n | reward range, largest weight | yes |
//! | [`WeightedRewards::empirical_bernstein`] | every n ≥ 2 | reward range, largest weight | yes |
//! | [`empirical_likelihood_interval`] | large n; good at small n | reward range; weight range helps | no: all rows |
//! | [`ConfidenceSequence`] | all n at once | reward range | no: order of the log |
//! | [`BettingSequence`] | all n at once | reward range | no: order of the log |
//!
//! Ranges are what *can* occur, not what did: the smallest and largest weight in a log are no bounds.
//!
//! ```
//! use guerdon_ope::bounds::{RewardRange, WeightRange, WeightedRewards};
//!
//! let mut sums = WeightedRewards::default();
//! for i in 0..1000u32 {
//!     sums.push(if i % 2 == 0 { 1.5 } else { 0.5 }, f64::from(i % 4 == 0))?;
//! }
//! let (weights, rewards) = (WeightRange::new(0.5, 1.5)?, RewardRange::new(0.0, 1.0)?);
//! let interval = sums.empirical_bernstein(&weights, &rewards, 0.05)?;
//! assert!(interval.contains(0.375));
//! # Ok::<(), guerdon_ope::bounds::BoundsError>(())
//! ```

mod betting;
mod clopper_pearson;
mod concentration;
mod cressie_read;
mod error;
mod gaussian;
mod likelihood;
mod range;
mod root;
mod sequence;
mod special;
mod sums;

pub use betting::BettingSequence;
pub use error::BoundsError;
pub use likelihood::{empirical_likelihood, empirical_likelihood_interval};
pub use range::{Interval, RewardRange, WeightRange};
pub use sequence::ConfidenceSequence;
pub use sums::WeightedRewards;
