//! Numbers as people read them: thousands separators, one number of decimals per column, a true minus sign.

use crate::IntervalValue;

/// Decimals for a column: three significant digits for its largest number, at least `least` decimals below 1,000.
pub fn decimals(values: impl IntoIterator<Item = f64>, least: u32) -> usize {
    let largest = values.into_iter().filter(|v| v.is_finite()).fold(0.0f64, |most, v| most.max(v.abs()));
    if largest >= 1_000.0 {
        return 0;
    }
    if largest == 0.0 {
        return least as usize;
    }
    let significant = 2 - largest.log10().floor() as i32;
    significant.clamp(least as i32, 8) as usize
}

/// Every number of `intervals`, ends included, to choose decimals by.
pub fn all_numbers<'a>(intervals: impl IntoIterator<Item = &'a IntervalValue>) -> Vec<f64> {
    intervals.into_iter().flat_map(|i| [Some(i.value), i.lower, i.upper]).flatten().collect()
}

/// "1,234.50", "−0.03"; a dash for what is not a number.
pub fn number(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let digits = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = digits.split_once('.').map_or((digits.as_str(), None), |(w, f)| (w, Some(f)));
    let is_zero = digits.chars().all(|c| c == '0' || c == '.');
    let mut text = if value < 0.0 && !is_zero { "−".to_owned() } else { String::new() };
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// "47,192".
pub fn count(value: u64) -> String {
    number(value as f64, 0)
}

/// "[9.10, 10.60]", or nothing without both ends.
pub fn ends(interval: &IntervalValue, decimals: usize) -> String {
    match interval.ends() {
        Some((lower, upper)) => format!("[{}, {}]", number(lower, decimals), number(upper, decimals)),
        None => String::new(),
    }
}

/// "9.87 [9.10, 10.60]".
pub fn with_ends(interval: &IntervalValue, decimals: usize) -> String {
    let ends = ends(interval, decimals);
    let value = number(interval.value, decimals);
    if ends.is_empty() { value } else { format!("{value} {ends}") }
}

/// "30.7 %" with one decimal.
pub fn percent(share: f64) -> String {
    format!("{} %", number(100.0 * share, 1))
}

/// "95 %", "99.9 %": the level of an interval.
pub fn level(confidence: f64) -> String {
    let text = format!("{:.2}", 100.0 * confidence);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The sign that stands before an amount, for currencies that have one.
fn sign(currency: &str) -> Option<&'static str> {
    match currency {
        "USD" => Some("$"),
        "EUR" => Some("€"),
        "GBP" => Some("£"),
        "JPY" => Some("¥"),
        _ => None,
    }
}

/// "$9.87", "−€9.87", "9.87 click": an amount with its unit.
pub fn money(text: &str, currency: &str) -> String {
    money_with_ends(text, "", currency)
}

/// "$9.87 [9.10, 10.60]", "0.676 [0.642, 0.709] click"; `ends` may be empty.
pub fn money_with_ends(text: &str, ends: &str, currency: &str) -> String {
    let space = if ends.is_empty() { "" } else { " " };
    match (sign(currency), text.strip_prefix('−')) {
        (Some(sign), Some(rest)) => format!("−{sign}{rest}{space}{ends}"),
        (Some(sign), None) => format!("{sign}{text}{space}{ends}"),
        (None, _) => format!("{text}{space}{ends} {currency}"),
    }
}

/// "1.4 MB", "312 kB".
pub fn bytes(value: u64) -> String {
    match value {
        0..1_000 => format!("{value} B"),
        1_000..1_000_000 => format!("{:.1} kB", value as f64 / 1e3),
        _ => format!("{:.1} MB", value as f64 / 1e6),
    }
}

/// "a", "a and b", "a, b and c".
pub fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The text cut to about `most` characters at a word, with an ellipsis.
pub fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let cut: String = text.chars().take(most.saturating_sub(1)).collect();
    let at_word = cut.rfind(' ').filter(|at| *at > cut.len() / 2).unwrap_or(cut.len());
    format!("{}…", cut[..at_word].trim_end_matches([',', ':', ';', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated_and_minus_is_a_minus() {
        assert_eq!(number(1_234_567.891, 2), "1,234,567.89");
        assert_eq!(number(-123.0, 0), "−123");
        assert_eq!(number(-0.001, 2), "0.00");
        assert_eq!(number(f64::NAN, 2), "–");
    }

    #[test]
    fn a_column_has_three_significant_digits_and_whole_cents() {
        assert_eq!(decimals([9.87, 0.3], 2), 2);
        assert_eq!(decimals([0.00421, 0.002], 0), 5);
        assert_eq!(decimals([12_345.0], 2), 0);
        assert_eq!(decimals([0.0], 2), 2);
    }

    #[test]
    fn money_carries_its_unit() {
        assert_eq!(money("9.87", "USD"), "$9.87");
        assert_eq!(money("−9.87", "EUR"), "−€9.87");
        assert_eq!(money("0.00421", "click"), "0.00421 click");
    }

    #[test]
    fn long_text_is_cut_at_a_word() {
        assert_eq!(shorten("the effective sample size is small", 20), "the effective…");
        assert_eq!(shorten("short", 20), "short");
    }

    #[test]
    fn lists_read_as_sentences_do() {
        let names: Vec<String> = ["a", "b", "c"].map(String::from).into();
        assert_eq!(list(&names), "a, b and c");
        assert_eq!(list(&names[..1]), "a");
    }
}
