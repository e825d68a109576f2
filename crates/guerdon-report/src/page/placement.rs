//! Where rewards pay: the share of each stage of the funnel in each segment, how much is offered, how likely it is paid.

use super::parts::heat_cell;
use crate::format::{count, decimals, number, percent};
use crate::{PlacementRow, PlacementSection, PolicyPlacement, RunReport};
use maud::{Markup, html};

pub(super) fn section(report: &RunReport) -> Option<Markup> {
    let placement = report.placement.as_ref().filter(|placement| !placement.policies.is_empty())?;
    let columns = Columns::of(report, placement);
    Some(html! {
        p {
            "The stage at which the chosen reward pays, in % of a segment's decisions; the shares of a row add to 100 %. \
            They are the policy's own probabilities on the held-out decisions, not estimates. Darker means more often."
        }
        p {
            "The amount is the mean over decisions with an offer, in " (report.environment.currency) ", whether or not it \
            gets paid."
            @if columns.chance {
                " The chance is what the policy's own model expects: how likely the member is to reach the stage at which \
                the chosen reward pays. It is a prediction, not a measurement, and what was done has none."
            }
        }
        @for policy in &placement.policies {
            h3 { (report.policy(&policy.policy).map_or(policy.policy.clone(), |p| p.label())) }
            @if let Some(reach) = policy.reach {
                p.note {
                    "Rewards go to the deepest stage that the member reaches with a chance of at least " (percent(reach)) "."
                }
            }
            (table(policy, placement, &columns))
        }
    })
}

/// Columns that every table has or lacks alike, so that policies can be held side by side.
struct Columns {
    never_pays: bool,
    no_offer: bool,
    chance: bool,
    /// Decimals of amounts.
    decimals: usize,
}

impl Columns {
    fn of(report: &RunReport, placement: &PlacementSection) -> Columns {
        let rows = || placement.policies.iter().flat_map(|policy| &policy.rows);
        Columns {
            never_pays: rows().any(|row| row.never_pays > 0.0),
            no_offer: rows().any(|row| row.no_offer > 0.0),
            chance: rows().any(|row| row.chance.is_some()),
            decimals: decimals(rows().filter_map(|row| row.amount), report.environment.minor_units),
        }
    }

    /// Columns of a table with that many stages, its first included.
    fn count(&self, stages: usize) -> usize {
        3 + stages + [self.never_pays, self.no_offer, self.chance].into_iter().filter(|shown| *shown).count()
    }
}

fn table(policy: &PolicyPlacement, placement: &PlacementSection, columns: &Columns) -> Markup {
    html! {
        div.scroll {
            table.first {
                thead {
                    tr {
                        th { "segment" }
                        th.n { "decisions" }
                        @for stage in &placement.stages { th.n { "pays at " (stage) } }
                        @if columns.never_pays { th.n { "never pays" } }
                        @if columns.no_offer { th.n { "no offer" } }
                        th.n { "mean amount" }
                        @if columns.chance { th.n { "chance to reach it" } }
                    }
                }
                tbody {
                    @for (place, row) in policy.rows.iter().enumerate() {
                        @if let (Some(feature), true) = (&row.feature, starts_feature(&policy.rows, place)) {
                            tr { th.by scope="rowgroup" colspan=(columns.count(placement.stages.len())) { "by " (feature) } }
                        }
                        (table_row(row, placement, columns))
                    }
                }
            }
        }
    }
}

fn starts_feature(rows: &[PlacementRow], place: usize) -> bool {
    place == 0 || rows[place - 1].feature != rows[place].feature
}

fn table_row(row: &PlacementRow, placement: &PlacementSection, columns: &Columns) -> Markup {
    html! {
        tr {
            th scope="row" { (row.segment) }
            td.n { (count(row.decisions)) }
            @for stage in 0..placement.stages.len() { (heat_cell(row.stages.get(stage).copied().unwrap_or(0.0))) }
            @if columns.never_pays { (heat_cell(row.never_pays)) }
            @if columns.no_offer { (heat_cell(row.no_offer)) }
            td.n { (row.amount.map_or("–".into(), |amount| number(amount, columns.decimals))) }
            @if columns.chance { td.n { (row.chance.filter(|c| c.is_finite()).map_or("–".into(), percent)) } }
        }
    }
}
