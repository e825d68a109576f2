//! Parts that several sections use.

use crate::format::{all_numbers, decimals, ends, number};
use crate::{IntervalValue, PolicyReport, PolicyRole, RunReport};
use maud::{Markup, html};

/// The reference policies' place in charts that can't show all: learners, logging, none, uniform, then the best constant.
pub(super) fn shown<'a>(report: &'a RunReport) -> Vec<&'a PolicyReport> {
    let mut shown: Vec<&'a PolicyReport> = vec![];
    for role in [PolicyRole::Learner, PolicyRole::Logging, PolicyRole::None, PolicyRole::Uniform] {
        shown.extend(report.policies.iter().filter(|p| p.role == role));
    }
    shown.extend(report.best_of(PolicyRole::Constant));
    shown
}

/// All policies in the order of tables: those with a value from high to low, then the refused by name.
pub(super) fn sorted(report: &RunReport) -> Vec<&PolicyReport> {
    let mut all: Vec<&PolicyReport> = report.policies.iter().collect();
    let value = |policy: &PolicyReport| report.verdict(policy).value().map(|v| v.value);
    all.sort_by(|a, b| match (value(a), value(b)) {
        (Some(x), Some(y)) => y.total_cmp(&x),
        (None, None) => (a.role, &a.name).cmp(&(b.role, &b.name)),
        (x, _) => {
            if x.is_some() {
                std::cmp::Ordering::Less
            } else {
                std::cmp::Ordering::Greater
            }
        }
    });
    all
}

/// Decimals for money in a column of intervals.
pub(super) fn money_decimals<'a>(report: &RunReport, of: impl IntoIterator<Item = &'a IntervalValue>) -> usize {
    decimals(all_numbers(of), report.environment.minor_units)
}

/// Axis numbers need as many decimals as the spread of the values has, not the values.
pub(super) fn axis_decimals<'a>(report: &RunReport, values: impl IntoIterator<Item = &'a IntervalValue>) -> usize {
    let numbers = all_numbers(values);
    let (low, high) = numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let spread = high - low;
    if spread.is_finite() && spread > 0.0 {
        (1.0 - spread.log10().floor()).clamp(0.0, 8.0) as usize
    } else {
        report.environment.minor_units as usize
    }
}

/// A cell with a value and its interval.
pub(super) fn interval_cell(interval: &IntervalValue, decimals: usize) -> Markup {
    html! {
        td.n { (number(interval.value, decimals)) " " span.ends { (ends(interval, decimals)) } }
    }
}

/// The same with percentages.
pub(super) fn share_cell(share: &IntervalValue) -> Markup {
    let scaled = IntervalValue {
        value: 100.0 * share.value,
        lower: share.lower.map(|v| 100.0 * v),
        upper: share.upper.map(|v| 100.0 * v),
    };
    interval_cell(&scaled, 1)
}

/// A share in percent, the darker the larger.
pub(super) fn heat_cell(share: f64) -> Markup {
    let bounded = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    html! { td.heat style={ "--share:" (format!("{bounded:.3}")) } { (number(100.0 * share, 1)) } }
}

/// "not evaluable, because …" over `columns` columns.
pub(super) fn refused_cell(reasons: &[String], columns: usize) -> Markup {
    html! { td.refused colspan=(columns) { div { (not_evaluable(reasons)) } } }
}

/// "not evaluable, because …".
pub(super) fn not_evaluable(reasons: &[String]) -> String {
    match reasons {
        [] => "not evaluable".into(),
        reasons => format!("not evaluable, because {}", reasons.join("; and ")),
    }
}

/// The name of a colour class by role, as in the style sheet.
pub(super) fn colour_class(role: PolicyRole) -> &'static str {
    match role {
        PolicyRole::Learner => "blue",
        PolicyRole::Logging => "vermillion",
        PolicyRole::None => "muted",
        PolicyRole::Uniform => "orange",
        PolicyRole::Constant => "green",
    }
}

/// A row header with the policy's colour and name.
pub(super) fn policy_header(policy: &PolicyReport) -> Markup {
    html! { th scope="row" { span class={ "key " (colour_class(policy.role)) } {} (policy.label()) } }
}

/// What the colours mean.
pub(super) fn colour_keys() -> Markup {
    let keys = [
        ("blue", "learned"),
        ("vermillion", "what was done"),
        ("muted", "no offers"),
        ("orange", "uniform"),
        ("green", "always the same offer"),
    ];
    html! {
        div.keys { @for (class, word) in keys { span { span class={ "key " (class) } {} (word) } } }
    }
}
