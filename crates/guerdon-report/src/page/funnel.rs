//! How far members go under each policy, and what that brings and costs.

use super::parts::{
    axis_decimals, colour_keys, interval_cell, money_decimals, policy_header, refused_cell, share_cell, shown, sorted,
};
use crate::chart::{Line, Mark, RowChart, Shape, colour, colour_of, figure};
use crate::format::{level, percent, with_ends};
use crate::{IntervalValue, PolicyReport, RunReport, Verdict};
use maud::{Markup, html};

/// The stages in the order of the first policy that has any.
fn stages(report: &RunReport) -> Vec<String> {
    let first = report.policies.iter().find(|policy| !policy.funnel.is_empty());
    first.map(|policy| policy.funnel.iter().map(|s| s.stage.clone()).collect()).unwrap_or_default()
}

/// The share of a stage, unless the policy was refused.
fn share(report: &RunReport, policy: &PolicyReport, stage: &str) -> Option<IntervalValue> {
    report.verdict(policy).value()?;
    let share = policy.funnel.iter().find(|s| s.stage == stage).map(|s| s.share).filter(|s| s.value.is_finite())?;
    // A share is at most all and at least none; a normal interval doesn't know that.
    let bounded = |end: Option<f64>| end.map(|end| end.clamp(0.0, 1.0));
    Some(IntervalValue { value: share.value, lower: bounded(share.lower), upper: bounded(share.upper) })
}

pub(super) fn section(report: &RunReport) -> Option<Markup> {
    let stages = stages(report);
    if stages.is_empty() {
        return None;
    }
    let shown = shown(report);
    let mut lines = vec![];
    for stage in &stages {
        lines.push(Line::Group(stage.clone()));
        for policy in &shown {
            if let Some(share) = share(report, policy, stage) {
                lines.push(Line::Mark(Mark {
                    label: policy.label(),
                    value: share,
                    text: percent(share.value),
                    colour: colour_of(policy.role),
                    shape: Shape::Bar,
                }));
            }
        }
    }
    let chart = RowChart {
        lines,
        axis: "share of decisions".into(),
        decimals: 0,
        percent: true,
        from_zero: true,
        line_at: None,
    };
    let caption = html! {
        "Estimated share of decisions that reach each stage, with " (level(report.confidence)) " intervals, by policy. \
        Of the constant policies the best is drawn; the table has all."
    };
    Some(html! {
        (colour_keys())
        (figure(&chart, "Share of decisions reaching each funnel stage, by policy", caption))
        div.scroll {
            table.first {
                caption { span { "Share of decisions reaching each stage, in %, with " (level(report.confidence)) " intervals" } }
                thead { tr { th { "policy" } @for stage in &stages { th.n { (stage) } } } }
                tbody {
                    @for policy in sorted(report) {
                        tr { (policy_header(policy)) (funnel_cells(report, policy, &stages)) }
                    }
                }
            }
        }
    })
}

fn funnel_cells(report: &RunReport, policy: &PolicyReport, stages: &[String]) -> Markup {
    html! {
        @match report.verdict(policy) {
            Verdict::Refused(reasons) => (refused_cell(&reasons, stages.len())),
            Verdict::Value(_) => @for stage in stages {
                @match share(report, policy, stage) {
                    Some(share) => (share_cell(&share)),
                    None => td.n { "–" },
                }
            },
        }
    }
}

/// Revenue, margin and cost of a policy that was valued, per decision.
struct Booked {
    revenue: IntervalValue,
    cost: IntervalValue,
}

fn booked(report: &RunReport, policy: &PolicyReport) -> Option<Booked> {
    report.verdict(policy).value()?;
    Some(Booked { revenue: policy.revenue?, cost: policy.cost? })
}

fn margin(report: &RunReport, revenue: &IntervalValue) -> IntervalValue {
    let share = report.environment.margin;
    IntervalValue {
        value: share * revenue.value,
        lower: revenue.lower.map(|v| share * v),
        upper: revenue.upper.map(|v| share * v),
    }
}

pub(super) fn money_section(report: &RunReport) -> Option<Markup> {
    let all: Vec<Booked> = report.policies.iter().filter_map(|p| booked(report, p)).collect();
    if all.is_empty() {
        return None;
    }
    let decimals = money_decimals(report, all.iter().flat_map(|b| [&b.revenue, &b.cost]));
    let currency = &report.environment.currency;
    let caption = html! {
        "Margin on revenue (upper bar, blue) and cost of rewards and contacts (lower bar, orange) per decision, with "
        (level(report.confidence)) " intervals. Where the upper bar is longer the policy earns more than it spends; what \
        it adds is the difference from no offers."
    };
    Some(html! {
        (figure(&money_chart(report, decimals), "Margin and cost per decision, by policy", caption))
        div.scroll {
            table.first {
                caption { span { "Per decision, in " (currency) ", with " (level(report.confidence)) " intervals" } }
                thead { tr { th { "policy" } th.n { "revenue" } th.n { "margin on it" } th.n { "cost" } th.n { "net value" } } }
                tbody {
                    @for policy in sorted(report) {
                        tr { (policy_header(policy)) (money_cells(report, policy, decimals)) }
                    }
                }
            }
        }
    })
}

fn money_chart(report: &RunReport, decimals: usize) -> RowChart {
    let (mut lines, mut all) = (vec![], vec![]);
    for policy in shown(report) {
        if let Some(Booked { revenue, cost }) = booked(report, policy) {
            lines.push(Line::Group(policy.label()));
            for (label, value, colour) in
                [("margin", margin(report, &revenue), colour::BLUE), ("cost", cost, colour::ORANGE)]
            {
                let text = with_ends(&value, decimals);
                all.push(value);
                lines.push(Line::Mark(Mark { label: label.into(), value, text, colour, shape: Shape::Bar }));
            }
        }
    }
    let axis = format!("per decision, {}", report.environment.currency);
    let ticks = axis_decimals(report, all.iter().chain([&IntervalValue::exact(0.0)]));
    RowChart { lines, axis, decimals: ticks, percent: false, from_zero: true, line_at: None }
}

fn money_cells(report: &RunReport, policy: &PolicyReport, decimals: usize) -> Markup {
    html! {
        @match (report.verdict(policy), booked(report, policy)) {
            (Verdict::Refused(reasons), _) => (refused_cell(&reasons, 4)),
            (Verdict::Value(value), Some(Booked { revenue, cost })) => {
                (interval_cell(&revenue, decimals))
                (interval_cell(&margin(report, &revenue), decimals))
                (interval_cell(&cost, decimals))
                (interval_cell(&value, decimals))
            },
            (Verdict::Value(value), None) => {
                td.n { "–" } td.n { "–" } td.n { "–" }
                (interval_cell(&value, decimals))
            },
        }
    }
}
