//! Pacing while serving: dual mirror descent with the entropic mirror map (Balseiro, Lu & Mirrokni 2020, 2023), towards a rate
//! of spending that leans on what the past says.

use crate::forecast::{Forecast, Shape};
use crate::units;
use guerdon_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// The price may move this far from where it started, as a factor.
const FURTHEST: f64 = 1e4;
/// One arrival counts for at most this many targets, so that one dear option does not throw the price.
const HARDEST: f64 = 20.0;
/// How far the spending leans towards the first price by itself (see [`Pacer::with_trust`]).
const TRUST: f64 = 1.5;
/// A price this far from the first one, as a logarithm, is trusted half as much as one close by.
const DOUBT: f64 = 0.7;
/// By how much the log of the price falls where the log of what there is to spend rises: the reciprocal of the elasticity
/// of spend, as value that grows with about the square root of cost has it.
const FLATNESS: f64 = 0.6;

/// Spends a budget over arrivals whose number and worth are only guessed. It never spends more than the budget.
///
/// For each arrival: [`Pacer::decide`], then [`Pacer::charge`] with what the choice cost (0 too). λ rises when spending runs
/// ahead of its target and falls when it lags: λ ← λ · exp(η (cost / target − 1)), where
/// target = budget left / arrivals left · shape · lean. State is a few numbers and can be stored.
///
/// The *shape* is 1, or with a [`Forecast`] its spend at this place over its mean from here on: where the forecast comes
/// true, λ stays where it is.
///
/// The *lean* is what the first price says of the arrivals to come. It is that of past members, so a λ above it means that
/// money buys more now than it did then, and more than it will if the rest of the stream is like the past: spending runs
/// ahead of even. lean = exp(trust · h · d / (1 + (d / 0.7)²)), where h is the part of the arrivals still to come and d how
/// far ln λ is from the first price's, that price being moved to the present rate of spending (by −0.6 of its logarithm).
/// A price far from the first one is a sign that the first one was wrong: lean is never beyond exp(± 0.35 trust). Spending
/// evenly (trust 0) is right where the present is all that is known of the future, leaning where the past is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pacer {
    /// Parts left.
    left: i64,
    expected: u64,
    seen: u64,
    first: f64,
    log_price: f64,
    step: f64,
    #[serde(default)]
    shape: Option<Shape>,
    /// Budget for an arrival at the start.
    #[serde(default)]
    rate: f64,
    #[serde(default)]
    trust: f64,
}

impl Pacer {
    /// `budget` in units of the resource (minor units for money), `expected` arrivals (a guess), `price` to start with, in
    /// value for a unit: the offline optimum's on past members, for as much budget a member ([`crate::Allocation::limits`]).
    /// The pacer leans towards it; a price that is a mere guess goes with [`Pacer::with_trust`] 0.
    ///
    /// # Errors
    /// A budget outside [0, 8.7e12], no expected arrivals, a price that is not finite and above zero.
    pub fn new(budget: f64, expected: u64, price: f64) -> Result<Self> {
        let bad = |key: &str, given: String, wanted: &str| Err(Error::config("pacer", key, given, wanted));
        if !(0.0..=units::LARGEST).contains(&budget) {
            return bad("budget", budget.to_string(), "a budget is a number from 0 to 8.7e12");
        }
        if expected == 0 {
            return bad("expected", "0".to_owned(), "at least one arrival must be expected");
        }
        if !(price.is_finite() && price > 0.0) {
            return bad("price", price.to_string(), "a price to start with is a finite number above 0");
        }
        let step = (0.15 / (expected as f64).sqrt()).min(0.05);
        Ok(Pacer {
            left: units::total_down(budget) as i64,
            expected,
            seen: 0,
            first: price.ln(),
            log_price: price.ln(),
            step,
            shape: None,
            rate: budget / expected as f64,
            trust: TRUST,
        })
    }

    /// As [`Pacer::new`], starting at the forecast's price and spending as it says.
    ///
    /// # Errors
    /// As [`Pacer::new`]; a forecast without spend.
    pub fn following(budget: f64, expected: u64, forecast: &Forecast) -> Result<Self> {
        let shape = Some(Shape::new(&forecast.spend)?);
        Ok(Pacer { shape, ..Pacer::new(budget, expected, forecast.price)? })
    }

    /// Another step η for the mirror descent; larger follows drift faster and is noisier. The one to start with is
    /// 0.15 / √expected, at most 0.05. Kept within [0, 1].
    pub fn with_step(mut self, step: f64) -> Self {
        self.step = if step.is_nan() { self.step } else { step.clamp(0.0, 1.0) };
        self
    }

    /// How much the first price says of the whole stream's; 1.5 where nothing is set. 0 spends evenly: for a price that is a
    /// mere guess, or a stream that drifts away from the past and does not come back. Kept within [0, 10].
    pub fn with_trust(mut self, trust: f64) -> Self {
        self.trust = if trust.is_nan() { self.trust } else { trust.clamp(0.0, 10.0) };
        self
    }

    /// λ now: value that a unit of the resource must bring.
    pub fn price(&self) -> f64 {
        self.log_price.exp()
    }

    /// What is left of the budget, in units.
    pub fn left(&self) -> f64 {
        units::amount(self.left)
    }

    /// Arrivals charged so far.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Sets how many arrivals are still to come, when a better guess is known.
    pub fn expect(&mut self, still: u64) {
        self.expected = self.seen.saturating_add(still).max(1);
    }

