//! Uplift curves: how much of an action's effect a ranking of members catches, treating the best first.
//!
//! Decisions are ranked by a score, best first. At the share φ of the ranking, with ȳ₁(φ) and ȳ₀(φ) the mean outcomes
//! of those of the first φ who got the action and who got the reference, each weighted with one over its propensity,
//!
//! - the **uplift curve** is u(φ) = φ · (ȳ₁(φ) − ȳ₀(φ)): what treating the best φ and nobody else adds to the mean
//!   outcome of all (Rzepakowski & Jaroszewicz 2012; Devriendt et al. 2020). AUUC is ∫ u over φ in \[0, 1\].
//! - the **Qini curve** is q(φ) = φ₁ · (ȳ₁(φ) − ȳ₀(φ)), with φ₁ the share of the treated that is among the first φ
//!   (Radcliffe 2007, in outcome per treated member). The Qini coefficient is ∫ q(φ) − φ · q(1), the area over the
//!   straight line that a random ranking draws.
//!
//! Both end at the mean effect. With constant propensities φ₁ is about φ and the two say the same; they part where the
//! ranking moves who was treated. Ties share one step, so that the order of rows does not matter. AUUC of a random
//! ranking is half the mean effect; Qini of it is 0.
//!
//! ```
//! use guerdon_core::Seed;
//! use guerdon_ope::uplift::{UpliftOptions, UpliftRow, uplift};
//!
//! // The action adds 1 for even members and nothing for odd ones, and the score knows it.
//! let rows: Vec<UpliftRow> = (0..4000u64)
//!     .map(|member| {
//!         let (treated, works) = (member % 4 < 2, member % 2 == 0);
//!         let outcome = f64::from(u8::from(treated && works));
//!         UpliftRow { member, score: f64::from(u8::from(works)), treated, propensity: 0.5, outcome }
//!     })
//!     .collect();
//! let found = uplift(&rows, &UpliftOptions { confidence: 0.95, resamples: 200, seed: Seed(1) })?;
//! assert!((found.effect.value - 0.5).abs() < 1e-9);
//! assert!((found.auuc.value - 0.375).abs() < 1e-9);
//! assert!((found.qini.value - 0.125).abs() < 1e-9);
//! # Ok::<(), guerdon_ope::uplift::UpliftError>(())
//! ```

mod areas;
mod error;

pub use areas::{Area, CurvePoint, UpliftAreas, UpliftOptions, UpliftRow, curve, uplift, uplift_difference};
pub use error::UpliftError;
