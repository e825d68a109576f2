//! Values of candidates with the variances of all pairwise differences, and multiplicity corrections over them: Holm 1979,
//! Bonferroni, and step-down max-|t| (Hothorn, Bretz & Westfall 2008, eq. 3; Westfall & Young 1993, algorithm 2.8).

use super::draws::{Normals, root};
use super::{Compared, Pair, SelectionError, error};
use guerdon_core::Seed;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

/// A policy and the estimate of its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its name, unlike the others'.
    pub name: String,
    /// V̂, in the outcome's units per decision (major units of money, or a rate).
    pub value: f64,
    /// Variance of V̂, clustered by member.
    pub variance: f64,
}

/// How simultaneous intervals and p-values are corrected over all pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Multiplicity {
    /// Intervals by Bonferroni, p-values by Holm. Needs no draws; wider than needed where differences are correlated.
    Bonferroni,
    /// Intervals and step-down p-values from the distribution of the largest |t| over all pairs, by Monte Carlo.
    MaxT {
        /// Number of draws; 20,000 put the critical value within about 0.01.
        draws: usize,
        /// The same seed gives the same numbers.
        seed: Seed,
    },
}

/// Candidates with the variances of their pairwise differences. These tell the joint distribution of all differences:
/// Cov(dᵢₖ, dⱼₖ) = ½ (Vᵢₖ + Vⱼₖ − Vᵢⱼ).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparisons {
    candidates: Vec<Candidate>,
    variances: Vec<Vec<f64>>,
}

impl Comparisons {
    /// From candidates and a symmetric table of the variances of V̂ᵢ − V̂ⱼ, one row and column a candidate, as
    /// [`crate::PairedDifference::moments`] gives them; the diagonal is not read. Differences are those of the values.
    /// Errors: fewer than two candidates, one name twice, a table of another size, numbers that are not finite, negative
    /// variances, or a table that is not symmetric (to 1e-9 of its size).
    pub fn new(candidates: Vec<Candidate>, variances: Vec<Vec<f64>>) -> Result<Self, SelectionError> {
        let names: Vec<String> = candidates.iter().map(|candidate| candidate.name.clone()).collect();
        error::check_names(&names)?;
        let wanted = candidates.len();
        if let Some(given) =
            std::iter::once(variances.len()).chain(variances.iter().map(Vec::len)).find(|n| *n != wanted)
        {
            return Err(SelectionError::Length { what: "rows or columns of variances", given, wanted });
        }
        for Candidate { name, value, variance } in &candidates {
            if !value.is_finite() || !variance.is_finite() || *variance < 0.0 {
                return Err(SelectionError::NotFinite { name: name.clone(), value: *value, variance: *variance });
            }
        }
        for (i, j) in all_pairs(wanted) {
            let (above, below) = (variances[i][j], variances[j][i]);
            let name = format!("{} − {}", names[i], names[j]);
            if !above.is_finite() || !below.is_finite() || above < 0.0 {
                let value = candidates[i].value - candidates[j].value;
                return Err(SelectionError::NotFinite { name, value, variance: above });
            }
            if (above - below).abs() > 1e-9 * above.abs().max(below.abs()) {
                let reason = format!("the variance of {name} is {above} above the diagonal and {below} below");
                return Err(SelectionError::Inconsistent { reason });
            }
        }
        Ok(Comparisons { candidates, variances })
    }

    /// The candidates in the order given.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// V̂ᵢ − V̂ⱼ and its standard error. Differences within rounding of the values are none.
    pub(super) fn difference(&self, i: usize, j: usize) -> (f64, f64) {
        let (a, b) = (self.candidates[i].value, self.candidates[j].value);
        let rounding = 1e-12 * a.abs().max(b.abs());
        let difference = if (a - b).abs() <= rounding { 0.0 } else { a - b };
        (difference, self.variances[i][j].sqrt())
    }