    /// The option with the best value − λ · cost among those whose cost fits what is left; the cheaper of equals. None where
    /// no option fits (an option that costs nothing always does). Values of −∞ or NaN, and costs below 0 or NaN, are never
    /// taken. Allocates nothing.
    pub fn decide(&self, values: &[f64], costs: &[f64]) -> Option<usize> {
        let price = self.price();
        let mut best: Option<(f64, f64, usize)> = None;
        for (option, (value, cost)) in values.iter().zip(costs).enumerate() {
            let score = value - price * cost;
            let open = score > f64::NEG_INFINITY && self.fits(*cost);
            if open && best.is_none_or(|(s, c, _)| score > s || (score == s && *cost < c)) {
                best = Some((score, *cost, option));
            }
        }
        best.map(|(.., option)| option)
    }

    fn fits(&self, cost: f64) -> bool {
        (0.0..=units::LARGEST).contains(&cost) && units::up(cost) <= self.left
    }

    /// Books what an arrival cost (≥ 0, in units) and moves the price.
    ///
    /// # Errors
    /// A cost that is not a number from 0 or does not fit what is left. Nothing is booked then.
    pub fn charge(&mut self, cost: f64) -> Result<()> {
        if !self.fits(cost) {
            return Err(Error::Amount {
                place: format!("pacer, arrival {}", self.seen),
                what: "cost".to_owned(),
                given: cost.to_string(),
                wanted: format!("a charge is a number from 0 to what is left, {}", self.left()),
            });
        }
        let target = self.target();
        self.left -= units::up(cost);
        self.seen = self.seen.saturating_add(1);
        if target > 0.0 {
            let ahead = (cost / target - 1.0).min(HARDEST);
            let far = FURTHEST.ln();
            self.log_price = (self.log_price + self.step * ahead).clamp(self.first - far, self.first + far);
        }
        Ok(())
    }

    /// What the arrival at hand should cost on average, in units.
    fn target(&self) -> f64 {
        let expected = self.expected as f64;
        // Counts vary by about their root: so many are taken to be still to come when all that were expected have.
        let still = (self.expected.saturating_sub(self.seen) as f64).max(expected.sqrt());
        let rate = self.left() / still;
        let shape = self.shape.as_ref().map_or(1.0, |shape| shape.now(self.seen, self.expected));
        rate * shape * self.lean(rate, still / expected)
    }

    fn lean(&self, rate: f64, to_come: f64) -> f64 {
        if rate <= 0.0 || self.rate <= 0.0 {
            return 1.0;
        }
        let dearer = self.log_price - self.first + FLATNESS * (rate / self.rate).ln();
        (self.trust * to_come * dearer / (1.0 + (dearer / DOUBT).powi(2))).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_neither_chosen_nor_booked() {
        let mut pacer = Pacer::new(3.0, 10, 0.5).unwrap();
        assert_eq!(pacer.decide(&[0.0, 9.0, 5.0], &[0.0, 4.0, 3.0]), Some(2));
        let said = pacer.charge(4.0).unwrap_err().to_string();
        assert!(said.contains("cost is 4") && said.contains('3'), "{said}");
        assert_eq!((pacer.left(), pacer.seen()), (3.0, 0));
        pacer.charge(3.0).unwrap();
        assert_eq!(pacer.decide(&[0.0, 9.0, 5.0], &[0.0, 4.0, 3.0]), Some(0));
        assert_eq!(pacer.decide(&[f64::NAN, 9.0], &[0.0, 4.0]), None);
    }

    #[test]
    fn overspending_raises_the_price_and_saving_lowers_it() {
        let mut pacer = Pacer::new(100.0, 100, 1.0).unwrap();
        pacer.charge(2.0).unwrap();
        assert!(pacer.price() > 1.0);
        let high = pacer.price();
        pacer.charge(0.0).unwrap();
        assert!(pacer.price() < high);
    }

    #[test]
    fn a_price_above_that_of_the_past_spends_ahead_of_even_early_on_and_within_bounds() {
        let at = |log_price: f64, to_come: f64| {
            let pacer = Pacer { log_price, ..Pacer::new(100.0, 100, 1.0).unwrap() };
            pacer.lean(1.0, to_come)
        };
        assert_eq!(at(0.0, 1.0), 1.0);
        assert!(at(0.3, 1.0) > 1.3 && at(-0.3, 1.0) < 0.77);
        assert!(at(0.3, 0.5) < at(0.3, 1.0) && at(0.3, 0.0) == 1.0);
        for far in [0.7, 2.0, 9.0] {
            assert!(at(far, 1.0) <= (0.35 * TRUST).exp() + 1e-12 && at(-far, 1.0) >= (-0.35 * TRUST).exp() - 1e-12);
        }
        // With twice as much to spend for each arrival, the past's price would have been lower.
        let pacer = Pacer::new(100.0, 100, 1.0).unwrap();
        assert!(pacer.lean(2.0, 1.0) > 1.0 && pacer.lean(0.0, 1.0) == 1.0);
        assert_eq!(pacer.with_trust(0.0).lean(2.0, 1.0), 1.0);
    }

    #[test]
    fn senseless_settings_are_refused() {
        assert!(Pacer::new(f64::NAN, 1, 1.0).is_err());
        assert!(Pacer::new(-1.0, 1, 1.0).is_err());
        assert!(Pacer::new(1.0, 0, 1.0).is_err());
        assert!(Pacer::new(1.0, 1, 0.0).is_err());
    }
}
