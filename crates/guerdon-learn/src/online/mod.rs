//! Online contextual bandits: learners that decide, see one reward, and learn from it before the next decision.
//!
//! ```
//! use guerdon_core::Seed;
//! use guerdon_learn::online::{Learner, OnlineConfig, OnlineLearner};
//!
//! # fn main() -> guerdon_core::Result<()> {
//! let mut learner = Learner::new(OnlineConfig::named("lints")?, 2, 3, Seed(7))?;
//! for decision in 0..200 {
//!     let x = [1.0, (decision % 3) as f32 - 1.0];
//!     let choice = learner.choose(&x, &[true, true, false], &format!("d-{decision}"))?;
//!     let reward = if (choice.action == 1) == (x[1] > 0.0) { 1.0 } else { 0.0 };
//!     learner.update(&x, choice.action, choice.propensity, reward)?;
//! }
//! let mut p = [0.0; 3];
//! learner.probabilities(&[1.0, 1.0], &[true, true, false], &mut p)?;
//! assert!(p[1] > 0.9 && p[2] == 0.0);
//! # Ok(())
//! # }
//! ```
//!
//! A [`Learner`] is a feature map ([`Features`]), a regressor per arm ([`OnlineRidge`]) and an [`Explorer`]. Every
//! action is drawn from the vector that [`OnlineLearner::probabilities`] gives, so that the propensity that is logged is
//! the exact chance of the draw. Rewards may come late and in any order. [`Learner::freeze`] makes an ordinary bundle of
//! a learner whose features are linear or a network's; [`replay`] measures learners on a stream of which every arm's reward
//! is known, and [`Ranged`] puts rewards in money into the [0, 1] that the learners' defaults suit.
//!
//! The same configuration, seed and calls give the same bytes on one machine. Between machines, `exp`, `ln`, `sin` and
//! `cos` of the platform may differ in the last bit.

mod arms;
mod bits;
mod config;
mod cover;
mod explore;
mod features;
mod freeze;
mod learner;
pub(crate) mod linear_algebra;
mod network;
pub(crate) mod normal;
mod ranged;
mod replay;
mod ridge;
mod thompson;
mod traits;

pub use config::{Explorer, NAMES, OnlineConfig, Resample, ThompsonMethod};
pub use features::Features;
pub use freeze::{FROZEN_DRAWS, FrozenHead};
pub use learner::Learner;
pub(crate) use normal::Normal;
pub use ranged::Ranged;
pub use replay::{Point, Replay, Step, replay};
pub use ridge::{Link, OnlineRidge, RidgeParameters};
pub use thompson::{monte_carlo, quadrature, standard_error};
pub use traits::{Choice, OnlineLearner};
