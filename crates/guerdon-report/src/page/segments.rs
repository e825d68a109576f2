//! Who gets what: the share of each action in each segment, as shaded tables.

use super::parts::heat_cell;
use crate::format::count;
use crate::{RunReport, SegmentShares};
use maud::{Markup, html};

/// Actions that no segment gets in at least this share of decisions are summed up in one row.
const RARE: f64 = 0.005;

pub(super) fn section(report: &RunReport) -> Option<Markup> {
    if report.segments.is_empty() {
        return None;
    }
    Some(html! {
        p {
            "The share of each action among the decisions of a segment, as the policy would take them on the held-out \
            decisions. These are the policy's own probabilities, not estimates. Darker means more often."
        }
        @for (place, shares) in report.segments.iter().enumerate() {
            @if place == 0 || report.segments[place - 1].policy != shares.policy {
                h3 { (report.policy(&shares.policy).map_or(shares.policy.clone(), |p| p.label())) }
            }
            (table(shares))
        }
    })
}

fn share(shares: &SegmentShares, segment: usize, action: usize) -> f64 {
    shares.shares.get(segment).and_then(|row| row.get(action)).copied().unwrap_or(0.0)
}

fn table(shares: &SegmentShares) -> Markup {
    let segments = 0..shares.segments.len();
    let often = |action: &usize| segments.clone().any(|segment| share(shares, segment, *action) >= RARE);
    let (shown, rare): (Vec<usize>, Vec<usize>) = (0..shares.actions.len()).partition(often);
    html! {
        div.scroll {
            table.first {
                caption { span { "by " strong { (shares.feature) } ", % of decisions" } }
                thead {
                    tr {
                        th { "action" }
                        @for (place, segment) in shares.segments.iter().enumerate() {
                            th.n {
                                (segment)
                                br;
                                span.ends { (count(shares.decisions.get(place).copied().unwrap_or(0))) }
                            }
                        }
                    }
                }
                tbody {
                    @for action in shown {
                        tr {
                            th scope="row" { (shares.actions[action]) }
                            @for segment in segments.clone() { (heat_cell(share(shares, segment, action))) }
                        }
                    }
                    @if !rare.is_empty() {
                        tr {
                            th scope="row" { (rare.len()) @if rare.len() == 1 { " other" } @else { " others" } }
                            @for segment in segments.clone() {
                                (heat_cell(rare.iter().map(|action| share(shares, segment, *action)).sum()))
                            }
                        }
                    }
                }
            }
        }
    }
}
