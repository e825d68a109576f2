//! What the rows that a network is fitted to are like as a whole.

use crate::dataset::{Layout, Source};
use guerdon_core::Result;

/// The unit of the revenue head: revenue = mean + std · output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// In major units.
    pub mean: f32,
    /// In major units, above 0.
    pub std: f32,
}

/// What the fitting rows are like as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// How many there are.
    pub rows: usize,
    /// What each head starts from: the logit of its mean; 0 for (standardised) revenue.
    pub start: Vec<f32>,
    /// Mean and standard deviation of revenue, over those rows that reached the stage without which there is none.
    pub scale: Scale,
    /// Whether each head but revenue is the same in all rows.
    pub constant: Vec<bool>,
}

impl Summary {
    /// Of the rows to fit on: `all`, or those that are not for validation.
    ///
    /// # Errors
    /// Errors of the source.
    pub fn of(source: &dyn Source, all: bool) -> Result<Summary> {
        let Layout { heads, revenue_stage, .. } = source.layout();
        let mut sums = vec![0.0f64; heads];
        let (mut n, mut spenders, mut mean, mut squares) = (0.0, 0.0, 0.0, 0.0);
        source.blocks(None, &mut |block| {
            for row in block.fitting_rows(all, None) {
                let targets = block.targets_of(row as usize);
                n += 1.0;
                sums.iter_mut().zip(targets).for_each(|(sum, y)| *sum += f64::from(*y));
                if revenue_stage.is_none_or(|stage| targets[stage] > 0.0) {
                    // Welford's running mean and sum of squared differences.
                    let revenue = f64::from(targets[heads - 1]);
                    spenders += 1.0;
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
        let std = if variance > 0.0 { variance.sqrt() } else { 1.0 };
        let constant = sums[..heads - 1].iter().map(|sum| *sum == 0.0 || *sum == n).collect();
        Ok(Summary { rows: n as usize, start, scale: Scale { mean: mean as f32, std: std as f32 }, constant })
    }
}
