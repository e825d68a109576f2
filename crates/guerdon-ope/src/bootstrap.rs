//! The Poisson bootstrap of members (Chamandy et al. 2012; Hanley & MacGibbon 2006): each resample counts a member a
//! Poisson(1) number of times, drawn from (seed, member, resample), so that it can be merged in any order.
//!
//! Ratios are re-normalised inside each resample, since the sums themselves are resampled.

use crate::Estimator;
use crate::sheet::Sheet;
use guerdon_core::Seed;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// 65,536 · P(N ≤ k) for N Poisson with mean 1, k = 0 … 8; a draw of 16 bits is compared with these. Counts above 9, one in
/// a million, become 9.
const BELOW: [u32; 9] = [24_109, 48_219, 60_273, 64_291, 65_296, 65_497, 65_530, 65_535, 65_536];

/// Draws how often `member` counts in every resample: four counts to a word of SplitMix64 (Steele, Lea & Flood 2014),
/// started from a keyed hash of the member.
pub(crate) fn draw(seed: Seed, member: u64, counts: &mut [u8]) {
    let mut state = seed.indexed(member).0;
    for four in counts.chunks_mut(4) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^= word >> 31;
        for (place, count) in four.iter_mut().enumerate() {
            let bits = ((word >> (16 * place)) & 0xffff) as u32;
            *count = BELOW.iter().map(|below| u8::from(bits >= *below)).sum();
        }
    }
}

/// Resampled sums: memory is `resamples` times the sheet's width.
#[derive(Debug, Clone)]
pub(crate) struct Bootstrap {
    seed: Seed,
    width: usize,
    sums: Vec<f64>,
    counts: Vec<u8>,
    member: Option<u64>,
}

impl Bootstrap {
    pub(crate) fn new(resamples: usize, width: usize, seed: Seed) -> Self {
        Bootstrap {
            seed: seed.named("bootstrap"),
            width,
            sums: vec![0.0; resamples * width],
            counts: vec![0; resamples],
            member: None,
        }
    }

    /// Adds a row of `member`.
    pub(crate) fn push(&mut self, member: u64, row: &[f64]) {
        if self.member != Some(member) {
            self.member = Some(member);
            draw(self.seed, member, &mut self.counts);
        }
        for (count, sums) in self.counts.iter().zip(self.sums.chunks_exact_mut(self.width)) {
            if *count > 0 {
                let times = f64::from(*count);
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += times * value);
            }
        }
    }

    pub(crate) fn merge(&mut self, other: &Bootstrap) {
        self.sums.iter_mut().zip(&other.sums).for_each(|(mine, theirs)| *mine += theirs);
        self.member = None;
    }

    /// `own` ± t · s at `confidence`, with s the resamples' standard deviation (Efron & Tibshirani 1993, §13.2) and t the
    /// quantile of Student's distribution with one degree of freedom less than there are resamples, since s is known from
    /// these only; `None` where a resample has no value. Coefficients that the estimator fits are held in the resamples;
    /// what they add to the variance is taken from the jackknife. In simulations with skewed weights it covers better than
    /// percentiles and BCa do, whose ends hang on a few resamples.
    pub(crate) fn interval(&self, sheet: &Sheet, estimator: Estimator, confidence: f64) -> (Option<f64>, Option<f64>) {
        let betas = sheet.betas(estimator);
        let values: Vec<f64> =
            self.sums.chunks_exact(self.width).map(|sums| sheet.value_at(estimator, sums, betas)).collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let held = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let variance = sheet.widening(estimator).map(|times| held * times).filter(|variance| variance.is_finite());
        let (Some(variance), Ok(student)) = (variance, StudentsT::new(0.0, 1.0, n - 1.0)) else {
            return (None, None);
        };
        let (own, half) = (
            sheet.value_at(estimator, &sheet.sums(), betas),
            student.inverse_cdf(0.5 + confidence / 2.0) * variance.sqrt(),
        );
        (Some(own - half), Some(own + half))
    }

    /// The percentile interval at `confidence` of any function of the sums, for those that are far from normal (a ratio
    /// with a small denominator); `None` where a resample has no value.
    pub(crate) fn percentiles(&self, confidence: f64, value: impl Fn(&[f64]) -> f64) -> (Option<f64>, Option<f64>) {
        let mut values: Vec<f64> = self.sums.chunks_exact(self.width).map(value).collect();
        if values.len() < 2 || values.iter().any(|value| !value.is_finite()) {
            return (None, None);
        }
        values.sort_unstable_by(f64::total_cmp);
        let tail = (1.0 - confidence) / 2.0;
        (Some(quantile(&values, tail)), Some(quantile(&values, 1.0 - tail)))
    }
}

/// The quantile of sorted values, linear between neighbours (Hyndman & Fan 1996, type 7).
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    sorted[below] + (place - place.floor()) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_poisson_with_mean_one() {
        let mut counts = [0; 200];
        let mut seen = [0u32; 10];
        for member in 0..1_000 {
            draw(Seed(1), member, &mut counts);
            counts.iter().for_each(|count| seen[usize::from(*count)] += 1);
        }
        let n = 200_000.0;
        let mut chance = (-1.0f64).exp();
        for (count, seen) in seen.iter().take(6).enumerate() {
            let gap = (f64::from(*seen) / n - chance).abs();
            assert!(gap < 4.0 * (chance * (1.0 - chance) / n).sqrt(), "{count}: {seen}");
            chance /= count as f64 + 1.0;
        }
    }
}
