//! Off-policy confidence sequence (Karampatziakis, Mineiro & Ramdas 2021, "Off-policy Confidence Sequences"; Howard,
//! Ramdas, McAuliffe & Sekhon 2021, proposition 9): bounds that hold at all n at once, so one may look after every
//! event and stop when one likes.
//!
//! For X ≥ 0 with mean μ, and any guess x̂ ≤ 1 made before X is seen, Fan's inequality makes exp(λ(X − μ) + (λ + ln(1 −
//! λ))(X − x̂)²) a factor of mean ≤ 1 for every λ in [0, 1). Their product over events, mixed over λ with the density ∝
//! (1 − λ)^(ρ−1) e^(−ρ(1−λ)), is a wealth that exceeds 1/α with probability ≤ α ever (Ville). With s = ΣX − nμ and v =
//! Σ(X − x̂)² it is e^(s+v) ∫₀¹ u^(v+ρ−1) e^(−u(s+v+ρ)) du / ∫₀¹ u^(ρ−1) e^(−ρu) du. X = w·r′ gives the lower bound and
//! X = w(1 − r′) the upper, r′ being the reward scaled to [0, 1] and ρ = 1.

use super::root::solve;
use super::special::ln_scaled_lower_gamma;
use super::{BoundsError, Interval, RewardRange, range};
use crate::moments::Compensated;

/// An anytime-valid interval for V with rewards in a known range and weights ≥ 0 of which nothing else need be known.
/// Memory does not grow. The order of events matters (each guess x̂ uses what came before), so two of them can't be
/// merged: push the log in the order in which it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfidenceSequence {
    rewards: RewardRange,
    events: u64,
    from_below: Side,
    from_above: Side,
}

/// ΣX and Σ(X − x̂)² of one side.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Side {
    sum: Compensated,
    spread: Compensated,
}

impl ConfidenceSequence {
    /// For rewards in this range.
    pub fn new(rewards: RewardRange) -> Self {
        ConfidenceSequence { rewards, events: 0, from_below: Side::default(), from_above: Side::default() }
    }

    /// Adds the next event of the log.
    ///
    /// # Errors
    /// A negative or not finite weight, or a reward outside the range; the event is then not counted.
    pub fn push(&mut self, weight: f64, reward: f64) -> Result<(), BoundsError> {
        let (below, above) = self.rewards.sides(weight, reward)?;
        self.from_below.push(below, self.events);
        self.from_above.push(above, self.events);
        self.events += 1;
        Ok(())
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The interval now. All intervals ever asked for hold at once with probability 1 − `alpha`; with few events, or
    /// all weights zero, it is the whole reward range. Twenty to forty evaluations of the wealth for each end.
    ///
    /// # Errors
    /// `alpha` outside (0, 1), or bounds that cross, which happens with probability ≤ alpha when `E[w] = 1`
    /// ([`BoundsError::Contradiction`]).
    pub fn interval(&self, alpha: f64) -> Result<Interval, BoundsError> {
        let threshold = (2.0 / range::checked_alpha(alpha)?).ln();
        let lower = self.from_below.least(self.events, threshold);
        let upper = 1.0 - self.from_above.least(self.events, threshold);
        self.rewards.cut(self.rewards.min() + lower * self.rewards.width(), self.rewards.at(upper))
    }

    /// Whether `value` lies outside the interval at this `alpha` now. Much cheaper than the interval: it solves
    /// nothing.
    ///
    /// # Errors
    /// `alpha` outside (0, 1), or `value` outside the reward range.
    pub fn excludes(&self, value: f64, alpha: f64) -> Result<bool, BoundsError> {
        let threshold = (2.0 / range::checked_alpha(alpha)?).ln();
        let (low, high) = self.log_wealth(value)?;
        Ok(low > threshold || high > threshold)
    }

    /// The evidence against `value`: natural logs of the two wealths, against V ≤ `value` and against V ≥ `value`. Each
    /// exceeds ln(1/α) ever with probability ≤ α if its claim is true.
    ///
    /// # Errors
    /// `value` outside the reward range.
    pub fn log_wealth(&self, value: f64) -> Result<(f64, f64), BoundsError> {
        range::inside("the value", value, self.rewards.min(), self.rewards.max())?;
        let share = (value - self.rewards.min()) / self.rewards.width();
        Ok((self.from_below.log_wealth(self.events, share), self.from_above.log_wealth(self.events, 1.0 - share)))
    }
}

impl Side {
    /// Adds X ≥ 0 as the event after `before` others. The guess is (½ + ΣX)/(before + 1), but never above one: Fan's
    /// inequality needs X − x̂ ≥ −1. (vw-estimators 0.2.2 leaves that out, and is then not valid after early large
    /// weights.)
    fn push(&mut self, x: f64, before: u64) {
        let guess = ((self.sum.total() + 0.5) / (before as f64 + 1.0)).min(1.0);
        self.spread.add((x - guess) * (x - guess));
        self.sum.add(x);
    }

    fn log_wealth(&self, events: u64, mean: f64) -> f64 {
        // For ρ = 1 the normaliser is ∫₀¹ e^(−u) du = 1 − 1/e.
        let (s, a) = (self.sum.total() - events as f64 * mean, self.spread.total() + 1.0);
        ln_scaled_lower_gamma(a, s + a) - 1f64.exp_m1().ln()
    }

    /// The least mean in [0, 1] whose wealth is at most exp(`threshold`); the wealth falls as the mean grows.
    fn least(&self, events: u64, threshold: f64) -> f64 {
        let over = |mean: f64| self.log_wealth(events, mean) - threshold;
        if events == 0 || over(0.0) <= 0.0 {
            return 0.0;
        }
        // At or above the mean of X the wealth is below one.
        let top = (self.sum.total() / events as f64).min(1.0);
        if over(top) >= 0.0 { top } else { solve(0.0, top, 0.0, over) }
    }
}
