//! Money as integer minor units: cents, points, whatever the programme's smallest unit is.

use serde::{Deserialize, Serialize};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

/// An amount of money in minor units (cents for two decimals). Sums are exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(pub i64);

/// What became of a number that was turned into [`Money`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rounded {
    /// The nearest amount (half away from zero).
    pub value: Money,
    /// Whether the number lay on a minor unit (to one part in a million of it).
    pub exact: bool,
}

impl Money {
    /// No money.
    pub const ZERO: Money = Money(0);

    /// The amount nearest to `major` (dollars, say) at `minor_units` decimals. Infinite and NaN numbers give zero and
    /// `exact: false`; callers refuse them before.
    pub fn from_major(major: f64, minor_units: u32) -> Rounded {
        let scaled = major * 10f64.powi(minor_units as i32);
        let nearest = scaled.round();
        Rounded { value: Money(nearest as i64), exact: (scaled - nearest).abs() <= 1e-6 }
    }

    /// The amount in major units, for models and for people.
    #[inline]
    pub fn to_major(self, minor_units: u32) -> f64 {
        self.0 as f64 / 10f64.powi(minor_units as i32)
    }
}

impl Add for Money {
    type Output = Money;
    fn add(self, other: Money) -> Money {
        Money(self.0 + other.0)
    }
}

impl Sub for Money {
    type Output = Money;
    fn sub(self, other: Money) -> Money {
        Money(self.0 - other.0)
    }
}

impl Neg for Money {
    type Output = Money;
    fn neg(self) -> Money {
        Money(-self.0)
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        self.0 += other.0;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Money>>(iter: I) -> Money {
        iter.fold(Money::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nineteen_sixty_seven_is_1967_cents() {
        assert_eq!(Money::from_major(19.67, 2), Rounded { value: Money(1967), exact: true });
    }

    #[test]
    fn a_tenth_of_a_cent_is_rounded_and_says_so() {
        assert_eq!(Money::from_major(0.004, 2), Rounded { value: Money(0), exact: false });
    }
}
