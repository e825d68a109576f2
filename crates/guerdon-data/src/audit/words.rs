//! Numbers in sentences, and the tests behind them.

use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

/// "47,192".
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "1,136.78": an amount of money or the like, with two decimals.
pub(super) fn amount(value: f64) -> String {
    let cents = (value.abs() * 100.0).round() as u64;
    format!("{}{}.{:02}", if value < 0.0 && cents > 0 { "-" } else { "" }, count(cents / 100), cents % 100)
}

/// "12.9 %"; below one in a thousand two significant digits: "0.021 %".
pub(super) fn percent(share: f64) -> String {
    let value = 100.0 * share;
    if value == 0.0 || value.abs() >= 0.1 || !value.is_finite() {
        return format!("{value:.1} %");
    }
    let decimals = (1.0 - value.abs().log10().floor()) as usize;
    format!("{value:.decimals$} %")
}

/// "0.52", "3e-9", "below 1e-300".
pub(super) fn p_value(p: f64) -> String {
    match p {
        p if p < 1e-300 => "p below 1e-300".into(),
        p if p < 0.001 => format!("p {p:.0e}"),
        p => format!("p {p:.2}"),
    }
}

/// The first `most` of `names` with how many more there are.
pub(super) fn some<S: AsRef<str>>(names: &[S], most: usize) -> String {
    let mut text = names.iter().take(most).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if names.len() > most {
        text.push_str(&format!(" and {} more", names.len() - most));
    }
    text
}

/// P(|Z| ≥ |z|) of a standard normal.
pub(super) fn two_sided(z: f64) -> f64 {
    if z.is_finite() { (2.0 * Normal::standard().sf(z.abs())).min(1.0) } else { 1.0 }
}

/// P(X ≥ x) of a chi-square with `df` degrees of freedom; 1 without any.
pub(super) fn chi_square(x: f64, df: usize) -> f64 {
    match ChiSquared::new(df as f64) {
        Ok(distribution) if df > 0 && x.is_finite() => distribution.sf(x.max(0.0)).clamp(0.0, 1.0),
        _ => 1.0,
    }
}

/// Holm's step-down correction (1979): adjusted p-values in the given order.
pub(super) fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![1.0; p.len()];
    let mut floor = 0.0f64;
    for (place, index) in order.iter().enumerate() {
        floor = floor.max((p[*index] * (p.len() - place) as f64).min(1.0));
        adjusted[*index] = floor;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holm_steps_down_and_never_falls() {
        // Holm (1979) by hand: 0.01·4, 0.02·3, 0.03·2, then the floor.
        let adjusted = holm(&[0.03, 0.01, 0.02, 0.04]);
        for (given, wanted) in adjusted.iter().zip([0.06, 0.04, 0.06, 0.06]) {
            assert!((given - wanted).abs() < 1e-12, "{adjusted:?}");
        }
    }

    #[test]
    fn tails_are_those_of_the_tables() {
        assert!((two_sided(1.959964) - 0.05).abs() < 1e-6);
        assert!((chi_square(18.307038, 10) - 0.05).abs() < 1e-6);
        assert_eq!(chi_square(5.0, 0), 1.0);
    }

    #[test]
    fn small_shares_keep_two_digits() {
        assert_eq!(percent(0.129), "12.9 %");
        assert_eq!(percent(0.000_208), "0.021 %");
        assert_eq!(percent(0.0), "0.0 %");
    }

    #[test]
    fn counts_have_thousands() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
        assert_eq!(amount(1_136.784), "1,136.78");
        assert_eq!(amount(-0.5), "-0.50");
    }
}
