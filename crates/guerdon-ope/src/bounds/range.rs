//! Ranges that were checked once, and the interval.

use super::BoundsError;
use serde::{Deserialize, Serialize};

/// Smallest and largest importance weight that can occur, 0 ≤ min < 1 < max ≤ ∞: `E[w] = 1` must lie between.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightRange {
    min: f64,
    max: f64,
}

impl WeightRange {
    /// Nothing is known but w ≥ 0.
    pub const NON_NEGATIVE: WeightRange = WeightRange { min: 0.0, max: f64::INFINITY };

    /// `min` in [0, 1), `max` in (1, ∞].
    ///
    /// # Errors
    /// [`BoundsError::Range`] otherwise.
    pub fn new(min: f64, max: f64) -> Result<Self, BoundsError> {
        if (0.0..1.0).contains(&min) && max > 1.0 {
            Ok(WeightRange { min, max })
        } else {
            Err(BoundsError::Range { what: "weights", min, max, wanted: "give 0 <= min < 1 < max" })
        }
    }

    /// The smallest.
    pub fn min(&self) -> f64 {
        self.min
    }

    /// The largest; may be infinite.
    pub fn max(&self) -> f64 {
        self.max
    }

    pub(super) fn finite_max(&self, method: &'static str) -> Result<f64, BoundsError> {
        if self.max.is_finite() { Ok(self.max) } else { Err(BoundsError::UnboundedWeight { method }) }
    }

    pub(super) fn check(&self, seen: f64) -> Result<(), BoundsError> {
        inside("a weight", seen, self.min, self.max)
    }
}

/// Smallest and largest reward that can occur, min < max, in major units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RewardRange {
    min: f64,
    max: f64,
}

impl RewardRange {
    /// A weighted reward counted from the range's lower end upwards and from its upper end downwards, in units of its width.
    /// Refuses a weight that is negative or not finite, and a reward outside the range.
    pub(super) fn sides(&self, weight: f64, reward: f64) -> Result<(f64, f64), BoundsError> {
        checked_event(weight, reward)?;
        self.check(reward)?;
        let share = (reward - self.min()) / self.width();
        Ok((weight * share, weight * (1.0 - share)))
    }

    /// Finite, `min` < `max`. (Were they equal, the value would be known without a log.)
    ///
    /// # Errors
    /// [`BoundsError::Range`] otherwise.
    pub fn new(min: f64, max: f64) -> Result<Self, BoundsError> {
        if min < max && (max - min).is_finite() {
            Ok(RewardRange { min, max })
        } else {
            Err(BoundsError::Range { what: "rewards", min, max, wanted: "give finite ends with min < max" })
        }
    }

    /// The smallest.
    pub fn min(&self) -> f64 {
        self.min
    }

    /// The largest.
    pub fn max(&self) -> f64 {
        self.max
    }

    /// max − min, above zero.
    pub fn width(&self) -> f64 {
        self.max - self.min
    }

    pub(super) fn check(&self, seen: f64) -> Result<(), BoundsError> {
        inside("a reward", seen, self.min, self.max)
    }

    /// `share` in [0, 1] of the way from min to max.
    pub(super) fn at(&self, share: f64) -> f64 {
        if share >= 1.0 { self.max } else { self.min + share * self.width() }
    }

    /// An interval cut to this range; a contradiction where nothing is left.
    pub(super) fn cut(&self, lower: f64, upper: f64) -> Result<Interval, BoundsError> {
        if lower <= self.max && upper >= self.min && lower <= upper {
            Ok(Interval { lower: lower.max(self.min), upper: upper.min(self.max) })
        } else {
            Err(BoundsError::Contradiction { lower, upper })
        }
    }
}

/// Where the value lies with probability 1 − alpha; both ends belong to it. In major units per decision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

impl Interval {
    /// Whether `value` lies in it.
    pub fn contains(&self, value: f64) -> bool {
        (self.lower..=self.upper).contains(&value)
    }

    /// Upper − lower.
    pub fn width(&self) -> f64 {
        self.upper - self.lower
    }
}

/// `given` if it is a probability of error.
pub(super) fn checked_alpha(given: f64) -> Result<f64, BoundsError> {
    if given > 0.0 && given < 1.0 { Ok(given) } else { Err(BoundsError::Alpha { given }) }
}

/// Nothing if `seen` lies in [min, max].
pub(super) fn inside(what: &'static str, seen: f64, min: f64, max: f64) -> Result<(), BoundsError> {
    if (min..=max).contains(&seen) { Ok(()) } else { Err(BoundsError::Outside { what, seen, min, max }) }
}

/// Nothing if this is an event that a log can hold.
pub(super) fn checked_event(weight: f64, reward: f64) -> Result<(), BoundsError> {
    let squares = (weight * weight).max((weight * reward) * (weight * reward)).max((reward * weight * weight).abs());
    if weight >= 0.0 && weight.is_finite() && reward.is_finite() && squares.is_finite() {
        Ok(())
    } else {
        Err(BoundsError::Event { weight, reward })
    }
}
