//! What each policy is worth: the chart, every estimate, and the paired differences.

use super::parts::{axis_decimals, colour_keys, interval_cell, money_decimals, policy_header, refused_cell, sorted};
use crate::chart::{Line, Mark, RowChart, Shape, colour, colour_of, figure};
use crate::format::{count, decimals, level, number, with_ends};
use crate::headline::Reading;
use crate::{IntervalValue, PolicyReport, PolicyRole, RunReport, Verdict};
use guerdon_ope::{Estimate, Estimator};
use maud::{Markup, html};

/// More policies than this are drawn as the best of the constants and all the rest.
const MOST_DRAWN: usize = 40;

pub(super) fn section(report: &RunReport) -> Option<Markup> {
    if report.policies.is_empty() {
        return None;
    }
    Some(html! {
        p {
            "Net value per decision is margin on revenue (" (crate::format::percent(report.environment.margin))
            " of revenue) less the cost of rewards and contacts, in " (report.environment.currency) "."
        }
        (chart(report))
        (estimates(report))
        (differences(report))
    })
}

fn chart(report: &RunReport) -> Markup {
    let drawn = drawn(report);
    let left_out = report.policies.len() - drawn.len();
    let values: Vec<IntervalValue> = drawn.iter().filter_map(|p| report.verdict(p).value().copied()).collect();
    let decimals = money_decimals(report, &values);
    let chart = RowChart {
        lines: drawn.iter().map(|policy| line(report, policy, decimals)).collect(),
        axis: format!("net value per decision, {}", report.environment.currency),
        decimals: axis_decimals(report, &values),
        percent: false,
        from_zero: false,
        line_at: report.best_of(PolicyRole::Logging).and_then(|p| report.verdict(p).value().map(|v| v.value)),
    };
    let level = level(report.confidence);
    let estimator = report.estimator.to_string().to_uppercase();
    let caption = html! {
        "Dots are values by " (estimator) ", whiskers their " (level) " intervals, clustered by member; the dashed line is \
        what was done. Policies that the log can't carry have no dot."
        @if left_out > 0 { " " (left_out) " more constant policies are in the table." }
    };
    html! { (colour_keys()) (figure(&chart, "Net value per decision of every policy, with intervals", caption)) }
}

/// Everything, or where there are too many constants, the first of them in sorted order.
fn drawn(report: &RunReport) -> Vec<&PolicyReport> {
    let others = report.policies.iter().filter(|p| p.role != PolicyRole::Constant).count();
    let mut room = MOST_DRAWN.saturating_sub(others);
    if report.policies.len() <= MOST_DRAWN {
        room = usize::MAX;
    }
    let keep = |policy: &&PolicyReport| {
        if policy.role != PolicyRole::Constant {
            return true;
        }
        let fits = room > 0;
        room = room.saturating_sub(1);
        fits
    };
    sorted(report).into_iter().filter(keep).collect()
}

fn line(report: &RunReport, policy: &PolicyReport, decimals: usize) -> Line {
    match report.verdict(policy) {
        Verdict::Value(value) => Line::Mark(Mark {
            label: policy.label(),
            value,
            text: with_ends(&value, decimals),
            colour: colour_of(policy.role),
            shape: Shape::Dot,
        }),
        Verdict::Refused(reasons) => {
            Line::Refused { label: policy.label(), text: super::parts::not_evaluable(&reasons) }
        }
    }
}

/// The estimators that any policy was valued by, in the order of the estimates.
fn estimators(report: &RunReport) -> Vec<Estimator> {
    let mut used: Vec<Estimator> = vec![];
    for estimate in report.policies.iter().flat_map(|policy| &policy.estimates) {
        if !used.contains(&estimate.estimator) {
            used.push(estimate.estimator);
        }
    }
    used
}

fn of(policy: &PolicyReport, estimator: Estimator) -> Option<&Estimate> {
    policy.estimates.iter().find(|estimate| estimate.estimator == estimator)
}

/// The interval of an estimate that was let through.
fn accepted(estimate: &Estimate) -> Option<IntervalValue> {
    let value = estimate.value.filter(|_| estimate.is_ok())?;
    Some(IntervalValue { value, lower: estimate.lower, upper: estimate.upper })
}

fn estimates(report: &RunReport) -> Markup {
    let estimators = estimators(report);
    let all: Vec<IntervalValue> = report.policies.iter().flat_map(|p| &p.estimates).filter_map(accepted).collect();
    let decimals = money_decimals(report, &all);
    let truth = report.policies.iter().any(|policy| policy.true_value.is_some());
    html! {
        h3 { "Every estimate" }
        div.scroll {
            table.first.stack {
                caption { span { "Value per decision in " (report.environment.currency) " with " (level(report.confidence)) " intervals, and the weights behind it" } }
                thead {
                    tr {
                        th { "policy" }
                        @for estimator in &estimators { th.n { (estimator.to_string().to_uppercase()) } }
                        @if truth { th.n { "truth" } }
                        th.n { "ESS" } th.n { "largest weight" } th.n { "mean weight" } th.n { "decisions" }
                    }
                }
                tbody {
                    @for policy in sorted(report) {
                        tr {
                            (policy_header(policy))
                            (estimate_cells(policy, &estimators, decimals))
                            @if truth { td.n { (policy.true_value.map_or("–".into(), |v| number(v, decimals))) } }
                            (weight_cells(policy))
                        }
                    }
                }
            }
        }
        (notes(report))
    }
}

