//! What a budget buys: the frontier of the learned policies above constant offers and mixes of them.

use super::parts::{axis_decimals, interval_cell, money_decimals};
use crate::chart::{Curve, PlaneChart, Spot, colour, figure};
use crate::format::{level, money, number};
use crate::{BudgetAt, BudgetConstant, BudgetCurve, BudgetPoint, BudgetSection, IntervalValue, RunReport};
use maud::{Markup, html};
use plotters::style::RGBColor;

/// Colours of the curves with their classes in the style sheet; more curves than these share the last.
const COLOURS: [(RGBColor, &str); 4] = [
    (colour::BLUE, "blue"),
    (colour::PURPLE, "purple"),
    (colour::VERMILLION, "vermillion"),
    (colour::ORANGE, "orange"),
];

/// Constants that cost more than this many times the dearest thing of interest are not drawn.
const MOST_DEARER: f64 = 1.7;

pub(super) fn section(report: &RunReport) -> Option<Markup> {
    let budget = report.budget.as_ref()?;
    let level = level(report.confidence);
    Some(html! {
        p {
            "Not every reward is worth its cost equally. At a price λ a policy gives a reward only where it is expected to \
            bring more than (1 + λ) times what it costs, so a higher λ spends less, and takes out what pays least first. \
            Each dot of a curve is one λ: what the policy then costs and what it is worth, per decision. λ was chosen on \
            members that are not valued here, and costs are what was really paid on the held-out members, so a dot may cost \
            a little more or less than it was meant to."
        }
        p {
            "A programme without any model can do this: give everyone the same offer, or draw between two offers so that \
            the budget holds. The green line is the best that such draws reach at each cost. A policy is worth its \
            trouble where its curve lies above the green line."
        }
        (chart(report, budget))
        (at(report, budget, &level))
        (curves(report, budget, &level))
    })
}

fn colours(place: usize) -> (RGBColor, &'static str) {
    COLOURS[place.min(COLOURS.len() - 1)]
}

fn all_values(budget: &BudgetSection) -> Vec<IntervalValue> {
    let curves = budget.curves.iter().flat_map(|curve| curve.points.iter().map(|point| point.value));
    curves.chain(budget.constants.iter().map(|constant| constant.value)).collect()
}

fn all_costs(budget: &BudgetSection) -> Vec<IntervalValue> {
    let exact = |cost: &IntervalValue| IntervalValue::exact(cost.value);
    let curves = budget.curves.iter().flat_map(|curve| curve.points.iter().map(|point| exact(&point.cost)));
    curves.chain(budget.constants.iter().map(|constant| exact(&constant.cost))).collect()
}

fn chart(report: &RunReport, budget: &BudgetSection) -> Markup {
    let curve = |(place, curve): (usize, &BudgetCurve)| {
        let mut points: Vec<(f64, IntervalValue)> = curve.points.iter().map(|p| (p.cost.value, p.value)).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        Curve { colour: colours(place).0, points }
    };
    let on_hull = |constant: &BudgetConstant| budget.hull.contains(&constant.action);
    let spot = |constant: &BudgetConstant| Spot {
        label: if on_hull(constant) { offer(&constant.action) } else { String::new() },
        x: constant.cost.value,
        y: constant.value.value,
    };
    let most = MOST_DEARER * dearest(budget);
    let (drawn, dearer): (Vec<_>, Vec<_>) = budget.constants.iter().partition(|constant| constant.cost.value <= most);
    let find = |name: &String| budget.constants.iter().find(|constant| constant.action == *name);
    let chart = PlaneChart {
        curves: budget.curves.iter().enumerate().map(curve).collect(),
        spots: drawn.into_iter().map(spot).collect(),
        line: budget.hull.iter().filter_map(find).map(|c| (c.cost.value, c.value.value)).collect(),
        upright: budget.per_decision,
        axes: (
            format!("cost of rewards per decision, {}", report.environment.currency),
            format!("net value per decision, {}", report.environment.currency),
        ),
        decimals: (axis_decimals(report, &all_costs(budget)), axis_decimals(report, &all_values(budget))),
    };
    let caption = html! {
        "Curves are learned policies at rising budgets, with " (level(report.confidence)) " intervals of their value, \
        clustered by member; green dots are constant offers, the green line the best draws between them."
        @if !dearer.is_empty() { " Constant offers that cost far more (" (dearer.len()) ") are in the table only." }
        @if let Some(at) = budget.per_decision { " The dashed line is the budget of " (amount(report, at)) "." }
    };
    html! {
        div.keys {
            @for (place, curve) in budget.curves.iter().enumerate() {
                span { span class={ "key " (colours(place).1) } {} (curve.policy) }
            }
            span { span class="key green" {} "always the same offer, and draws between two" }
        }
        (figure(&chart, "Net value against cost of rewards, of learned policies and of constant offers", caption))
    }
}

