//! The plain facts: how much there is, from when to when, in which order, and whether it is what the log says it is.

use super::words::{amount, count, percent, some};
use crate::LogBatch;
use crate::log::LogMeta;
use guerdon_core::{Finding, Severity, Timestamp};

/// What the rows show by themselves.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) count: u64,
    pub(super) members: u64,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    /// Rows whose time or step doesn't follow that of the same member's row before.
    disordered: u64,
    /// Members whose id is smaller than the one before: rows that are not sorted, or members in two places.
    scattered: u64,
    member: String,
    before: Option<(Timestamp, u32)>,
    revenue: i128,
}

impl Rows {
    pub(super) fn see(&mut self, batch: &LogBatch, i: usize) {
        let (at, step) = (batch.decided_at(i), batch.step(i));
        self.count += 1;
        self.revenue += i128::from(batch.revenue(i).0);
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = self.last.max(Some(at));
        let member = batch.member_id(i);
        if self.count > 1 && self.member == member {
            let in_order = self.before.is_none_or(|(time, place)| time <= at && place < step);
            self.disordered += u64::from(!in_order);
        } else {
            self.scattered += u64::from(self.count > 1 && member < self.member.as_str());
            self.members += 1;
            self.member.clear();
            self.member.push_str(member);
        }
        self.before = Some((at, step));
    }

    pub(super) fn findings(&self, meta: &LogMeta) -> Vec<Finding> {
        let mut findings = vec![self.size(), self.order(), self.summary(meta), immature(meta)];
        findings.extend(events(meta));
        findings.extend(counting(meta));
        findings
    }

    fn size(&self) -> Finding {
        let (first, last) = (self.first.unwrap_or_default(), self.last.unwrap_or_default());
        let sentence = format!(
            "{} decisions of {} members, from {first} to {last} ({:.1} days).",
            count(self.count),
            count(self.members),
            last.hours_since(first) / 24.0
        );
        let few = self.members < 100;
        let severity = if few { Severity::Warning } else { Severity::Info };
        let sentence = if few {
            format!("{sentence} Intervals are clustered by member and need more than a hundred of them.")
        } else {
            sentence
        };
        Finding::new("size", severity, sentence)
            .figure("decisions", self.count as f64)
            .figure("members", self.members as f64)
    }

    fn order(&self) -> Finding {
        if self.disordered == 0 && self.scattered == 0 {
            return Finding::new(
                "order",
                Severity::Ok,
                "Rows are sorted by member, and each member's by time and step.",
            );
        }
        Finding::new(
            "order",
            Severity::Error,
            format!(
                "{} rows don't follow the same member's row before them in time and step, and {} members stand before a \
                 smaller id; make the log again with ingest.",
                count(self.disordered),
                count(self.scattered)
            ),
        )
        .figure("disordered", self.disordered as f64)
        .figure("scattered", self.scattered as f64)
    }

    /// The metadata against the rows: a log that was altered after ingest no longer fits its own summary.
    fn summary(&self, meta: &LogMeta) -> Finding {
        let economics = &meta.environment.economics;
        let revenue = self.revenue as f64 / 10f64.powi(economics.minor_units as i32);
        let mean = revenue / self.count.max(1) as f64;
        let summary = &meta.summary;
        let same = summary.decisions == self.count
            && summary.members == self.members
            && (summary.mean_revenue - mean).abs() <= 1e-9 * mean.abs().max(1.0);
        if same {
            return Finding::new("summary", Severity::Ok, "The log's own summary fits its rows.");
        }
        Finding::new(
            "summary",
            Severity::Error,
            format!(
                "The log's summary says {} decisions of {} members with a mean revenue of {:.6}; its rows are {} of {} with \
                 {mean:.6}. It was altered after ingest: make it again.",
                count(summary.decisions),
                count(summary.members),
                summary.mean_revenue,
                count(self.count),
                count(self.members)
            ),
        )
    }
}

