//! What the rows that a network is fitted to are like as a whole.

use crate::dataset::{Layout, Source};
use crate::loss::RevenueLoss;
use guerdon_core::Result;

/// What stands between revenue and its head, which is fitted to (revenue − zero) / unit: revenue = zero + unit · output, or
/// with a log link min(unit · e^output, most).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// In major units: the mean; 0 with a log link.
    pub zero: f32,
    /// In major units, above 0: the standard deviation; the mean with a log link.
    pub unit: f32,
    /// In major units: the largest revenue of a decision as it is learned from. The mean of any such decisions is no larger.
    pub most: f32,
}

/// Below this, revenue that hardly varies would outweigh all other heads until its mean is met.
const LEAST_DISPERSION: f64 = 0.1;

/// What the fitting rows are like as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// How many there are.
    pub rows: usize,
    /// What each head starts from: the logit of its mean; 0 for revenue, which is its mean.
    pub start: Vec<f32>,
    /// Of revenue, over those rows that reached the stage without which there is none.
    pub scale: Scale,
    /// The dispersion φ of revenue over these rows in units of its scale, around one mean: its variance, which is 1 with
    /// squared error; with a log link, by which the mean is 1, the squared coefficient of variation, and at least
    /// [`LEAST_DISPERSION`].
    pub dispersion: f32,
    /// Whether each head but revenue is the same in all rows.
    pub constant: Vec<bool>,
}

impl Summary {
    /// Of the rows to fit on, revenue by `loss`: `all`, or those that are not for validation.
    ///
    /// # Errors
    /// Errors of the source.
    pub fn of(source: &dyn Source, loss: RevenueLoss, all: bool) -> Result<Summary> {
        let Layout { heads, revenue_stage, .. } = source.layout();
        let mut sums = vec![0.0f64; heads];
        let (mut n, mut spenders, mut mean, mut squares, mut most) = (0.0, 0.0, 0.0, 0.0, 0.0f64);
        source.blocks(None, &mut |block| {
            for row in block.fitting_rows(all, None) {
                let targets = block.targets_of(row as usize);
                n += 1.0;
                sums.iter_mut().zip(targets).for_each(|(sum, y)| *sum += f64::from(*y));
                if revenue_stage.is_none_or(|stage| targets[stage] > 0.0) {
                    // Welford's running mean and sum of squared differences.
                    let revenue = f64::from(targets[heads - 1]);
                    spenders += 1.0;
                    most = most.max(revenue);
                    let before = revenue - mean;
                    mean += before / spenders;
                    squares += before * (revenue - mean);
                }
            }
            Ok(())
        })?;
        let logit = |sum: &f64| (((sum + 0.5) / (n - sum + 0.5)).ln()) as f32;
        let mut start: Vec<f32> = sums[..heads - 1].iter().map(logit).collect();
        start.push(0.0);
        let variance: f64 = if spenders > 0.0 { squares / spenders } else { 0.0 };
        let (zero, unit) = match loss {
            RevenueLoss::Squared => (mean, variance.sqrt()),
            RevenueLoss::Tweedie { .. } => (0.0, mean),
        };
        let unit = if unit > 0.0 { unit } else { 1.0 };
        let dispersion = match loss {
            RevenueLoss::Tweedie { .. } if variance > 0.0 => (variance / (unit * unit)).max(LEAST_DISPERSION),
            _ => 1.0,
        };
        let scale = Scale { zero: zero as f32, unit: unit as f32, most: most as f32 };
        let constant = sums[..heads - 1].iter().map(|sum| *sum == 0.0 || *sum == n).collect();
        Ok(Summary { rows: n as usize, start, scale, dispersion: dispersion as f32, constant })
    }
}
