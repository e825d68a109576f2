//! The rule that gives every member an option: prices, how ties are split, and the few members that were moved afterwards.

use crate::batch::Batch;
use crate::hull::Hull;
use crate::limit::Limit;
use crate::select;
use crate::units;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the members get before the moves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Rule {
    /// One limit: the hull's steps above the price; the step at it for the members before `ties_before`.
    Cut { price: f64, ties_before: u64 },
    /// Several limits: the best option at the prices (one a limit, negative for a floor). Near ties are split as the softmax
    /// at this temperature would, by a low-discrepancy sequence over the members.
    Prices { prices: Vec<f64>, temperature: f64 },
}

impl Rule {
    /// The price of every limit, in value units for a unit of the resource.
    pub(crate) fn prices(&self) -> Vec<f64> {
        match self {
            Rule::Cut { price, .. } => vec![*price],
            Rule::Prices { prices, .. } => prices.clone(),
        }
    }
}

/// Applies a rule to one member after the other.
pub(crate) struct Chooser<'a> {
    limits: &'a [Limit],
    rule: &'a Rule,
    prices: Vec<f64>,
    hull: Hull,
    free: Vec<i64>,
    /// Value less priced resources of each option, of the member chosen for last.
    pub(crate) scores: Vec<f64>,
}

impl<'a> Chooser<'a> {
    pub(crate) fn new(limits: &'a [Limit], rule: &'a Rule, options: usize) -> Self {
        let (prices, free) = (rule.prices(), vec![0; options]);
        Chooser { limits, rule, prices, hull: Hull::default(), free, scores: Vec::with_capacity(options) }
    }

    /// The option of a member; `index` is its place in the stream.
    pub(crate) fn choose(&mut self, batch: &Batch, member: usize, index: u64) -> usize {
        self.scores.clear();
        self.scores.extend_from_slice(batch.values(member));
        for (limit, price) in self.limits.iter().zip(&self.prices) {
            if *price != 0.0 && limit.counts(batch.segments(member)) {
                let costs = batch.costs(member, limit.resource);
                self.scores.iter_mut().zip(costs).for_each(|(s, c)| *s -= price * units::amount(*c));
            }
        }
        match self.rule {
            Rule::Cut { price, ties_before } => {
                let costs = select::costs(batch, member, &self.limits[0], &self.free);
                self.hull.take(batch.values(member), costs);
                self.hull.option(*price, index < *ties_before)
            }
            Rule::Prices { temperature, .. } => split(&self.scores, *temperature, index),
        }
    }
}

/// An option drawn from softmax(scores / temperature) with the golden-ratio sequence's number for `index`.
fn split(scores: &[f64], temperature: f64, index: u64) -> usize {
    let mut best = 0;
    for (option, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = option;
        }
    }
    let weight = |s: f64| {
        let x = (s - scores[best]) / temperature;
        if x > -30.0 { x.exp() } else { 0.0 }
    };
    let total: f64 = scores.iter().map(|s| weight(*s)).sum();
    if total.is_nan() || total <= 1.0 {
        return best;
    }
    // 2⁶⁴ / golden ratio: the multiples, modulo 2⁶⁴, fill the unit interval evenly over any run of members.
    let draw = (index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1u64 << 53) as f64;
    let mut left = draw * total;
    for (option, score) in scores.iter().enumerate() {
        left -= weight(*score);
        if left < 0.0 {
            return option;
        }
    }
    best
}

/// Members that get another option than the rule's, by place in the stream.
pub(crate) type Moves = BTreeMap<u64, u32>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_split_evenly_and_clear_cases_are_not_split() {
        let first = (0..1000).filter(|i| split(&[1.0, 1.0, -50.0], 0.01, *i) == 0).count();
        assert!((495..=505).contains(&first), "{first} of 1000");
        assert!((0..1000).all(|i| split(&[0.0, 1.0, f64::NEG_INFINITY], 0.01, i) == 1));
    }
}