    /// Ranks the candidates and compares every pair, all at once right with probability `confidence`. Errors: confidence
    /// outside (0, 1); too few draws for it; variances that no joint distribution has (max-|t| only).
    pub fn compare(&self, confidence: f64, multiplicity: Multiplicity) -> Result<Compared, SelectionError> {
        if !(confidence > 0.0 && confidence < 1.0) {
            let wanted = "a number between 0 and 1";
            return Err(SelectionError::Range { what: "confidence", given: confidence, wanted });
        }
        let places: Vec<(usize, usize)> = all_pairs(self.candidates.len()).collect();
        let statistics: Vec<f64> = places.iter().map(|(i, j)| statistic(self.difference(*i, *j))).collect();
        let raw: Vec<f64> = statistics.iter().map(|t| 2.0 * Normal::standard().sf(*t)).collect();
        let holm = holm(&raw);
        let (critical, adjusted) = match multiplicity {
            Multiplicity::Bonferroni => {
                let tail = (1.0 - confidence) / (2.0 * places.len() as f64);
                (-Normal::standard().inverse_cdf(tail), holm.clone())
            }
            Multiplicity::MaxT { draws, seed } => self.max_t(&places, &statistics, confidence, draws, seed)?,
        };
        let pairs = places.iter().enumerate().map(|(place, (first, second))| {
            let (difference, se) = self.difference(*first, *second);
            Pair {
                first: *first,
                second: *second,
                difference,
                se,
                lower: difference - critical * se,
                upper: difference + critical * se,
                p_raw: raw[place],
                p_holm: holm[place],
                p: adjusted[place],
            }
        });
        Ok(Compared::new(self.candidates.clone(), pairs.collect(), critical, confidence, multiplicity))
    }

    /// The critical value of the largest |t|, and step-down p-values: each |t| against the largest among those not above it.
    fn max_t(
        &self,
        places: &[(usize, usize)],
        statistics: &[f64],
        confidence: f64,
        draws: usize,
        seed: Seed,
    ) -> Result<(f64, Vec<f64>), SelectionError> {
        // The k-th smallest of `draws` such that p ≤ 1 − confidence just where |t| lies above it.
        let k = ((draws as f64 + 1.0) * confidence).ceil() as usize;
        if k > draws {
            let wanted = "at least confidence / (1 − confidence), better 20,000,";
            return Err(SelectionError::Range { what: "the number of draws", given: draws as f64, wanted });
        }
        let v = &self.variances;
        let size = self.candidates.len();
        let against_first = |i: usize, j: usize| if i == j { v[0][i] } else { 0.5 * (v[0][i] + v[0][j] - v[i][j]) };
        let covariance: Vec<Vec<f64>> = (1..size).map(|i| (1..size).map(|j| against_first(i, j)).collect()).collect();
        let root = root(&covariance).ok_or_else(|| SelectionError::Inconsistent {
            reason: "the variances of the differences are those of no joint distribution".into(),
        })?;
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_by(|a, b| statistics[*b].total_cmp(&statistics[*a]).then(a.cmp(b)));
        let scales: Vec<f64> = places
            .iter()
            .map(|(i, j)| if v[*i][*j] > 1e-12 * (v[0][*i] + v[0][*j]) { v[*i][*j].sqrt().recip() } else { 0.0 })
            .collect();
        let mut normals = Normals::new(seed);
        let (mut counts, mut largest) = (vec![0usize; places.len()], Vec::with_capacity(draws));
        let (mut e, mut z) = (vec![0.0; size - 1], vec![0.0; size]);
        for _ in 0..draws {
            e.iter_mut().for_each(|e| *e = normals.draw());
            for (z, row) in z[1..].iter_mut().zip(&root) {
                *z = row.iter().zip(&e).map(|(l, e)| l * e).sum();
            }
            let mut most = 0.0f64;
            for place in order.iter().rev() {
                let (i, j) = places[*place];
                most = most.max((z[i] - z[j]).abs() * scales[*place]);
                counts[*place] += usize::from(most >= statistics[*place]);
            }
            largest.push(most);
        }
        largest.sort_unstable_by(f64::total_cmp);
        let mut adjusted = vec![0.0; places.len()];
        let mut floor = 0.0f64;
        for place in order {
            floor = floor.max((counts[place] as f64 + 1.0) / (draws as f64 + 1.0));
            adjusted[place] = floor;
        }
        Ok((largest[k - 1], adjusted))
    }
}

/// |difference| / se; a difference without spread is certain.
fn statistic((difference, se): (f64, f64)) -> f64 {
    if difference == 0.0 { 0.0 } else { difference.abs() / se }
}

/// All i < j < `count`.
fn all_pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |i| (i + 1..count).map(move |j| (i, j)))
}

/// Holm's step-down p-values.
fn holm(raw: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..raw.len()).collect();
    order.sort_by(|a, b| raw[*a].total_cmp(&raw[*b]));
    let (mut adjusted, mut floor) = (vec![0.0; raw.len()], 0.0f64);
    for (step, place) in order.into_iter().enumerate() {
        floor = floor.max(raw[place] * (raw.len() - step) as f64).min(1.0);
        adjusted[place] = floor;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holm_steps_down_as_in_r() {
        // p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") = 0.03 0.06 0.06 0.02
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, wanted) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - wanted).abs() < 1e-12, "{adjusted:?}");
        }
    }
}
