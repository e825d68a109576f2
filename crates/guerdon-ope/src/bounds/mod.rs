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
//! | [`WeightedCells::empirical_likelihood_interval`] | large n | nothing | yes, in bounded memory |
//! | [`WeightedCells::cautious_likelihood_interval`] | large n, at least; good at small n | reward range; weight range helps | yes, in bounded memory |
//! | [`WeightedRewards::cressie_read_interval`] | large n, at least; good at small n | reward range; weight range helps | yes |
//! | [`WeightedRewards::clopper_pearson`] | rare rewards; see its page | reward range, largest weight | yes |
//! | [`WeightedRewards::hoeffding`] | every n | reward range, largest weight | yes |
//! | [`WeightedRewards::empirical_bernstein`] | every n ≥ 2 | reward range, largest weight | yes |
//! | [`ConfidenceSequence`] | all n at once | reward range | no: order of the log |
//! | [`BettingSequence`] | all n at once | reward range | no: order of the log |
//!
//! Of the likelihoods, the first puts mass on the events seen only and claims its coverage; the other two, as in
//! vw-estimators, also on weights and rewards that the log has not shown, and claim at least their coverage, at a third more
//! width. A sequence over time looks at each prefix of the log, so it needs the log's order: no merging can give it that.
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
mod cautious;
mod cells;
mod clopper_pearson;
mod concentration;
mod cressie_read;
mod error;
mod gaussian;
mod profile;
mod range;
mod root;
mod sequence;
mod special;
mod sums;

pub use betting::BettingSequence;
pub use cells::{USUAL_CELLS, WeightedCells};
pub use error::BoundsError;
pub use range::{Interval, RewardRange, WeightRange};
pub use sequence::ConfidenceSequence;
pub use sums::WeightedRewards;
