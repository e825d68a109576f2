//! Leakage suspects: features that know what no feature can know at the time of the decision.
//!
//! Each feature is cut into bins (levels of a category, quantiles of a number, one more for missing). The bins' means are
//! learned on one half of the members and tried on the other: by the area under the ROC curve (AUC) for reaching a stage
//! and for taking an action, by R² for revenue. Numbers are also correlated with revenue as they are.

use super::sample::{Column, Sample};
use crate::log::LogMeta;
use guerdon_core::{FeatureSource, Finding, Severity, StageMatch};

/// Bins of a number, besides the one for missing values.
const BINS: usize = 20;
/// From these figures on a feature is a suspect.
const AUC: f64 = 0.98;
const CORRELATION: f64 = 0.95;
const R_SQUARED: f64 = 0.90;
/// Cases needed on either side of a target, in the half where it is tried.
const LEAST: usize = 25;

/// A suspicion: the figure's name and size, and what the feature knows.
struct Suspicion {
    figure: &'static str,
    size: f64,
    of: String,
}

pub(super) fn findings(sample: &Sample, meta: &LogMeta) -> Vec<Finding> {
    let mut findings = vec![];
    for (place, feature) in meta.environment.features.iter().enumerate() {
        let column = &sample.columns[place];
        let bins = bins(column);
        let mut suspicions = outcome_suspicions(sample, meta, column, &bins);
        suspicions.sort_by(|a, b| b.size.abs().total_cmp(&a.size.abs()));
        if let Some(worst) = suspicions.first() {
            findings.push(outcome_finding(&feature.name, &feature.source, worst));
        }
        if let Some(worst) = action_suspicion(sample, meta, &bins) {
            findings.push(action_finding(&feature.name, &worst));
        }
    }
    if findings.is_empty() {
        let sentence = format!(
            "None of the {} features foretells an outcome or an action almost surely, in a sample of {} decisions.",
            meta.environment.features.len(),
            super::words::count(sample.len() as u64)
        );
        findings.push(Finding::new("leakage", Severity::Ok, sentence));
    }
    findings
}

fn outcome_suspicions(sample: &Sample, meta: &LogMeta, column: &Column, bins: &[usize]) -> Vec<Suspicion> {
    let mut suspicions = vec![];
    if let Column::Number(values) = column {
        let r = correlation(values, &sample.revenue);
        if r.abs() > CORRELATION {
            suspicions.push(Suspicion { figure: "correlation", size: r, of: "revenue".into() });
        }
    }
    let r2 = r_squared(bins, &sample.revenue, &sample.half);
    if r2 > R_SQUARED {
        suspicions.push(Suspicion { figure: "R²", size: r2, of: "revenue".into() });
    }
    for (stage, reached) in meta.environment.funnel.stages.iter().zip(&sample.reached) {
        // A stage that the decision itself reaches is no outcome.
        if stage.matches != StageMatch::Decision
            && let Some(auc) = auc(bins, reached, &sample.half)
            && auc > AUC
        {
            suspicions.push(Suspicion { figure: "AUC", size: auc, of: format!("reaching {}", stage.name) });
        }
    }
    suspicions
}

/// The action that the feature gives away most, among those that the propensities don't call near certain.
fn action_suspicion(sample: &Sample, meta: &LogMeta, bins: &[usize]) -> Option<Suspicion> {
    let mut worst: Option<Suspicion> = None;
    for (action, name) in meta.catalogue.names().enumerate() {
        let taken: Vec<bool> = sample.action.iter().map(|a| *a == action).collect();
        let n = taken.iter().filter(|t| **t).count();
        let propensity: f64 = sample.propensity.iter().zip(&taken).filter(|(_, t)| **t).map(|(p, _)| p).sum();
        if n == 0 || propensity / n as f64 > 0.8 {
            continue;
        }
        if let Some(size) = auc(bins, &taken, &sample.half)
            && size > AUC
            && worst.as_ref().is_none_or(|w| w.size < size)
        {
            worst = Some(Suspicion { figure: "AUC", size, of: format!("taking {name}") });
        }
    }
    worst
}

fn outcome_finding(name: &str, source: &FeatureSource, worst: &Suspicion) -> Finding {
    let given = matches!(source, FeatureSource::Member { .. } | FeatureSource::Decision { .. });
    let (severity, advice) = if given {
        (
            Severity::Error,
            "It comes from the raw files as it is: make sure that it was known before the decision, or leave it out.",
        )
    } else {
        (
            Severity::Warning,
            "It is computed from the past alone, so the habit may be real; check the times of its events.",
        )
    };
    let sentence =
        format!("{name} foretells {} almost surely ({} {:.3}). {advice}", worst.of, worst.figure, worst.size);
    Finding::new("leakage", severity, sentence).figure("size", worst.size)
}

fn action_finding(name: &str, worst: &Suspicion) -> Finding {
    let sentence = format!(
        "{name} foretells {} almost surely ({} {:.3}) where the propensities leave a choice: the draw depends on it, or it \
         was written after the decision. Log the real propensities, or leave it out.",
        worst.of, worst.figure, worst.size
    );
    Finding::new("leakage", Severity::Error, sentence).figure("size", worst.size)
}

/// Each value's bin, from 0.
fn bins(column: &Column) -> Vec<usize> {
    match column {
        Column::Category(levels, _) => levels.clone(),
        Column::Number(values) => {
            let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
            sorted.sort_by(f64::total_cmp);
            let mut edges: Vec<f64> =
                (1..BINS).filter_map(|cut| sorted.get(cut * sorted.len() / BINS).copied()).collect();
            edges.dedup();
            // Whatever many decisions share (0, say) gets a bin of its own by standing on both of its edges.
            let bin = |v: &f64| match v {
                v if v.is_nan() => 0,
                v => 1 + edges.partition_point(|e| e < v) + edges.partition_point(|e| e <= v),
            };
            values.iter().map(bin).collect()
        }
    }
}