fn immature(meta: &LogMeta) -> Finding {
    let (immature, mature) = (meta.summary.immature, meta.summary.decisions);
    let share = immature as f64 / (immature + mature).max(1) as f64;
    let hours = meta.environment.log.attribution.hours;
    let (severity, advice) = match share {
        0.0 => (Severity::Ok, ""),
        s if s > 0.5 => (Severity::Warning, "; shorten the window (log.attribution.hours) or read a longer log"),
        _ => (Severity::Info, ""),
    };
    let sentence = format!(
        "{} of {} decisions ({}) were left out because their window of {hours} h ended after the log did{advice}.",
        count(immature),
        count(immature + mature),
        percent(share)
    );
    Finding::new("immature", severity, sentence).figure("immature", immature as f64).figure("share", share)
}

/// Events that nothing reads, and amounts that had to be mended.
fn events(meta: &LogMeta) -> Vec<Finding> {
    let summary = &meta.summary;
    let mut findings = vec![];
    if !summary.unknown_events.is_empty() {
        let names: Vec<String> =
            summary.unknown_events.iter().map(|(name, n)| format!("{name} ({})", count(*n))).collect();
        let total: u64 = summary.unknown_events.values().sum();
        findings.push(
            Finding::new(
                "unused_events",
                Severity::Warning,
                format!(
                    "{} events are read by no stage, feature or rule: {}. Name them in the environment, or leave them out \
                     in views.sql.",
                    count(total),
                    some(&names, 8)
                ),
            )
            .figure("events", total as f64),
        );
    }
    let mended = [
        ("amounts_missing", summary.amounts_missing, "revenue or redeem events have no value and count as 0"),
        ("amounts_rounded", summary.amounts_rounded, "amounts were rounded to the smallest unit of money"),
        (
            "features_not_finite",
            summary.features_not_finite,
            "feature values were NaN or infinite and count as missing",
        ),
    ];
    for (code, n, what) in mended {
        if n > 0 {
            let sentence = format!("{} {what}; mend them at their source.", count(n));
            findings.push(Finding::new(code, Severity::Warning, sentence).figure("n", n as f64));
        }
    }
    let skipped: Vec<String> = summary
        .stages_skipped
        .iter()
        .filter(|(_, n)| **n > 0)
        .map(|(stage, n)| format!("{stage} {} times", count(*n)))
        .collect();
    if !skipped.is_empty() {
        let sentence = format!("A stage was reached without the one before it: {}.", some(&skipped, 8));
        findings.push(Finding::new("stages_skipped", Severity::Info, sentence));
    }
    findings
}

/// Money that counts for several decisions, or for none.
fn counting(meta: &LogMeta) -> Vec<Finding> {
    let summary = &meta.summary;
    if meta.environment.economics.revenue_event.is_none() {
        return vec![];
    }
    let times = summary.revenue_counted_times;
    let twice = if times <= 1.0 + 1e-9 {
        Finding::new("counted_twice", Severity::Ok, "No revenue counts for more than one decision.")
    } else {
        let severity = if times > 1.5 { Severity::Warning } else { Severity::Info };
        Finding::new(
            "counted_twice",
            severity,
            format!(
                "Windows overlap: revenue was attributed {times:.3} times over on average ({} for {} of sales). \
                 Values per decision stand, totals don't: mode \"last_touch\" counts each sale once.",
                amount(summary.revenue_attributed),
                amount(summary.revenue_distinct)
            ),
        )
    };
    let all = summary.revenue_distinct + summary.revenue_immature + summary.revenue_unattributed;
    let share = if all > 0.0 { summary.revenue_unattributed / all } else { 0.0 };
    let outside = if share == 0.0 && summary.revenue_immature == 0.0 {
        Finding::new("unattributed", Severity::Ok, "All revenue lies in the window of some decision.")
    } else {
        let severity = if share > 0.5 { Severity::Warning } else { Severity::Info };
        let sentence = format!(
            "{} of revenue ({}) lies in no decision's window, {} only in windows of immature decisions.",
            percent(share),
            amount(summary.revenue_unattributed),
            amount(summary.revenue_immature)
        );
        Finding::new("unattributed", severity, sentence)
    };
    vec![twice.figure("times", times), outside.figure("share", share)]
}
