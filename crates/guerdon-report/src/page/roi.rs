//! Return on what is spent: the simulation beside the estimate from the log. Refused policies show no number at all.

use super::parts::{axis_decimals, interval_cell, money_decimals, refused_cell};
use crate::chart::{Line, Mark, RowChart, Shape, colour, figure};
use crate::format::{all_numbers, count, decimals, level, number, with_ends};
use crate::headline::{disagrees, misses};
use crate::{FidelityRow, IntervalValue, RoiRow, RoiSection, RunReport};
use maud::{Markup, html};

pub(super) fn section(report: &RunReport) -> Option<Markup> {
    let roi = report.roi.as_ref()?;
    Some(html! {
        p {
            "A simulator fitted from the log played " (count(roi.horizon)) " decisions for each of " (count(roi.members))
            " members under each policy, with the same chance events for all. " (count(roi.ensemble)) " models, each \
            fitted to other members, show how sure the simulator is: intervals (" (level(report.confidence)) ") cover its \
            model error and the draw of members, not a world that changes. Incremental figures are against "
            (roi.reference) "."
        }
        (table(report, roi))
        (chart(report, roi))
        (fidelity(report, &roi.fidelity))
        @if !roi.assumptions.is_empty() {
            h3 { "What the simulator assumes" }
            ul.plain { @for assumption in &roi.assumptions { li { (assumption) } } }
        }
    })
}

fn label(report: &RunReport, row: &RoiRow) -> String {
    report.policy(&row.name).map_or_else(|| row.name.clone(), |policy| policy.label())
}

/// What may be shown: the row, unless anything refused it.
fn allowed<'a>(report: &RunReport, row: &'a RoiRow) -> Result<&'a RoiRow, Vec<String>> {
    let refusals = report.roi_refusals(row);
    if refusals.is_empty() { Ok(row) } else { Err(refusals) }
}

fn table(report: &RunReport, section: &RoiSection) -> Markup {
    let shown: Vec<&RoiRow> = section.policies.iter().filter_map(|row| allowed(report, row).ok()).collect();
    let money = money_decimals(report, shown.iter().flat_map(|row| amounts(row)));
    let ratio = decimals(all_numbers(shown.iter().filter_map(|row| row.roi.as_ref())), 2);
    html! {
        div.scroll {
            table.first.stack {
                caption { span { "Over all simulated members and the whole horizon, in " (report.environment.currency) "; ROI = (incremental margin − cost) / cost" } }
                thead {
                    tr {
                        th { "policy" } th.n { "ROI" } th.n { "net" } th.n { "incremental margin" } th.n { "cost" }
                        th.n { "incremental revenue" } th.n { "revenue" }
                    }
                }
                tbody {
                    @for row in &section.policies {
                        tr {
                            th scope="row" { (label(report, row)) }
                            @match allowed(report, row) {
                                Err(reasons) => (refused_cell(&reasons, 6)),
                                Ok(row) => {
                                    (roi_cell(row, ratio))
                                    @for value in amounts(row) { (interval_cell(value, money)) }
                                },
                            }
                        }
                    }
                }
            }
        }
        @for row in shown.iter().filter(|row| disagrees(row)) {
            p.note {
                strong { (label(report, row)) ": " }
                "the simulator's value of one decision and the estimate from the log do not overlap, so the figures of \
                this row are not to be relied on."
            }
        }
    }
}

/// The amounts of a row, in the order of the columns.
fn amounts(row: &RoiRow) -> [&IntervalValue; 5] {
    [&row.net_value, &row.incremental_margin, &row.cost, &row.incremental_revenue, &row.revenue]
}

fn roi_cell(row: &RoiRow, decimals: usize) -> Markup {
    html! {
        @match &row.roi {
            Some(roi) if roi.value.is_finite() => (interval_cell(roi, decimals)),
            _ => td.n { "no cost" },
        }
    }
}

/// The simulator's value of one decision beside the log's.
fn chart(report: &RunReport, section: &RoiSection) -> Markup {
    let mut pairs: Vec<(String, IntervalValue, Option<IntervalValue>)> = vec![];
    for row in section.policies.iter().filter(|row| report.roi_refusals(row).is_empty()) {
        let offline = match (&row.offline_value, report.policy(&row.name)) {
            (Some(e), _) => e.value.map(|value| IntervalValue { value, lower: e.lower, upper: e.upper }),
            (None, Some(policy)) => report.verdict(policy).value().copied(),
            (None, None) => None,
        };
        pairs.push((label(report, row), row.step_value, offline));
    }
    if pairs.is_empty() {
        return html! {};
    }
    let all: Vec<IntervalValue> = pairs.iter().flat_map(|(_, s, o)| [Some(*s), *o]).flatten().collect();
    let decimals = money_decimals(report, &all);
    let mark = |label: &str, value: IntervalValue, colour| {
        let text = with_ends(&value, decimals);
        Line::Mark(Mark { label: label.into(), value, text, colour, shape: Shape::Dot })
    };
    let mut lines = vec![];
    for (label, step, offline) in pairs {
        lines.push(Line::Group(label));
        lines.push(mark("simulated", step, colour::PURPLE));
        lines.extend(offline.map(|offline| mark("from the log", offline, colour::BLUE)));
    }
    let axis = format!("net value per decision, {}", report.environment.currency);
    let chart = RowChart {
        lines,
        axis,
        decimals: axis_decimals(report, &all),
        percent: false,
        from_zero: false,
        line_at: None,
    };
    let caption = html! {
        "The same quantity twice, with " (level(report.confidence)) " intervals: value of one decision in the simulator, \
        and as estimated from the log without it. Where the two disagree, trust the log."
    };
    html! {
        h3 { "The simulator beside the log" }
        (figure(&chart, "Simulated and offline value per decision, by policy", caption))
    }
}

fn fidelity(report: &RunReport, rows: &[FidelityRow]) -> Markup {
    if rows.is_empty() {
        return html! {};
    }
    html! {
        @if rows.iter().any(misses) {
            p.note {
                strong { "The simulator does not reproduce the log. " }
                "Figures marked as missed are off by more than a tenth, with the log outside the simulator's interval: \
                the figures of this section are not to be relied on."
            }
        }
        div.scroll {
            table.first {
                caption { span { "What the simulator reproduces of each member's last logged decision, under the policy that wrote the log" } }
                thead { tr { th { "figure" } th.n { "log" } th.n { "simulator" } th { "" } } }
                tbody {
                    @for row in rows {
                        @let places = decimals(all_numbers([&row.simulated]).into_iter().chain([row.log]), report.environment.minor_units.max(2));
                        tr {
                            th scope="row" { (row.figure) }
                            td.n { (number(row.log, places)) }
                            (interval_cell(&row.simulated, places))
                            td { @if misses(row) { span.severity.warning { "missed" } } }
                        }
                    }
                }
            }
        }
    }
}