/// Means per bin over the first half, with the overall mean for bins that it doesn't have.
fn means(bins: &[usize], target: impl Fn(usize) -> f64, half: &[bool]) -> Vec<f64> {
    let count = bins.iter().max().map_or(0, |most| most + 1);
    let mut sums = vec![(0.0, 0.0); count];
    for i in (0..bins.len()).filter(|i| half[*i]) {
        sums[bins[i]].0 += target(i);
        sums[bins[i]].1 += 1.0;
    }
    let (total, n) = sums.iter().fold((0.0, 0.0), |(t, n), (s, c)| (t + s, n + c));
    let overall = if n > 0.0 { total / n } else { 0.0 };
    sums.into_iter().map(|(sum, n)| if n > 0.0 { sum / n } else { overall }).collect()
}

/// Area under the ROC curve of the bins' means, on the second half; ties count half. Nothing with too few cases.
fn auc(bins: &[usize], target: &[bool], half: &[bool]) -> Option<f64> {
    let means = means(bins, |i| f64::from(target[i]), half);
    let mut cells: Vec<(f64, f64, f64)> = means.iter().map(|mean| (*mean, 0.0, 0.0)).collect();
    for i in (0..bins.len()).filter(|i| !half[*i]) {
        if target[i] {
            cells[bins[i]].1 += 1.0;
        } else {
            cells[bins[i]].2 += 1.0;
        }
    }
    let (positives, negatives) = cells.iter().fold((0.0, 0.0), |(p, n), cell| (p + cell.1, n + cell.2));
    if positives < LEAST as f64 || negatives < LEAST as f64 {
        return None;
    }
    cells.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut area) = (0.0, 0.0);
    for group in cells.chunk_by(|a, b| a.0 == b.0) {
        let (p, n) = group.iter().fold((0.0, 0.0), |(p, n), cell| (p + cell.1, n + cell.2));
        area += p * (below + n / 2.0);
        below += n;
    }
    Some(area / (positives * negatives))
}

/// Share of the variance that the bins' means explain on the second half; 0 without variance.
fn r_squared(bins: &[usize], target: &[f64], half: &[bool]) -> f64 {
    let means = means(bins, |i| target[i], half);
    let second: Vec<usize> = (0..bins.len()).filter(|i| !half[*i]).collect();
    if second.len() < 2 * LEAST {
        return 0.0;
    }
    let mean = second.iter().map(|i| target[*i]).sum::<f64>() / second.len() as f64;
    let total: f64 = second.iter().map(|i| (target[*i] - mean).powi(2)).sum();
    let left: f64 = second.iter().map(|i| (target[*i] - means[bins[*i]]).powi(2)).sum();
    if total > 0.0 { 1.0 - left / total } else { 0.0 }
}

/// Pearson's correlation over the pairs without a missing value; 0 with too few.
fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let pairs: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).filter(|(x, _)| !x.is_nan()).collect();
    if pairs.len() < 2 * LEAST {
        return 0.0;
    }
    let n = pairs.len() as f64;
    let (mx, my) = pairs.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x / n, b + y / n));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in &pairs {
        (xx, yy, xy) = (xx + (x - mx).powi(2), yy + (y - my).powi(2), xy + (x - mx) * (y - my));
    }
    if xx > 0.0 && yy > 0.0 { xy / (xx * yy).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Halves that alternate every two values.
    fn halves(n: usize) -> Vec<bool> {
        (0..n).map(|i| i / 2 % 2 == 0).collect()
    }

    #[test]
    fn a_threshold_anywhere_is_found_and_noise_is_not() {
        let x: Vec<f64> = (0..4_000).map(|i| f64::from(i * 7_919 % 4_000)).collect();
        let bins = bins(&Column::Number(x.clone()));
        let inside: Vec<bool> = x.iter().map(|x| (1_230.0..2_510.0).contains(x)).collect();
        assert!(auc(&bins, &inside, &halves(4_000)).unwrap() > AUC);
        let noise: Vec<bool> = (0..4_000).map(|i| i % 2 == 0).collect();
        assert!(auc(&bins, &noise, &halves(4_000)).unwrap() < 0.7);
    }

    #[test]
    fn a_value_that_is_missing_only_for_losers_is_found() {
        let won: Vec<bool> = (0..2_000).map(|i| i % 5 == 0).collect();
        let x = won.iter().enumerate().map(|(i, won)| if *won { i as f64 } else { f64::NAN }).collect();
        assert!(auc(&bins(&Column::Number(x)), &won, &halves(2_000)).unwrap() > 0.999);
    }

    #[test]
    fn a_name_per_member_foretells_nothing() {
        let levels: Vec<usize> = (1..=2_000).collect();
        let won: Vec<bool> = (0..2_000).map(|i| i % 3 == 0).collect();
        let auc = auc(&bins(&Column::Category(levels, Default::default())), &won, &halves(2_000)).unwrap();
        assert!((auc - 0.5).abs() < 1e-9, "{auc}");
    }

    #[test]
    fn a_straight_line_correlates_fully() {
        let x: Vec<f64> = (0..200).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| 3.0 - 2.0 * x).collect();
        assert!((correlation(&x, &y) + 1.0).abs() < 1e-12);
    }
}
