//! The curves and the areas under them, with intervals from a bootstrap of members.

use super::UpliftError;
use crate::bootstrap::{draw, quantile};
use guerdon_core::Seed;
use serde::{Deserialize, Serialize};

/// One decision that took the action or the reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UpliftRow {
    /// A number that stands for the member: what the bootstrap draws.
    pub member: u64,
    /// The ranking: higher is treated earlier. Finite.
    pub score: f64,
    /// Whether the action was taken, or else the reference.
    pub treated: bool,
    /// The probability with which the logging policy took what it took, in (0, 1].
    pub propensity: f64,
    /// What followed. Finite.
    pub outcome: f64,
}

/// How intervals are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UpliftOptions {
    /// Nominal coverage, in (0, 1).
    pub confidence: f64,
    /// Resamples of members (Poisson bootstrap, percentile intervals), at least 2.
    pub resamples: usize,
    /// Seed of the draws: rankings resampled with one seed are resampled alike.
    pub seed: Seed,
}

/// A place on the curves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The share of the ranking, φ in [0, 1], rows weighted with one over their propensities.
    pub share: f64,
    /// u(φ), in the outcome's units per member.
    pub uplift: f64,
    /// q(φ), in the outcome's units per treated member.
    pub qini: f64,
}

/// A number with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Area {
    /// On all rows.
    pub value: f64,
    /// Lower end; absent where a resample has no value (one arm empty).
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
}

/// What a ranking, or the difference between two, comes to. In the outcome's units.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UpliftAreas {
    /// Area under the uplift curve.
    pub auuc: Area,
    /// The Qini coefficient.
    pub qini: Area,
    /// The mean effect, at which both curves end: it does not depend on the ranking.
    pub effect: Area,
    /// Rows with the action.
    pub treated: usize,
    /// Rows with the reference.
    pub control: usize,
}

/// The curves of a ranking, from (0, 0, 0) to (1, effect, effect), one point per distinct score. Where the first rows
/// are all of one arm, the curves go straight to the first place that has both.
///
/// # Errors
/// [`UpliftError::Row`] for numbers out of range, [`UpliftError::OneArm`] without both arms.
pub fn curve(rows: &[UpliftRow]) -> Result<Vec<CurvePoint>, UpliftError> {
    let ranking = Ranking::new(rows)?;
    let mut points = vec![CurvePoint::default()];
    ranking.walk(rows, |_| 1.0, |point| points.push(point));
    Ok(points)
}

/// AUUC, Qini coefficient and mean effect of a ranking.
///
/// # Errors
/// As [`curve`], and [`UpliftError::Range`] for options out of range.
pub fn uplift(rows: &[UpliftRow], options: &UpliftOptions) -> Result<UpliftAreas, UpliftError> {
    options.check()?;
    let ranking = Ranking::new(rows)?;
    let value = ranking.areas(rows, |_| 1.0);
    Ok(finish(rows, value, resampled(&[(rows, &ranking)], options), options))
}

/// The areas of `first` less those of `second`: the same decisions in the same order, ranked by other scores, and
/// resampled together. The difference of the mean effect is 0.
///
/// # Errors
/// As [`uplift`], and [`UpliftError::Different`] where the rows differ in more than their scores.
pub fn uplift_difference(
    first: &[UpliftRow],
    second: &[UpliftRow],
    options: &UpliftOptions,
) -> Result<UpliftAreas, UpliftError> {
    options.check()?;
    let same = |a: &UpliftRow, b: &UpliftRow| UpliftRow { score: 0.0, ..*a } == UpliftRow { score: 0.0, ..*b };
    if first.len() != second.len() {
        return Err(UpliftError::Different { place: first.len().min(second.len()) });
    }
    if let Some(place) = first.iter().zip(second).position(|(a, b)| !same(a, b)) {
        return Err(UpliftError::Different { place });
    }
    let rankings = [Ranking::new(first)?, Ranking::new(second)?];
    let [one, two] = [rankings[0].areas(first, |_| 1.0), rankings[1].areas(second, |_| 1.0)];
    let draws = resampled(&[(first, &rankings[0]), (second, &rankings[1])], options);
    Ok(finish(first, minus(one, two), draws, options))
}

impl UpliftOptions {
    fn check(&self) -> Result<(), UpliftError> {
        let range = |what, given, wanted| Err(UpliftError::Range { what, given, wanted });
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            return range("confidence", self.confidence, "a number in (0, 1)");
        }
        if self.resamples < 2 {
            return range("resamples", self.resamples as f64, "at least 2");
        }
        Ok(())
    }
}

/// AUUC, Qini, effect.
type Three = [f64; 3];

fn minus(a: Three, b: Three) -> Three {
    std::array::from_fn(|i| a[i] - b[i])
}

/// Rows in the order of their scores, best first.
struct Ranking {
    order: Vec<u32>,
}

