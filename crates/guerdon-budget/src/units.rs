//! Resources counted in whole 2⁻²⁰ths of a unit, so that sums are exact and the same in any order.

/// How many counted parts make one unit.
pub(crate) const PARTS: f64 = 1_048_576.0;

/// The largest amount of one option, in units (8.8e12 - 1).
pub(crate) const LARGEST: f64 = 8_796_093_022_207.0;

/// An amount in parts, rounded up: integers are exact, a fraction never counts for less than it is.
pub(crate) fn up(amount: f64) -> i64 {
    let scaled = amount * PARTS;
    let whole = scaled as i64;
    whole + i64::from((whole as f64) < scaled)
}

/// The largest total in parts that is not above `limit` units.
pub(crate) fn total_down(limit: f64) -> i128 {
    (limit * PARTS).floor() as i128
}

/// The smallest total in parts that is not below `limit` units.
pub(crate) fn total_up(limit: f64) -> i128 {
    (limit * PARTS).ceil() as i128
}

/// Parts of one amount as units.
pub(crate) fn amount(parts: i64) -> f64 {
    parts as f64 * (1.0 / PARTS)
}

/// Parts of a total as units.
pub(crate) fn total(parts: i128) -> f64 {
    parts as f64 * (1.0 / PARTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_units_are_exact_and_fractions_count_for_no_less() {
        assert_eq!(amount(up(1967.0)), 1967.0);
        for cost in [0.1, 0.3, 1.0 / 3.0, 12.345_678_9] {
            let held = amount(up(cost));
            assert!(held >= cost && held - cost <= 1.0 / PARTS, "{cost} is held as {held}");
        }
        assert!(total(total_down(0.3)) <= 0.3 && total(total_up(0.3)) >= 0.3);
    }
}
