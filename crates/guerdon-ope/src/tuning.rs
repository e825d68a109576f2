//! Hyper-parameters of estimators from the log itself: SLOPE (Su, Srinath & Krishnamurthy 2020) and the bound on the mean
//! squared error (Su, Dimakopoulou, Krishnamurthy & Dudík 2020, §5 and p. 17).

use crate::{Estimator, Evaluation, Level};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};
use std::fmt;
use std::str::FromStr;

/// Estimators that differ in one level only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// IPS with clipped weights.
    IpsClip,
    /// DR with clipped weights.
    DrClip,
    /// Switch-DR.
    SwitchDr,
    /// DR with optimistic shrinkage.
    Dros,
    /// Sub-Gaussian IPS.
    SgIps,
    /// Sub-Gaussian DR.
    SgDr,
}

/// How a level is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The last level, from the widest interval to the narrowest, whose interval still meets all wider ones: within a
    /// constant of the best without knowing the bias. Intervals are one-sided Student's at δ = 0.1, clustered by member.
    #[default]
    Slope,
    /// The level with the least variance + (bias bound)², the bias bounded by |V̂(w) − V̂(ŵ)| + √(2 m₂ L/n) + 2 w_max L/(3n),
    /// with m₂ the mean squared weight, L = ln(2/δ) and δ = 0.1.
    MseBound,
}

/// Error probability of the rules' intervals and bounds.
const DELTA: f64 = 0.1;

impl Family {
    /// All of them.
    pub const ALL: [Family; 6] =
        [Family::IpsClip, Family::DrClip, Family::SwitchDr, Family::Dros, Family::SgIps, Family::SgDr];

    /// The estimator at a level; levels of the sub-Gaussian families are held to at most 1.
    pub fn at(self, level: Level) -> Estimator {
        match self {
            Family::IpsClip => Estimator::IpsClip(level),
            Family::DrClip => Estimator::DrClip(level),
            Family::SwitchDr => Estimator::SwitchDr(level),
            Family::Dros => Estimator::Dros(level),
            Family::SgIps => Estimator::SgIps(level),
            Family::SgDr => Estimator::SgDr(level),
        }
    }

    /// The estimator without any taming, which the family tends to: IPS or DR.
    pub fn plain(self) -> Estimator {
        match self {
            Family::IpsClip | Family::SgIps => Estimator::Ips,
            Family::DrClip | Family::SwitchDr | Family::Dros | Family::SgDr => Estimator::Dr,
        }
    }

    /// The levels that are tried unless others are given.
    pub fn grid(self) -> Vec<Level> {
        let levels: &[f64] = match self {
            Family::IpsClip | Family::DrClip | Family::SwitchDr => &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0],
            Family::Dros => &[1.0, 10.0, 100.0, 1_000.0, 10_000.0],
            Family::SgIps | Family::SgDr => &[0.0, 0.001, 0.01, 0.05, 0.1, 0.5, 1.0],
        };
        levels.iter().copied().filter_map(Level::new).collect()
    }

    /// The estimators at these levels, and the plain one: what an [`Evaluation`] must be made for to tune the family.
    pub fn estimators(self, grid: &[Level]) -> Vec<Estimator> {
        grid.iter().map(|level| self.at(*level)).chain([self.plain()]).collect()
    }

    /// The name used in flags.
    pub fn name(self) -> &'static str {
        match self {
            Family::IpsClip => "ips_clip",
            Family::DrClip => "dr_clip",
            Family::SwitchDr => "switch_dr",
            Family::Dros => "dros",
            Family::SgIps => "sg_ips",
            Family::SgDr => "sg_dr",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Family {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Family::ALL.into_iter().find(|family| family.name() == text.trim()).ok_or_else(|| {
            format!("no family is called {text:?}; there are {}", Family::ALL.map(Family::name).join(", "))
        })
    }
}

/// SLOPE over (value, half an interval) in any order: the place of the last, from the widest interval to the narrowest,
/// that lies within its own half and √6 − 1 of every wider one's half from those. `None` without points.
pub(crate) fn slope(points: &[(f64, f64)]) -> Option<usize> {
    let c = 6.0_f64.sqrt() - 1.0;
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|a, b| points[*b].1.total_cmp(&points[*a].1));
    let meets = |rank: &usize| {
        let (value, half) = points[order[*rank]];
        order[..*rank].iter().all(|other| (value - points[*other].0).abs() <= half + c * points[*other].1)
    };
    (0..order.len()).take_while(meets).last().map(|rank| order[rank])
}

impl Evaluation {
    /// The family's estimator at the level that `rule` chooses among `grid`; `None` where the evaluation was not made for
    /// all of [`Family::estimators`], or has too few members.
    pub fn tune(&self, family: Family, grid: &[Level], rule: Rule) -> Option<Estimator> {
        let estimators = family.estimators(grid);
        if !estimators.iter().all(|estimator| self.sheet().has(*estimator)) {
            return None;
        }
        let candidates: Vec<Estimator> = grid.iter().map(|level| family.at(*level)).collect();
        match rule {
            Rule::Slope => self.slope(&candidates),
            Rule::MseBound => self.least_mse_bound(&candidates, family.plain()),
        }
    }

    /// SLOPE over estimators in any order.
    fn slope(&self, candidates: &[Estimator]) -> Option<Estimator> {
        let clusters = self.sheet().moments().clusters();
        let student = StudentsT::new(0.0, 1.0, clusters.checked_sub(1)? as f64).ok()?.inverse_cdf(1.0 - DELTA);
        let mut points = vec![];
        for estimator in candidates {
            let point = self.sheet().point(*estimator);
            points.push((point.value, student * self.sheet().variance(*estimator, &point)?.sqrt()));
        }
        slope(&points).map(|place| candidates[place])
    }

    fn least_mse_bound(&self, candidates: &[Estimator], plain: Estimator) -> Option<Estimator> {
        let mut best: Option<(Estimator, f64)> = None;
        for estimator in candidates {
            let score = self.mse_bound(*estimator, plain)?;
            if best.is_none_or(|(_, least)| score < least) {
                best = Some((*estimator, score));
            }
        }
        best.map(|(estimator, _)| estimator)
    }

    /// Variance + (bias bound)² of a tamed estimator beside the `plain` one; see [`Rule::MseBound`].
    pub fn mse_bound(&self, estimator: Estimator, plain: Estimator) -> Option<f64> {
        let sheet = self.sheet();
        let point = sheet.point(estimator);
        let (clusters, n) = (sheet.moments().clusters() as f64, sheet.moments().rows() as f64);
        // The rule is stated with the variance that divides by n.
        let variance = sheet.variance(estimator, &point)? * (clusters - 1.0) / clusters;
        let log = (2.0 / DELTA).ln();
        let (mean_square, largest) = self.weights();
        let bias = (sheet.point(plain).value - point.value).abs()
            + (2.0 * mean_square * log / n).sqrt()
            + 2.0 * largest * log / (3.0 * n);
        Some(variance + bias * bias)
    }
}
