//! A batch of members with their options: values, resources used, segments. Checked once, when a member is added.

use crate::units;
use guerdon_core::{Error, Money, Result};

/// Members with `options` options each, every option using `resources` resources.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    options: usize,
    resources: usize,
    values: Vec<f64>,
    costs: Vec<i64>,
    segments: Vec<u64>,
}

impl Batch {
    /// An empty batch with room for `members`. Every member has `options` ≥ 1 options and `resources` ≥ 1 resources.
    pub fn new(options: usize, resources: usize, members: usize) -> Self {
        Batch {
            options,
            resources,
            values: Vec::with_capacity(members * options),
            costs: Vec::with_capacity(members * options * resources),
            segments: Vec::with_capacity(members),
        }
    }

    /// Adds a member.
    ///
    /// `values`: one a option, in value units; negative infinity marks an option that this member may not get.
    /// `costs`: `costs[r * options + a]` is what option `a` uses of resource `r`, in that resource's units (minor units for
    /// money), ≥ 0. It is held in 2⁻²⁰ths of a unit, rounded up: whole units are exact.
    /// `segments`: bit `s` is set when the member belongs to segment `s` (0 to 63).
    ///
    /// # Errors
    /// A wrong length, a value that is NaN or beyond ±1e15, a cost that is negative, not finite or beyond 8.7e12, or a
    /// member without any option. The batch is then as before.
    pub fn push(&mut self, values: &[f64], costs: &[f64], segments: u64) -> Result<()> {
        self.check(values, costs.len())?;
        if let Some(at) = costs.iter().position(|c| !(0.0..=units::LARGEST).contains(c)) {
            return Err(self.amount("cost", at % self.options, costs[at], "a cost is a number from 0 to 8.7e12"));
        }
        self.values.extend_from_slice(values);
        self.costs.extend(costs.iter().map(|c| units::up(*c)));
        self.segments.push(segments);
        Ok(())
    }

    /// As [`Batch::push`], with every resource in integer minor units.
    ///
    /// # Errors
    /// As [`Batch::push`].
    pub fn push_money(&mut self, values: &[f64], costs: &[Money], segments: u64) -> Result<()> {
        self.check(values, costs.len())?;
        if let Some(at) = costs.iter().position(|c| c.0 < 0 || c.0 > units::LARGEST as i64) {
            let given = costs[at].0 as f64;
            return Err(self.amount("cost", at % self.options, given, "a cost is 0 to 8.7e12 minor units"));
        }
        self.values.extend_from_slice(values);
        self.costs.extend(costs.iter().map(|c| c.0 << 20));
        self.segments.push(segments);
        Ok(())
    }

    fn check(&self, values: &[f64], costs: usize) -> Result<()> {
        let shape = |what: &str, given: usize, wanted: usize| Error::Mismatch {
            place: self.place(),
            what: what.to_owned(),
            given: given.to_string(),
            wanted: format!("the batch was made for {wanted}"),
        };
        if values.len() != self.options || values.is_empty() {
            return Err(shape("number of values", values.len(), self.options));
        }
        if costs != self.options * self.resources {
            return Err(shape("number of costs", costs, self.options * self.resources));
        }
        if let Some(at) = values.iter().position(|v| *v != f64::NEG_INFINITY && (v.is_nan() || v.abs() > 1e15)) {
            let wanted = "a value lies within ±1e15, or is -inf for an option that the member may not get";
            return Err(self.amount("value", at, values[at], wanted));
        }
        if values.iter().all(|v| *v == f64::NEG_INFINITY) {
            let what = "the member may get no option at all; let every member have one, such as `none`".to_owned();
            return Err(Error::Empty { place: self.place(), what });
        }
        Ok(())
    }

    fn place(&self) -> String {
        format!("batch, member {}", self.len())
    }

    fn amount(&self, what: &str, option: usize, given: f64, wanted: &str) -> Error {
        Error::Amount {
            place: self.place(),
            what: format!("{what} of option {option}"),
            given: given.to_string(),
            wanted: wanted.to_owned(),
        }
    }

    /// How many members it holds.
    pub fn len(&self) -> usize {
        self.segments.len()
    }

    /// Whether it holds no member.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Options of every member.
    pub fn options(&self) -> usize {
        self.options
    }

    /// Resources of every option.
    pub fn resources(&self) -> usize {
        self.resources
    }

    /// The values of a member's options.
    pub(crate) fn values(&self, member: usize) -> &[f64] {
        &self.values[member * self.options..][..self.options]
    }

    /// What a member's options use of one resource, in parts.
    pub(crate) fn costs(&self, member: usize, resource: usize) -> &[i64] {
        &self.costs[(member * self.resources + resource) * self.options..][..self.options]
    }

    /// The segments of a member, a bit each.
    pub(crate) fn segments(&self, member: usize) -> u64 {
        self.segments[member]
    }

    /// Adds a member of another batch of the same shape.
    pub(crate) fn copy(&mut self, other: &Batch, member: usize) {
        let row = self.options * self.resources;
        self.values.extend_from_slice(other.values(member));
        self.costs.extend_from_slice(&other.costs[member * row..][..row]);
        self.segments.push(other.segments[member]);
    }

    /// Puts `sign` × what each option uses of `resource` in place of its value; zero outside `segment`.
    pub(crate) fn value_by(&mut self, resource: usize, segment: Option<u32>, sign: f64) {
        for member in 0..self.len() {
            let inside = segment.is_none_or(|s| self.segments[member] >> s & 1 == 1);
            for option in 0..self.options {
                let cost = units::amount(self.costs(member, resource)[option]);
                let value = &mut self.values[member * self.options + option];
                if *value != f64::NEG_INFINITY {
                    *value = if inside { sign * cost } else { 0.0 };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_numbers_are_refused_by_name_and_leave_the_batch_as_it_was() {
        let mut batch = Batch::new(2, 1, 1);
        for (values, costs, says) in [
            ([0.0, f64::NAN], [0.0, 1.0], "value of option 1 is NaN"),
            ([0.0, 1.0], [0.0, -2.0], "cost of option 1 is -2"),
            ([0.0, 1.0], [f64::INFINITY, 0.0], "cost of option 0 is inf"),
            ([f64::NEG_INFINITY; 2], [0.0, 0.0], "no option at all"),
        ] {
            let said = batch.push(&values, &costs, 0).unwrap_err().to_string();
            assert!(said.contains(says), "{said}");
        }
        assert!(batch.push(&[0.0], &[0.0], 0).is_err());
        assert!(batch.is_empty());
    }

    #[test]
    fn money_and_the_same_number_of_minor_units_are_one_thing() {
        let (mut a, mut b) = (Batch::new(2, 1, 1), Batch::new(2, 1, 1));
        a.push(&[0.0, 1.0], &[0.0, 1967.0], 3).unwrap();
        b.push_money(&[0.0, 1.0], &[Money(0), Money(1967)], 3).unwrap();
        assert_eq!(a, b);
    }
}
