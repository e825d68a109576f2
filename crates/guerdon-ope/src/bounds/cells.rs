//! (w, r) pairs gathered in cells of a fixed grid: a mergeable statistic, bounded in memory, from which the likelihoods are
//! computed as from the rows.

use super::{BoundsError, range};
use crate::moments::Compensated;
use std::collections::BTreeMap;

/// Cells that are kept unless something else is asked for; a cell takes some 130 bytes.
pub const USUAL_CELLS: usize = 65_536;

/// Fewer than these are never asked for.
const FEWEST: usize = 64;

/// Bits cut off a pair's numbers in the first grid; 20 bits of the mantissa stay, a relative width of at most 1e-6.
const FIRST: u32 = 32;

/// Weights and rewards counted by cell. While there are at most so many distinct pairs, every pair is a cell and nothing
/// is lost. Beyond that, pairs whose w and r agree in their leading bits share a cell: a fixed grid of relative widths, each
/// grid twice as coarse as the one before it, and the finest is used that needs no more cells than allowed. Which that is
/// depends on the pairs alone, not on their order or on how they came in parts; so merging gives the whole, to the
/// rounding of sums (1e-15).
///
/// A cell holds the number of its events and the sums of w, w·r and their squares and product, that is mean and covariance.
/// The likelihoods then see, in the cell's place, up to four atoms of the same mean and covariance: what is lost begins with
/// the third power of a cell's width. With one distinct pair in a cell nothing is lost.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedCells {
    most: usize,
    /// Bits cut off; 0 while pairs are exact.
    cut: u32,
    cells: BTreeMap<(u64, u64), Cell>,
    pub(super) events: u64,
    rewards: Compensated,
    pub(super) weight: (f64, f64),
    pub(super) reward: (f64, f64),
}

/// Events of one cell: how many, and Σw, Σx, Σw², Σwx, Σx² with x = w·r.
#[derive(Debug, Clone, Default, PartialEq)]
struct Cell {
    events: u64,
    sums: [Compensated; 5],
}

impl Cell {
    fn merge(&mut self, other: &Cell) {
        self.events += other.events;
        self.sums.iter_mut().zip(other.sums).for_each(|(mine, theirs)| mine.merge(theirs));
    }
}

impl Default for WeightedCells {
    fn default() -> Self {
        Self::new(USUAL_CELLS)
    }
}

impl WeightedCells {
    /// Nothing seen yet; at most `most` cells (64 at least), of some 130 bytes each.
    pub fn new(most: usize) -> Self {
        WeightedCells {
            most: most.max(FEWEST),
            cut: 0,
            cells: BTreeMap::new(),
            events: 0,
            rewards: Compensated::default(),
            weight: (f64::INFINITY, f64::NEG_INFINITY),
            reward: (f64::INFINITY, f64::NEG_INFINITY),
        }
    }

    /// Adds one event: its importance `weight` ≥ 0 and its `reward` in major units.
    ///
    /// # Errors
    /// [`BoundsError::Event`] for a negative or not finite weight, a reward that is not finite, or squares that
    /// overflow; the event is then not counted.
    pub fn push(&mut self, weight: f64, reward: f64) -> Result<(), BoundsError> {
        range::checked_event(weight, reward)?;
        self.events += 1;
        self.rewards.add(reward);
        self.weight = (self.weight.0.min(weight), self.weight.1.max(weight));
        self.reward = (self.reward.0.min(reward), self.reward.1.max(reward));
        // Adding zero makes −0 the same as 0.
        let key = |value: f64| (value + 0.0).to_bits() >> self.cut;
        let cell = self.cells.entry((key(weight), key(reward))).or_default();
        let x = weight * reward;
        cell.events += 1;
        cell.sums.iter_mut().zip([weight, x, weight * weight, weight * x, x * x]).for_each(|(sum, term)| sum.add(term));
        self.settle();
        Ok(())
    }

