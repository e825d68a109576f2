//! Adding up what the pass over the members sees.

use super::member::MemberRows;
use super::scan::Overview;
use crate::attribution::Tally;
use crate::log::{ActionSummary, IngestSummary, LogMeta};
use guerdon_core::{Error, Outcome, Result, StageMatch, Timestamp};

/// Totals over everything read so far.
pub(super) struct Totals<'a> {
    meta: &'a LogMeta,
    /// The counts that are whole from the start; means come at the end.
    pub(super) summary: IngestSummary,
    actions: Vec<ActionTotals>,
    skipped: Vec<u64>,
    with_order: u64,
    distinct: i128,
    immature: i128,
    unattributed: i128,
}

/// Totals of one action.
#[derive(Debug, Clone, Default)]
struct ActionTotals {
    n: u64,
    revenue: i128,
    cost: i128,
    stages: Vec<u64>,
}

impl<'a> Totals<'a> {
    pub(super) fn new(meta: &'a LogMeta) -> Self {
        let stages = meta.environment.funnel.stages.len();
        Totals {
            meta,
            summary: IngestSummary { min_propensity: 1.0, ..IngestSummary::default() },
            actions: vec![ActionTotals { stages: vec![0; stages], ..ActionTotals::default() }; meta.catalogue.len()],
            skipped: vec![0; stages],
            with_order: 0,
            distinct: 0,
            immature: 0,
            unattributed: 0,
        }
    }

    /// Adds one member, `mature` of whose decisions are mature.
    pub(super) fn member(&mut self, rows: &MemberRows, mature: usize, tally: &Tally) {
        let summary = &mut self.summary;
        summary.members_listed += 1;
        summary.members += u64::from(mature > 0);
        summary.immature += (rows.decisions.len() - mature) as u64;
        summary.duplicate_decisions += rows.duplicate_decisions;
        summary.duplicate_events += rows.duplicate_events;
        summary.events += rows.events.len() as u64;
        summary.amounts_rounded += tally.rounded;
        summary.amounts_missing += tally.missing;
        summary.events_without_action += tally.nameless;
        self.distinct += i128::from(tally.distinct.0);
        self.immature += i128::from(tally.immature.0);
        self.unattributed += i128::from(tally.unattributed.0);
    }

    /// Adds one decision of the log.
    pub(super) fn decision(&mut self, action: u16, at: Timestamp, propensity: f64, outcome: &Outcome) {
        let summary = &mut self.summary;
        summary.decisions += 1;
        summary.first_decided_at = Some(summary.first_decided_at.map_or(at, |first| first.min(at)));
        summary.last_decided_at = summary.last_decided_at.max(Some(at));
        summary.min_propensity = summary.min_propensity.min(propensity);
        summary.points_issued += outcome.points_issued;
        summary.points_redeemed += outcome.points_redeemed;
        self.with_order += u64::from(outcome.orders > 0);
        let of_action = &mut self.actions[usize::from(action)];
        of_action.n += 1;
        of_action.revenue += i128::from(outcome.revenue.0);
        of_action.cost += i128::from(outcome.cost.0);
        for (stage, reached) in outcome.reached_at.iter().enumerate() {
            of_action.stages[stage] += u64::from(reached.is_some());
            let skipped = stage > 0 && reached.is_some() && outcome.reached_at[stage - 1].is_none();
            self.skipped[stage] += u64::from(skipped);
        }
    }

    /// The whole summary.
    ///
    /// # Errors
    /// [`Error::Empty`] without a mature decision.
    pub(super) fn summary(mut self, overview: &Overview) -> Result<IngestSummary> {
        let economics = &self.meta.environment.economics;
        let major = |minor: i128| minor as f64 / 10f64.powi(economics.minor_units as i32);
        let n = self.summary.decisions;
        if n == 0 {
            return Err(no_mature_decision(self.meta, overview));
        }
        let mean = |minor: i128, n: u64| if n == 0 { 0.0 } else { major(minor) / n as f64 };
        let revenue: i128 = self.actions.iter().map(|action| action.revenue).sum();
        let cost: i128 = self.actions.iter().map(|action| action.cost).sum();
        let names = || self.meta.environment.funnel.stages.iter();
        let counts = |stages: &[u64]| names().map(|stage| stage.name.clone()).zip(stages.iter().copied()).collect();
        let stages: Vec<u64> =
            (0..self.skipped.len()).map(|stage| self.actions.iter().map(|action| action.stages[stage]).sum()).collect();
        let offered: u64 = self
            .meta
            .catalogue
            .rewards()
            .iter()
            .zip(&self.actions)
            .map(|(r, a)| if r.is_none() { 0 } else { a.n })
            .sum();
        let summary = &mut self.summary;
        summary.duplicates_dropped = summary.duplicate_events + summary.duplicate_decisions;
        summary.unknown_events = overview.unknown_events.clone();
        summary.log_end = Some(overview.log_end);
        summary.mean_revenue = mean(revenue, n);
        summary.mean_cost = mean(cost, n);
        summary.mean_value =
            economics.margin * mean(revenue, n) - mean(cost, n) - economics.contact_cost * offered as f64 / n as f64;
        summary.order_rate = self.with_order as f64 / n as f64;
        summary.stages = counts(&stages);
        summary.stages_skipped = names()
            .zip(&self.skipped)
            .skip(1)
            .filter(|(stage, _)| stage.matches == StageMatch::Action)
            .map(|(stage, &count)| (stage.name.clone(), count))
            .collect();
        summary.actions = self
            .meta
            .catalogue
            .names()
            .zip(&self.actions)
            .map(|(name, action)| {
                let of_action = ActionSummary {
                    n: action.n,
                    mean_revenue: mean(action.revenue, action.n),
                    mean_cost: mean(action.cost, action.n),
                    stages: counts(&action.stages),
                };
                (name.to_owned(), of_action)
            })
            .collect();
        summary.revenue_attributed = major(revenue);
        summary.revenue_distinct = major(self.distinct);
        summary.revenue_counted_times = if self.distinct == 0 { 1.0 } else { revenue as f64 / self.distinct as f64 };
        summary.revenue_immature = major(self.immature);
        summary.revenue_unattributed = major(self.unattributed);
        Ok(self.summary)
    }
}

fn no_mature_decision(meta: &LogMeta, overview: &Overview) -> Error {
    Error::Empty {
        place: "decisions".into(),
        what: format!(
            "none of the {} decisions is mature: none was taken {} hours (log.attribution.hours) before the log ended \
             at {}; shorten the window or read a longer log",
            overview.decisions, meta.environment.log.attribution.hours, overview.log_end
        ),
    }
}
