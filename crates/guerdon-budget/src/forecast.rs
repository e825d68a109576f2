//! What a past stream, paced with hindsight, would have spent when: the forecast that a pacer follows.

use crate::hull::Hull;
use crate::limit::Limit;
use crate::members::Members;
use crate::pass;
use crate::select;
use crate::units;
use guerdon_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// The price that spends a budget over a stream, and how the spending at that one price falls over the stream's stretches.
///
/// A pacer without it can only spend evenly, or lean towards the price of the past as a whole. Where value or prices drift
/// money belongs where it buys most, and only a forecast knows of that beforehand. Last season's arrivals in their order are
/// one. One that is wrong of direction does more harm than none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// Value for a unit of spend at the margin.
    pub price: f64,
    /// Spend over each stretch of as many arrivals, in units; only its shape matters.
    pub spend: Vec<f64>,
}

impl Forecast {
    /// Of past arrivals, in the order in which they came, under `limit` (its at_most scaled to their number by the caller).
    ///
    /// # Errors
    /// The members' own; no stretches, no members, or a limit that is none or can't be kept.
    pub fn of<M: Members + ?Sized>(members: &M, limit: &Limit, stretches: usize) -> Result<Forecast> {
        let mut arrivals = 0u64;
        pass::ordered(
            members,
            |batch, _| (batch.len() as u64, batch.resources()),
            |(more, resources)| {
                arrivals += more;
                limit.check(resources)
            },
        )?;
        if stretches == 0 || arrivals < stretches as u64 || limit.at_most.is_none() {
            let given = format!("{stretches} stretches of {arrivals} arrivals");
            let wanted = "at least one stretch, an arrival for each, and a limit with an at_most";
            return Err(Error::config("forecast", "stretches", given, wanted));
        }
        let price = select::cut(members, limit)?.price;
        let mut spend = vec![0i128; stretches];
        pass::ordered(
            members,
            |batch, first| {
                let (mut hull, free) = (Hull::default(), vec![0; batch.options()]);
                let mut part = vec![0i128; stretches];
                for member in 0..batch.len() {
                    let costs = select::costs(batch, member, limit, &free);
                    hull.take(batch.values(member), costs);
                    let place = u128::from(first + member as u64) * stretches as u128 / u128::from(arrivals);
                    part[place as usize] += i128::from(costs[hull.option(price, false)]);
                }
                part
            },
            |part| {
                spend.iter_mut().zip(part).for_each(|(all, more)| *all += more);
                Ok(())
            },
        )?;
        Ok(Forecast { price, spend: spend.into_iter().map(units::total).collect() })
    }
}

/// The shape of a forecast, ready to be followed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shape {
    /// Spend of each stretch, none below a hundredth of the mean.
    stretch: Vec<f64>,
    /// Sum of the stretches after each.
    after: Vec<f64>,
}

impl Shape {
    pub(crate) fn new(spend: &[f64]) -> Result<Shape> {
        let sum: f64 = spend.iter().sum();
        if spend.is_empty() || !spend.iter().all(|x| x.is_finite() && *x >= 0.0) || sum <= 0.0 {
            let wanted = "numbers from 0, not all of them 0, would do";
            return Err(Error::config("pacer", "forecast.spend", format!("{} numbers", spend.len()), wanted));
        }
        let least = 0.01 * sum / spend.len() as f64;
        let stretch: Vec<f64> = spend.iter().map(|x| x.max(least)).collect();
        let mut after = vec![0.0; stretch.len()];
        for k in (1..stretch.len()).rev() {
            after[k - 1] = after[k] + stretch[k];
        }
        Ok(Shape { stretch, after })
    }

    /// Spend for an arrival now over the mean of now and all later, where `seen` of `expected` have come.
    pub(crate) fn now(&self, seen: u64, expected: u64) -> f64 {
        let n = self.stretch.len();
        let at = (seen as f64 / expected.max(1) as f64 * n as f64).min(n as f64);
        let k = (at as usize).min(n - 1);
        let left = (k + 1) as f64 - at;
        let (still, spend) = (left + (n - 1 - k) as f64, left * self.stretch[k] + self.after[k]);
        if still > 1e-9 { self.stretch[k] * still / spend } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_followed_relative_to_what_is_still_to_come() {
        let shape = Shape::new(&[1.0, 3.0]).unwrap();
        assert_eq!(shape.now(0, 10), 0.5);
        assert_eq!(shape.now(5, 10), 1.0);
        assert_eq!(shape.now(10, 10), 1.0);
        assert_eq!(shape.now(99, 10), 1.0);
        assert!(Shape::new(&[]).is_err() && Shape::new(&[0.0]).is_err() && Shape::new(&[-1.0, 2.0]).is_err());
    }
}
