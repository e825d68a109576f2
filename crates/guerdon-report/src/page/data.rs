//! The log that everything rests on: assumptions, counts, what it booked, and what the audit found.

use crate::format::{count, money, number, percent};
use crate::{Account, RunReport};
use guerdon_core::{Economics, Finding, PropensitySource, Severity};
use maud::{Markup, html};

pub(super) fn assumptions(report: &RunReport) -> Option<Markup> {
    if report.assumptions.is_empty() {
        return None;
    }
    Some(html! { ul.plain { @for assumption in &report.assumptions { li { (assumption) } } } })
}

pub(super) fn section(report: &RunReport) -> Option<Markup> {
    let data = &report.data;
    let mut facts: Vec<(&str, String)> = vec![
        ("mature decisions", count(data.decisions)),
        ("members", count(data.members)),
        (
            "left out as immature",
            format!("{} decisions whose attribution window ended after the log", count(data.immature)),
        ),
        ("dropped as duplicates", format!("{} events", count(data.duplicates_dropped))),
    ];
    if let Some((first, last)) = &data.span {
        facts.push(("first to last decision", format!("{first} to {last}")));
    }
    if let Some(trained) = data.trained_decisions {
        facts.push(("trained on", format!("{} decisions", count(trained))));
    }
    if let Some(valued) = data.valued_decisions {
        let members = data.valued_members.map(|m| format!(" of {} other members", count(m))).unwrap_or_default();
        facts.push(("valued on", format!("{} decisions{members}", count(valued))));
    }
    if let Some(source) = data.propensity_source {
        facts.push(("propensities", propensities(source).into()));
    }
    if !report.environment.attribution.is_empty() {
        facts.push(("attribution", report.environment.attribution.clone()));
    }
    facts.extend(data.attribution_counting.map(|factor| ("counted more than once", counting(factor))));
    Some(html! {
        dl { @for (name, value) in facts { dt { (name) } dd { (value) } } }
        @if let Some(account) = &data.ledger { (ledger(report, account)) }
    })
}

fn propensities(source: PropensitySource) -> &'static str {
    match source {
        PropensitySource::Logged => "logged with each decision",
        PropensitySource::Declared => "from the declared design of the experiment",
        PropensitySource::Estimated => "estimated from the log itself: every value rests on that model being right",
    }
}

fn counting(factor: f64) -> String {
    if factor <= 1.0 + 1e-9 {
        return "no money counts for more than one decision".into();
    }
    format!(
        "windows overlap, so that the revenue attributed is {} times the revenue there was; totals over decisions are too \
         high by {}, values per decision are those of the window",
        number(factor, 2),
        percent(factor - 1.0)
    )
}

/// What the valued decisions really brought and cost, summed in whole minor units.
fn ledger(report: &RunReport, account: &Account) -> Markup {
    let environment = &report.environment;
    let economics = Economics {
        currency: environment.currency.clone(),
        minor_units: environment.minor_units,
        margin: environment.margin,
        contact_cost: environment.contact_cost,
        ..Economics::default()
    };
    let statement = account.statement(&economics);
    let places = environment.minor_units as usize;
    let rows = [
        ("revenue", statement.revenue),
        ("margin on it", statement.margin),
        ("cost of rewards and contacts", statement.cost),
        ("margin less cost", statement.net),
    ];
    let per_decision =
        |amount: guerdon_core::Money| amount.to_major(environment.minor_units) / account.decisions.max(1) as f64;
    html! {
        div.scroll {
            table.first {
                caption { span { "What " (count(account.decisions)) " valued decisions brought and cost as they were taken (" (count(account.contacts)) " were offers)" } }
                thead { tr { th { "" } th.n { "sum" } th.n { "per decision" } } }
                tbody {
                    @for (name, amount) in rows {
                        tr {
                            th scope="row" { (name) }
                            td.n { (money(&number(amount.to_major(environment.minor_units), places), &environment.currency)) }
                            td.n { (number(per_decision(amount), places + 2)) }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn audit(report: &RunReport) -> Option<Markup> {
    if report.findings.is_empty() {
        return None;
    }
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let tally: Vec<String> = [Severity::Error, Severity::Warning, Severity::Info, Severity::Ok]
        .into_iter()
        .filter_map(|severity| {
            let n = findings.iter().filter(|f| f.severity == severity).count();
            (n > 0).then(|| format!("{n} {}", severity.name()))
        })
        .collect();
    Some(html! {
        p { (findings.len()) " checks: " (tally.join(", ")) "." }
        div.scroll {
            table {
                thead { tr { th { "severity" } th { "check" } th { "what was found" } } }
                tbody {
                    @for finding in findings {
                        tr {
                            td class={ "severity " (finding.severity.name()) } { (finding.severity.name()) }
                            td { code { (finding.code) } }
                            td { (finding.sentence) }
                        }
                    }
                }
            }
        }
    })
}
