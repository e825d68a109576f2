//! The sums of w, r and their products that the mergeable intervals share.

use super::{BoundsError, RewardRange, WeightRange, range};
use crate::moments::Compensated;

/// Sums over events of powers and products of weight and reward: all that the mergeable intervals need. Memory does not
/// grow with the log, and the sums are compensated, so that merging parts gives the whole to about 1e-15.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedRewards {
    events: u64,
    /// Σw, Σw², Σr, Σwr, Σw²r, Σ(wr)².
    sums: [Compensated; 6],
    weight: Extent,
    reward: Extent,
    product: Extent,
}

/// Smallest and largest value seen.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Extent {
    min: f64,
    max: f64,
}

impl Extent {
    const NOTHING: Extent = Extent { min: f64::INFINITY, max: f64::NEG_INFINITY };

    fn join(&mut self, other: Extent) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

impl Default for WeightedRewards {
    fn default() -> Self {
        WeightedRewards {
            events: 0,
            sums: [Compensated::default(); 6],
            weight: Extent::NOTHING,
            reward: Extent::NOTHING,
            product: Extent::NOTHING,
        }
    }
}

impl WeightedRewards {
    /// Adds one event: its importance `weight` ≥ 0 and its `reward` in major units.
    ///
    /// # Errors
    /// [`BoundsError::Event`] for a negative or not finite weight, a reward that is not finite, or squares that
    /// overflow; the event is then not counted.
    pub fn push(&mut self, weight: f64, reward: f64) -> Result<(), BoundsError> {
        range::checked_event(weight, reward)?;
        let product = weight * reward;
        let terms = [weight, weight * weight, reward, product, weight * product, product * product];
        self.events += 1;
        self.sums.iter_mut().zip(terms).for_each(|(sum, term)| sum.add(term));
        self.weight.join(Extent { min: weight, max: weight });
        self.reward.join(Extent { min: reward, max: reward });
        self.product.join(Extent { min: product, max: product });
        Ok(())
    }

    /// Adds all events of `other`.
    pub fn merge(&mut self, other: &WeightedRewards) {
        self.events += other.events;
        self.sums.iter_mut().zip(other.sums).for_each(|(sum, theirs)| sum.add(theirs.total()));
        self.weight.join(other.weight);
        self.reward.join(other.reward);
        self.product.join(other.product);
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The largest weight seen; nothing before the first event.
    pub fn max_weight(&self) -> Option<f64> {
        (self.events > 0).then_some(self.weight.max)
    }

    /// The mean of w·r, that is the IPS estimate; nothing before the first event.
    pub fn mean(&self) -> Option<f64> {
        (self.events > 0).then(|| self.wr() / self.n())
    }

    pub(super) fn n(&self) -> f64 {
        self.events as f64
    }

    pub(super) fn w(&self) -> f64 {
        self.sums[0].total()
    }

    pub(super) fn w2(&self) -> f64 {
        self.sums[1].total()
    }

    pub(super) fn r(&self) -> f64 {
        self.sums[2].total()
    }

    pub(super) fn wr(&self) -> f64 {
        self.sums[3].total()
    }

    pub(super) fn w2r(&self) -> f64 {
        self.sums[4].total()
    }

    pub(super) fn w2r2(&self) -> f64 {
        self.sums[5].total()
    }

    /// Unbiased sample variance of w·r; for two events or more.
    pub(super) fn variance(&self) -> f64 {
        let n = self.n();
        ((self.w2r2() - self.wr() * self.wr() / n) / (n - 1.0)).max(0.0)
    }

    /// At least `wanted` events, and not all weights zero.
    pub(super) fn enough(&self, wanted: u64) -> Result<(), BoundsError> {
        if self.events < wanted {
            Err(BoundsError::TooFew { events: self.events, wanted })
        } else if self.weight.max == 0.0 {
            Err(BoundsError::NoOverlap { events: self.events })
        } else {
            Ok(())
        }
    }

    /// All that was seen lies in the stated ranges. For one event or more.
    pub(super) fn within(&self, weights: &WeightRange, rewards: &RewardRange) -> Result<(), BoundsError> {
        self.weights_within(weights)?;
        rewards.check(self.reward.min)?;
        rewards.check(self.reward.max)
    }

    pub(super) fn weights_within(&self, weights: &WeightRange) -> Result<(), BoundsError> {
        weights.check(self.weight.min)?;
        weights.check(self.weight.max)
    }

    /// All products w·r lie in [min, max]. For one event or more.
    pub(super) fn products_within(&self, min: f64, max: f64) -> Result<(), BoundsError> {
        range::inside("a weight times its reward", self.product.min, min, max)?;
        range::inside("a weight times its reward", self.product.max, min, max)
    }
}
