//! Confidence sequence by betting (Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by
//! betting", for importance-weighted rewards as in Karampatziakis, Mineiro & Ramdas 2021): tighter than the mixture of
//! [`ConfidenceSequence`](super::ConfidenceSequence), for a grid of values and more work an event.
//!
//! Against the claim `E[X]` ≤ m one bets λ_t in [0, ½/m] before each X ≥ 0 and multiplies the wealth by 1 + λ_t (X −
//! m), a factor of mean ≤ 1 if the claim is true. The bet is the approximate growth-optimal one, λ = (μ̂ − m) / (σ̂² +
//! (μ̂ − m)²), cut to that range, with μ̂ and σ̂² from the events before. X = w·r′ gives the lower bound and X = w(1 −
//! r′) the upper, r′ being the reward scaled to [0, 1].

use super::{BoundsError, Interval, RewardRange, range};

/// The largest bet as a share of the one that could lose everything.
const LARGEST_STAKE: f64 = 0.5;

/// An anytime-valid interval for V with rewards in a known range and weights ≥ 0. A value that was once excluded stays
/// excluded, so the intervals only shrink. The order of events matters, so two of them can't be merged. Memory and time
/// an event are proportional to the number of steps of the grid.
#[derive(Debug, Clone, PartialEq)]
pub struct BettingSequence {
    rewards: RewardRange,
    events: u64,
    from_below: Side,
    from_above: Side,
}

/// Bets against `E[X]` ≤ k/steps for k = 0, 1, …, steps − 1.
#[derive(Debug, Clone, PartialEq)]
struct Side {
    sum: f64,
    squares: f64,
    wealths: Vec<Wealth>,
}

/// Natural logs of a wealth now and at its highest.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Wealth {
    now: f64,
    peak: f64,
}

impl BettingSequence {
    /// For rewards in this range, with bounds to one part in `steps` of its width; 500 is a good choice.
    ///
    /// # Errors
    /// [`BoundsError::Steps`] for no steps.
    pub fn new(rewards: RewardRange, steps: usize) -> Result<Self, BoundsError> {
        if steps == 0 {
            return Err(BoundsError::Steps);
        }
        let side = Side { sum: 0.0, squares: 0.0, wealths: vec![Wealth::default(); steps] };
        Ok(BettingSequence { rewards, events: 0, from_below: side.clone(), from_above: side })
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

    /// The interval now. All intervals ever asked for hold at once with probability 1 − `alpha`. With few events, or
    /// all weights zero, it is the whole reward range.
    ///
    /// # Errors
    /// `alpha` outside (0, 1), or bounds that cross, which happens with probability ≤ alpha when `E[w] = 1`
    /// ([`BoundsError::Contradiction`]).
    pub fn interval(&self, alpha: f64) -> Result<Interval, BoundsError> {
        let threshold = (2.0 / range::checked_alpha(alpha)?).ln();
        let (lower, upper) = (self.from_below.least(threshold), 1.0 - self.from_above.least(threshold));
        self.rewards.cut(self.rewards.at(lower), self.rewards.at(upper))
    }
}

impl Side {
    fn push(&mut self, x: f64, before: u64) {
        let count = before as f64 + 1.0;
        let mean = (self.sum + 0.5) / count;
        let variance = (self.squares + 0.25) / count;
        let steps = self.wealths.len() as f64;
        for (k, wealth) in self.wealths.iter_mut().enumerate() {
            let claim = k as f64 / steps;
            let edge = mean - claim;
            if edge > 0.0 {
                let stake = (edge / (variance + edge * edge)).min(LARGEST_STAKE / claim);
                wealth.now += (stake * (x - claim)).ln_1p();
                wealth.peak = wealth.peak.max(wealth.now);
            }
        }
        self.sum += x;
        self.squares += (x - mean) * (x - mean);
    }

    /// The largest claim that was rejected together with all below it: if the true mean lies between two claims, only
    /// one wealth, the one of the claim just above, must stay low for this to be right.
    fn least(&self, threshold: f64) -> f64 {
        let rejected = self.wealths.iter().take_while(|wealth| wealth.peak > threshold).count();
        rejected.saturating_sub(1) as f64 / self.wealths.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wealth_never_grows_on_average_under_its_claim() {
        // X is 0 or 4 with mean 0.5; from any state, the two next wealths weighted by their chances are the present one
        // at most, for every claim at or above 0.5.
        let mut side = Side { sum: 0.0, squares: 0.0, wealths: vec![Wealth::default(); 20] };
        for t in 0..60u64 {
            let (mut low, mut high) = (side.clone(), side.clone());
            low.push(0.0, t);
            high.push(4.0, t);
            for k in 10..20 {
                let next = 0.875 * low.wealths[k].now.exp() + 0.125 * high.wealths[k].now.exp();
                let now = side.wealths[k].now.exp();
                assert!(next <= now * (1.0 + 1e-12), "claim {k}, event {t}: {now} then {next}");
            }
            side = if t % 5 == 0 { high } else { low };
        }
    }
}