    /// Adds all events of `other`. The smaller number of cells allowed is kept.
    pub fn merge(&mut self, other: &WeightedCells) {
        self.most = self.most.min(other.most);
        if other.cut > self.cut {
            self.coarsen(other.cut);
        }
        let more = self.cut - other.cut;
        for ((weight, reward), cell) in &other.cells {
            self.cells.entry((weight >> more, reward >> more)).or_default().merge(cell);
        }
        self.events += other.events;
        self.rewards.merge(other.rewards);
        self.weight = (self.weight.0.min(other.weight.0), self.weight.1.max(other.weight.1));
        self.reward = (self.reward.0.min(other.reward.0), self.reward.1.max(other.reward.1));
        self.settle();
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How many cells hold them.
    pub fn cells(&self) -> usize {
        self.cells.len()
    }

    /// The largest width of a cell relative to the numbers in it: 0 while pairs are exact.
    pub fn width(&self) -> f64 {
        if self.cut == 0 { 0.0 } else { (f64::from(self.cut) - 52.0).exp2() }
    }

    /// The mean logged reward; NaN before the first event.
    pub(super) fn mean_reward(&self) -> f64 {
        self.rewards.total() / self.events as f64
    }

    /// Coarser grids until there are few enough cells. Two bits of a pair are left at the last, so it ends.
    fn settle(&mut self) {
        while self.cells.len() > self.most {
            self.coarsen(if self.cut == 0 { FIRST } else { self.cut + 1 });
        }
    }

    fn coarsen(&mut self, cut: u32) {
        let more = cut - self.cut;
        for ((weight, reward), cell) in std::mem::take(&mut self.cells) {
            self.cells.entry((weight >> more, reward >> more)).or_default().merge(&cell);
        }
        self.cut = cut;
    }

    /// What the likelihoods see.
    pub(super) fn atoms(&self) -> Atoms {
        let mut atoms = Atoms { n: self.events as f64, ..Atoms::default() };
        for cell in self.cells.values() {
            atoms.add(cell, self.weight);
        }
        atoms
    }
}

/// Weighted points (w, x = w·r).
#[derive(Debug, Default)]
pub(super) struct Atoms {
    /// Events in all, the sum of `events`.
    pub n: f64,
    /// How many events each stands for.
    pub events: Vec<f64>,
    pub w: Vec<f64>,
    pub x: Vec<f64>,
}

/// Variances below this share of the square are rounding.
const ROUNDING: f64 = 1e-14;

impl Atoms {
    /// One atom where the cell has no width; else two or four at mean ± (columns of the covariance's Cholesky factor), so
    /// that mean and covariance are the cell's. Weights are held inside those seen.
    fn add(&mut self, cell: &Cell, (least, most): (f64, f64)) {
        let events = cell.events as f64;
        let [w, x, ww, wx, xx] = cell.sums.map(|sum| sum.total() / events);
        let beyond = |square: f64, mean: f64| Some(square - mean * mean).filter(|v| *v > ROUNDING * square);
        let (along_w, along_x) = match beyond(ww, w) {
            Some(variance) => {
                let sd = variance.sqrt();
                let slope = (wx - w * x) / sd;
                let left = xx - x * x - slope * slope;
                (Some((sd, slope)), (left > ROUNDING * xx).then(|| left.sqrt()))
            }
            None => (None, beyond(xx, x).map(f64::sqrt)),
        };
        let (axes, count) = match (along_w, along_x) {
            (Some(first), Some(second)) => ([Some(first), Some((0.0, second))], 2.0),
            (first, second) => ([first, second.map(|second| (0.0, second))], 1.0),
        };
        if axes == [None, None] {
            self.place(events, w, x);
        }
        for (dw, dx) in axes.into_iter().flatten() {
            for side in [-1.0, 1.0] {
                let far = side * f64::sqrt(count);
                self.place(events / (2.0 * count), (w + far * dw).clamp(least, most), x + far * dx);
            }
        }
    }

    fn place(&mut self, events: f64, w: f64, x: f64) {
        self.events.push(events);
        self.w.push(w);
        self.x.push(x);
    }

    /// Σ of `term(w, x)`, each as often as it was seen.
    pub(super) fn total(&self, term: impl Fn(f64, f64) -> f64) -> f64 {
        let mut sum = Compensated::default();
        for ((events, w), x) in self.events.iter().zip(&self.w).zip(&self.x) {
            sum.add(events * term(*w, *x));
        }
        sum.total()
    }
}