impl Ranking {
    fn new(rows: &[UpliftRow]) -> Result<Self, UpliftError> {
        for (place, row) in rows.iter().enumerate() {
            let refused = |what, given, wanted| Err(UpliftError::Row { place, what, given, wanted });
            if !row.score.is_finite() {
                return refused("score", row.score, "a finite number");
            }
            if !row.outcome.is_finite() {
                return refused("outcome", row.outcome, "a finite number");
            }
            if !(row.propensity > 0.0 && row.propensity <= 1.0) {
                return refused("propensity", row.propensity, "a probability in (0, 1]");
            }
        }
        let treated = rows.iter().filter(|row| row.treated).count();
        if treated == 0 || treated == rows.len() {
            return Err(UpliftError::OneArm { treated, control: rows.len() - treated });
        }
        let mut order: Vec<u32> = (0..rows.len() as u32).collect();
        order.sort_by(|a, b| rows[*b as usize].score.total_cmp(&rows[*a as usize].score).then(a.cmp(b)));
        Ok(Ranking { order })
    }

    /// Visits the curves' points after 0, with each row counted `times` its weight.
    fn walk(&self, rows: &[UpliftRow], times: impl Fn(usize) -> f64, mut visit: impl FnMut(CurvePoint)) {
        let weight = |row: usize| times(row) / rows[row].propensity;
        let mut totals = [0.0; 2];
        for (place, row) in rows.iter().enumerate() {
            totals[usize::from(row.treated)] += weight(place);
        }
        let (mut weights, mut sums) = ([0.0; 2], [0.0; 2]);
        for (place, &row) in self.order.iter().enumerate() {
            let (i, row) = (row as usize, &rows[row as usize]);
            let arm = usize::from(row.treated);
            let w = weight(i);
            weights[arm] += w;
            sums[arm] += w * row.outcome;
            let tied = self.order.get(place + 1).is_some_and(|next| rows[*next as usize].score == row.score);
            if tied || weights[0] <= 0.0 || weights[1] <= 0.0 {
                continue;
            }
            let effect = sums[1] / weights[1] - sums[0] / weights[0];
            let share = (weights[0] + weights[1]) / (totals[0] + totals[1]);
            visit(CurvePoint { share, uplift: share * effect, qini: weights[1] / totals[1] * effect });
        }
    }

    /// The areas by the trapezoidal rule; NaN where an arm is empty.
    fn areas(&self, rows: &[UpliftRow], times: impl Fn(usize) -> f64) -> Three {
        let mut last = CurvePoint::default();
        let (mut auuc, mut qini) = (0.0, 0.0);
        self.walk(rows, times, |point| {
            let width = point.share - last.share;
            auuc += width * (point.uplift + last.uplift) / 2.0;
            qini += width * (point.qini + last.qini) / 2.0;
            last = point;
        });
        if last.share <= 0.0 { [f64::NAN; 3] } else { [auuc, qini - last.qini / 2.0, last.uplift] }
    }
}

/// The areas in every resample: of the first ranking, less those of the second if there are two.
fn resampled(rankings: &[(&[UpliftRow], &Ranking)], options: &UpliftOptions) -> Vec<Three> {
    let rows = rankings[0].0;
    let seed = options.seed.named("bootstrap");
    // Members in blocks of resamples, so that memory stays at one byte a row and resample of a block.
    const BLOCK: usize = 32;
    let mut drawn = vec![0u8; options.resamples];
    let mut all = Vec::with_capacity(options.resamples);
    for block in (0..options.resamples).step_by(BLOCK) {
        let size = BLOCK.min(options.resamples - block);
        let mut counts = vec![0u8; rows.len() * size];
        let mut last = None;
        for (row, counts) in rows.iter().zip(counts.chunks_exact_mut(size)) {
            if last != Some(row.member) {
                draw(seed, row.member, &mut drawn);
                last = Some(row.member);
            }
            counts.copy_from_slice(&drawn[block..block + size]);
        }
        all.extend((0..size).map(|resample| {
            let times = |row: usize| f64::from(counts[row * size + resample]);
            let mut areas = rankings.iter().map(|(rows, ranking)| ranking.areas(rows, times));
            let first = areas.next().unwrap_or([f64::NAN; 3]);
            areas.next().map_or(first, |second| minus(first, second))
        }));
    }
    all
}

fn finish(rows: &[UpliftRow], value: Three, draws: Vec<Three>, options: &UpliftOptions) -> UpliftAreas {
    let tail = (1.0 - options.confidence) / 2.0;
    let area = |i: usize| {
        let mut values: Vec<f64> = draws.iter().map(|draw| draw[i]).collect();
        if values.iter().any(|value| !value.is_finite()) {
            return Area { value: value[i], lower: None, upper: None };
        }
        values.sort_unstable_by(f64::total_cmp);
        let (lower, upper) = (quantile(&values, tail), quantile(&values, 1.0 - tail));
        Area { value: value[i], lower: Some(lower), upper: Some(upper) }
    };
    let treated = rows.iter().filter(|row| row.treated).count();
    UpliftAreas { auuc: area(0), qini: area(1), effect: area(2), treated, control: rows.len() - treated }
}