fn estimate_cells(policy: &PolicyReport, estimators: &[Estimator], decimals: usize) -> Markup {
    let found: Vec<Option<&Estimate>> = estimators.iter().map(|e| of(policy, *e)).collect();
    let shared = found.first().copied().flatten().map(|estimate| &estimate.reasons);
    let all_refused = found.iter().flatten().all(|e| accepted(e).is_none() && Some(&e.reasons) == shared);
    html! {
        @if let (true, Some(reasons)) = (all_refused, shared) {
            (refused_cell(reasons, estimators.len()))
        } @else {
            @for estimate in found {
                @match estimate {
                    None => td.n { "–" },
                    Some(estimate) => @match accepted(estimate) {
                        Some(value) => (interval_cell(&value, decimals)),
                        None => (refused_cell(&estimate.reasons, 1)),
                    },
                }
            }
        }
    }
}

fn weight_cells(policy: &PolicyReport) -> Markup {
    html! {
        @match policy.estimates.first() {
            None => { td.n { "–" } td.n { "–" } td.n { "–" } td.n { "–" } },
            Some(e) => {
                td.n { (number(e.ess, if e.ess < 1_000.0 { 1 } else { 0 })) }
                td.n { (number(e.max_weight, decimals([e.max_weight], 0))) }
                td.n { (number(e.mean_weight, 3)) }
                td.n { (count(e.n)) }
            },
        }
    }
}

/// What a reader must know of accepted numbers, each once, with the estimators that it holds for.
fn notes(report: &RunReport) -> Markup {
    let mut notes: Vec<(String, Vec<String>)> = vec![];
    for estimate in report.policies.iter().flat_map(|p| &p.estimates).filter(|e| e.is_ok()) {
        let name = estimate.estimator.to_string().to_uppercase();
        for reason in &estimate.reasons {
            match notes.iter_mut().find(|(text, _)| text == reason) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name.clone()),
                None => notes.push((reason.clone(), vec![name.clone()])),
            }
        }
    }
    html! {
        @for (text, names) in notes { p.note { (crate::format::list(&names)) ": " (text) "." } }
    }
}

/// Each learner against what was done, no offers and the best constant.
fn differences(report: &RunReport) -> Markup {
    let learners = report.policies.iter().filter(|p| p.role == PolicyRole::Learner);
    let references: Vec<&PolicyReport> =
        [PolicyRole::Logging, PolicyRole::None, PolicyRole::Uniform, PolicyRole::Constant]
            .into_iter()
            .filter_map(|role| report.best_of(role))
            .collect();
    let rows: Vec<(&PolicyReport, &PolicyReport, IntervalValue)> = learners
        .flat_map(|learner| references.iter().map(move |reference| (learner, *reference)))
        .filter_map(|(l, r)| Some((l, r, report.difference(&l.name, &r.name)?)))
        .collect();
    if rows.is_empty() {
        return html! { p.note { "No differences could be taken: no learned policy and reference were both valued." } };
    }
    let all: Vec<IntervalValue> = rows.iter().map(|(_, _, difference)| *difference).collect();
    let decimals = money_decimals(report, &all);
    let mut lines = vec![];
    for (place, (learner, reference, difference)) in rows.iter().enumerate() {
        if place == 0 || rows[place - 1].0.name != learner.name {
            lines.push(Line::Group(format!("{} compared with", learner.label())));
        }
        lines.push(difference_line(reference, difference, decimals));
    }
    let chart = RowChart {
        lines,
        axis: format!("difference in value per decision, {}", report.environment.currency),
        decimals: axis_decimals(report, &all),
        percent: false,
        from_zero: true,
        line_at: Some(0.0),
    };
    let caption = html! {
        "Differences by " (report.estimator.to_string().to_uppercase()) ", paired decision by decision, with "
        (level(report.confidence)) " intervals. More or less: the interval excludes zero. Unclear: it contains zero, and \
        the two can't be told apart. The best constant is the one with the highest estimate on the same decisions."
    };
    html! {
        h3 { "Against the alternatives" }
        (figure(&chart, "Differences in value between learned policies and references", caption))
    }
}

fn difference_line(reference: &PolicyReport, difference: &IntervalValue, decimals: usize) -> Line {
    let reading = Reading::of(difference);
    Line::Mark(Mark {
        label: reference.label(),
        value: *difference,
        text: format!("{}: {}", with_ends(difference, decimals), reading.word()),
        colour: match reading {
            Reading::NotToldApart => colour::MUTED,
            Reading::More => colour::BLUE,
            Reading::Less => colour::VERMILLION,
        },
        shape: Shape::Dot,
    })
}
