//! What followed the decisions: impossible values, and how much hangs on a few of them.

use super::words::{amount, count, percent};
use crate::LogBatch;
use crate::log::LogMeta;
use guerdon_core::{Finding, Severity};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The share of paying decisions whose weight is looked at.
const TOP: f64 = 0.001;

/// Sums over outcomes.
#[derive(Debug)]
pub(super) struct Outcomes {
    rows: u64,
    negative: u64,
    too_early: u64,
    paying: u64,
    revenue: i128,
    largest: BinaryHeap<Reverse<i64>>,
    most: usize,
    reached: Vec<u64>,
    stages: usize,
}

impl Outcomes {
    /// For a log of `rows` decisions over a funnel of `stages`.
    pub(super) fn new(rows: u64, stages: usize) -> Self {
        Outcomes {
            rows: 0,
            negative: 0,
            too_early: 0,
            paying: 0,
            revenue: 0,
            largest: BinaryHeap::new(),
            most: (rows as f64 * TOP).ceil() as usize,
            reached: vec![0; stages],
            stages,
        }
    }

    pub(super) fn see(&mut self, batch: &LogBatch, i: usize) {
        let (revenue, cost) = (batch.revenue(i).0, batch.cost(i).0);
        self.rows += 1;
        self.negative += u64::from(revenue < 0 || cost < 0 || batch.points_redeemed(i) < 0);
        for stage in 0..self.stages {
            if let Some(at) = batch.reached_at(i, stage) {
                self.reached[stage] += 1;
                self.too_early += u64::from(at < batch.decided_at(i));
            }
        }
        if revenue > 0 {
            self.paying += 1;
            self.revenue += i128::from(revenue);
            self.largest.push(Reverse(revenue));
            if self.largest.len() > self.most {
                self.largest.pop();
            }
        }
    }

    pub(super) fn findings(&self, meta: &LogMeta) -> Vec<Finding> {
        let mut findings = vec![self.impossible()];
        findings.extend(self.outliers(meta));
        findings.extend(self.unreached(meta));
        findings
    }

    fn impossible(&self) -> Finding {
        if self.negative == 0 && self.too_early == 0 {
            return Finding::new(
                "impossible",
                Severity::Ok,
                "No negative revenue, cost or points, and no stage reached before its decision.",
            );
        }
        Finding::new(
            "impossible",
            Severity::Error,
            format!(
                "{} decisions have negative revenue, cost or points, and {} stages were reached before the decision; \
                 correct the source or views.sql.",
                count(self.negative),
                count(self.too_early)
            ),
        )
        .figure("negative", self.negative as f64)
        .figure("too_early", self.too_early as f64)
    }

    /// How much of the revenue the top of the paying decisions carries.
    fn outliers(&self, meta: &LogMeta) -> Option<Finding> {
        if self.paying == 0 || self.revenue <= 0 {
            return None;
        }
        let mut largest: Vec<i64> = self.largest.iter().map(|Reverse(revenue)| *revenue).collect();
        largest.sort_unstable_by(|a, b| b.cmp(a));
        let top = ((self.paying as f64 * TOP).ceil() as usize).clamp(1, largest.len());
        let carried: i128 = largest[..top].iter().map(|revenue| i128::from(*revenue)).sum();
        let share = carried as f64 / self.revenue as f64;
        let one = largest[0] as f64 / self.revenue as f64;
        let most = largest[0] as f64 / 10f64.powi(meta.environment.economics.minor_units as i32);
        // With few paying decisions a large share of one of them says nothing of outliers.
        let heavy = self.paying >= 1_000 && (share > 0.10 || one > 0.02);
        let (severity, advice) = if heavy {
            (Severity::Warning, "; look at them, and value policies with and without them")
        } else {
            (Severity::Info, "")
        };
        let sentence = format!(
            "{} of decisions bring revenue; the top 0.1 % of those ({}) carry {} of all revenue, the largest ({}) \
             {}{advice}.",
            percent(self.paying as f64 / self.rows as f64),
            count(top as u64),
            percent(share),
            amount(most),
            percent(one)
        );
        Some(Finding::new("outliers", severity, sentence).figure("top_share", share).figure("largest", most))
    }

    fn unreached(&self, meta: &LogMeta) -> Option<Finding> {
        let never: Vec<&str> = meta
            .environment
            .funnel
            .names()
            .zip(&self.reached)
            .filter(|(_, reached)| **reached == 0)
            .map(|(name, _)| name)
            .collect();
        (!never.is_empty()).then(|| {
            let sentence = format!(
                "No decision reached {}; check the event's name in the funnel, or leave the stage out.",
                never.join(", ")
            );
            Finding::new("unreached_stages", Severity::Warning, sentence)
        })
    }
}
