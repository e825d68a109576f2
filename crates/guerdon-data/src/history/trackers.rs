//! Counts and sums over all of the past or over a trailing window.

use guerdon_core::Timestamp;
use std::collections::VecDeque;

/// Events (or offers) of one sort, ever or in the last `window` microseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Tracker {
    window: Option<i64>,
    /// What the window holds; empty without a window.
    recent: VecDeque<(Timestamp, f64)>,
    count: u64,
    sum: f64,
}

impl Tracker {
    pub(super) fn new(window: Option<i64>) -> Self {
        Tracker { window, ..Tracker::default() }
    }

    pub(super) fn reset(&mut self) {
        self.recent.clear();
        (self.count, self.sum) = (0, 0.0);
    }

    pub(super) fn add(&mut self, at: Timestamp, value: f64) {
        if self.window.is_some() {
            self.recent.push_back((at, value));
        } else {
            self.count += 1;
            self.sum += value;
        }
    }

    /// Forgets what lies further back than the window, [now − window, now).
    pub(super) fn forget(&mut self, now: Timestamp) {
        let Some(window) = self.window else { return };
        while self.recent.front().is_some_and(|(at, _)| now.0 - at.0 > window) {
            self.recent.pop_front();
        }
    }

    pub(super) fn count(&self) -> f64 {
        if self.window.is_some() { self.recent.len() as f64 } else { self.count as f64 }
    }

    /// The sum, over a window always added up anew: taking away what leaves it would leave rounding errors behind.
    pub(super) fn sum(&self) -> f64 {
        if self.window.is_some() { self.recent.iter().fold(0.0, |sum, (_, value)| sum + value) } else { self.sum }
    }
}

/// How many offers of each kind there were, and how many of them reached each stage.
#[derive(Debug, Clone, Default)]
pub(super) struct StageCounts {
    kinds: usize,
    offers: Vec<u32>,
    /// [stage][kind]
    reached: Vec<u32>,
}

impl StageCounts {
    pub(super) fn new(stages: usize, kinds: usize) -> Self {
        StageCounts { kinds, offers: vec![0; kinds], reached: vec![0; stages * kinds] }
    }

    pub(super) fn reset(&mut self) {
        self.offers.fill(0);
        self.reached.fill(0);
    }

    pub(super) fn offer(&mut self, kind: u16) {
        self.offers[usize::from(kind)] += 1;
    }

    pub(super) fn reach(&mut self, stage: usize, kind: u16) {
        self.reached[stage * self.kinds + usize::from(kind)] += 1;
    }

    /// How many offers of `kind`, or of any.
    pub(super) fn offers(&self, kind: Option<u16>) -> f64 {
        of_kind(&self.offers, kind)
    }

    /// How many of them reached `stage`.
    pub(super) fn reached(&self, stage: usize, kind: Option<u16>) -> f64 {
        of_kind(&self.reached[stage * self.kinds..][..self.kinds], kind)
    }
}

fn of_kind(counts: &[u32], kind: Option<u16>) -> f64 {
    match kind {
        Some(kind) => f64::from(counts[usize::from(kind)]),
        None => f64::from(counts.iter().sum::<u32>()),
    }
}