/// The most that any curve, constant on the hull, or budget costs.
fn dearest(budget: &BudgetSection) -> f64 {
    let curves = budget.curves.iter().flat_map(|curve| curve.points.iter().map(|point| point.cost.value));
    let hull = budget.constants.iter().filter(|constant| budget.hull.contains(&constant.action)).map(|c| c.cost.value);
    curves.chain(hull).chain(budget.per_decision).fold(0.0, f64::max)
}

fn offer(action: &str) -> String {
    if action == guerdon_core::NONE { "no offers".into() } else { action.to_owned() }
}

fn amount(report: &RunReport, value: f64) -> String {
    money(&number(value, report.environment.minor_units.max(2) as usize), &report.environment.currency)
}

/// The budget looked at in particular: a sentence a policy and a table.
fn at(report: &RunReport, budget: &BudgetSection, level: &str) -> Markup {
    let found: Vec<(&str, &BudgetAt)> =
        budget.curves.iter().filter_map(|curve| Some((curve.policy.as_str(), curve.at.as_ref()?))).collect();
    let (Some(per_decision), false) = (budget.per_decision, found.is_empty()) else { return html! {} };
    let money = money_decimals(report, found.iter().flat_map(|(_, at)| [&at.value, &at.mix_value, &at.cost]));
    html! {
        h3 { "At " (amount(report, per_decision)) " a decision" }
        @for (policy, at) in &found { p { strong { (policy) } ": " (verdict(report, at)) } }
        div.scroll {
            table.first.stack {
                caption { span { "Policies priced for this budget beside the best draw between two constant offers that costs the same, with " (level) " intervals" } }
                thead { tr {
                    th { "policy" } th.n { "λ" } th.n { "cost" } th.n { "value" } th { "best draw" } th.n { "its value" } th.n { "policy less draw" }
                } }
                tbody {
                    @for (policy, at) in &found {
                        tr {
                            th scope="row" { (policy) }
                            td.n { (number(at.lambda, 3)) }
                            (interval_cell(&at.cost, money))
                            (interval_cell(&at.value, money))
                            td { (at.mix) }
                            (interval_cell(&at.mix_value, money))
                            (interval_cell(&at.over_mix, money))
                        }
                    }
                }
            }
        }
        p.note { "The draw that is best was picked on these very decisions, which flatters the draw and not the policy." }
    }
}

fn verdict(report: &RunReport, at: &BudgetAt) -> String {
    let by = amount(report, at.over_mix.value.abs());
    match at.over_mix.ends() {
        Some((lower, _)) if lower > 0.0 => {
            format!("worth {by} a decision more than the best draw at the same cost, beyond chance.")
        }
        Some((_, upper)) if upper < 0.0 => {
            format!("worth {by} a decision less than the best draw at the same cost, beyond chance.")
        }
        _ if at.over_mix.value >= 0.0 => {
            format!(
                "worth {by} a decision more than the best draw at the same cost, but the log can't tell that from chance."
            )
        }
        _ => format!(
            "worth {by} a decision less than the best draw at the same cost; the log can't tell that from chance."
        ),
    }
}

fn curves(report: &RunReport, budget: &BudgetSection, level: &str) -> Markup {
    let money = money_decimals(report, &all_values(budget));
    let cell = |value: Option<&IntervalValue>| {
        html! {
            @match value { Some(value) => (interval_cell(value, money)), None => td.n { "–" } }
        }
    };
    let row = |point: &BudgetPoint| {
        html! {
            tr {
                th scope="row" { (amount(report, point.budget)) }
                td.n { @if point.lambda < 1e6 { (number(point.lambda, 3)) } @else { "–" } }
                (interval_cell(&point.cost, money)) (interval_cell(&point.value, money)) (cell(point.over_mix.as_ref()))
            }
        }
    };
    html! {
        @for curve in &budget.curves {
            details {
                summary { "Every point of " (curve.policy) }
                div.scroll { table.first.stack {
                    caption { span { "Per decision in " (report.environment.currency) ", with " (level) " intervals" } }
                    thead { tr { th { "to spend" } th.n { "λ" } th.n { "cost" } th.n { "value" } th.n { "over the best draw" } } }
                    tbody { @for point in &curve.points { (row(point)) } }
                } }
            }
        }
        details {
            summary { "Every constant offer" }
            div.scroll { table.first.stack {
                caption { span { "Per decision in " (report.environment.currency) ", with " (level) " intervals" } }
                thead { tr { th { "always" } th.n { "cost" } th.n { "value" } } }
                tbody { @for constant in &budget.constants {
                    tr { th scope="row" { (offer(&constant.action)) } (interval_cell(&constant.cost, money)) (interval_cell(&constant.value, money)) }
                } }
            } }
        }
    }
}
