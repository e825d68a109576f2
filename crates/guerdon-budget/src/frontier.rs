//! The efficient frontier: value and spend over a grid of prices or budgets, points of the LP's concave curve.

use crate::hull::Hull;
use crate::limit::Limit;
use crate::members::Members;
use crate::pass;
use crate::select;
use crate::sum::Sum;
use crate::units;
use guerdon_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// A point: what every member's best option at a price gives in all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Value for a unit of spend; options that give less for it are not taken.
    pub price: f64,
    /// Σ of the resource used, in its units.
    pub spend: f64,
    /// Σ of value.
    pub value: f64,
}

/// Value against spend, by rising spend. Every point is a choice that can be made, and the best for its spend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frontier {
    /// By rising spend and falling price; concave and non-decreasing.
    pub points: Vec<Point>,
}

impl Frontier {
    /// The points at the given prices (finite, ≥ 0; any order), for the resource and segment of `limit`. One reading.
    ///
    /// # Errors
    /// The members' own; a price that is negative or not finite.
    pub fn at_prices<M: Members + ?Sized>(members: &M, limit: &Limit, prices: &[f64]) -> Result<Frontier> {
        if let Some(bad) = prices.iter().find(|p| !(p.is_finite() && **p >= 0.0)) {
            return Err(Error::config("frontier", "prices", bad, "a price is a finite number from 0"));
        }
        let mut grid = prices.to_vec();
        grid.sort_by(|a, b| b.total_cmp(a));
        grid.dedup();
        let free = |options: usize| vec![0; options];
        // Bucket k holds the steps that price k is the first (from above) to take; bucket 0 starts with the cheapest options.
        let mut spend = vec![0i128; grid.len() + 1];
        let mut value = vec![Sum::default(); grid.len() + 1];
        let mut base = (0i128, Sum::default());
        pass::ordered(
            members,
            |batch, _| {
                limit.check(batch.resources())?;
                let (mut hull, free) = (Hull::default(), free(batch.options()));
                let mut spend = vec![0i128; grid.len() + 1];
                let mut value = vec![Sum::default(); grid.len() + 1];
                let mut base = (0i128, Sum::default());
                for member in 0..batch.len() {
                    let (values, costs) = (batch.values(member), select::costs(batch, member, limit, &free));
                    hull.take(values, costs);
                    base.0 += i128::from(costs[hull.base]);
                    base.1.add(values[hull.base]);
                    for step in &hull.steps {
                        let bucket = grid.partition_point(|price| *price >= step.efficiency);
                        spend[bucket] += i128::from(step.cost);
                        value[bucket].add(step.gain);
                    }
                }
                Ok((spend, value, base))
            },
            |part: Result<_>| {
                let (more_spend, more_value, more_base) = part?;
                spend.iter_mut().zip(more_spend).for_each(|(a, b): (&mut i128, i128)| *a += b);
                value.iter_mut().zip(more_value).for_each(|(a, b): (&mut Sum, Sum)| a.merge(b));
                base.0 += more_base.0;
                base.1.merge(more_base.1);
                Ok(())
            },
        )?;
        let mut points: Vec<Point> = Vec::with_capacity(grid.len());
        let (mut spent, mut worth) = base;
        for (k, price) in grid.into_iter().enumerate() {
            spent += spend[k];
            worth.merge(value[k]);
            points.push(Point { price, spend: units::total(spent), value: worth.value() });
        }
        Ok(Frontier { points })
    }

    /// The points at the exact prices of the given budgets: each spends at most its budget, by less than the steps tied at
    /// its price. Two to five readings for each budget and one for all.
    ///
    /// # Errors
    /// The members' own; a budget that can't be kept, with the least that can.
    pub fn at_budgets<M: Members + ?Sized>(members: &M, limit: &Limit, budgets: &[f64]) -> Result<Frontier> {
        let price = |budget: &f64| {
            let limit = Limit { at_most: Some(*budget), at_least: None, ..limit.clone() };
            if let Some(part) = members.parts().next() {
                limit.check(members.batch(part?)?.resources())?;
            }
            select::cut(members, &limit).map(|cut| cut.price)
        };
        let prices = budgets.iter().map(price).collect::<Result<Vec<_>>>()?;
        Frontier::at_prices(members, limit, &prices)
    }
}
