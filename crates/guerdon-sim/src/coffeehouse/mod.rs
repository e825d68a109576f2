//! `coffeehouse`: a synthetic rewards programme of which everything is known.
//!
//! Members differ in what moves them (money off, games, treats), how often they buy, when they look at their phone and
//! how much they look at offers at all. The programme sees attributes that tell of it with noise, and what members did.
//! Each week a randomised policy picks one of fourteen offers. Purchase-paying rewards also pay those who would have
//! bought anyway; too many offers tire. For every decision and every offer the world knows the expected outcome in
//! closed form ([`truth`]), given the member's latent traits and state, so that any policy's value over the logged
//! decisions is exact.

mod catalogue;
mod draw;
pub mod generate;
mod logging;
mod member;
mod partial;
mod play;
mod response;
pub mod stream;
mod summary;
mod truth;
mod world;
mod write;

pub use catalogue::{Kind, Offer, STAGES, Slot, WINDOW_HOURS, offers};
pub use generate::{Generated, Options, generate};
pub use logging::{POLICY_VERSION, probabilities};
pub use member::{AGE_BANDS, Attributes, DAYPARTS, FAVOURITES, INCOME_BANDS, Latent, Member, TIERS, Tastes};
pub use play::{Choice, Happening, Life, Occurrence};
pub use stream::stream;
pub use summary::Truth;
pub use truth::Expected;
pub use world::{WARM_UP_WEEKS, World};

#[cfg(test)]
mod tests;
