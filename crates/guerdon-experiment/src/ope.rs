//! What target policies that are given as columns are worth on a log: one pass, batches in parallel, memory that does not
//! grow with the log.

use guerdon_core::{Error, Progress, Result, Seed};
use guerdon_data::{AlignedBatch, AlignedReader, Columns};
use guerdon_ope::bounds::{ConfidenceSequence, RewardRange, WeightRange, WeightedCells, WeightedRewards};
use guerdon_ope::selection::{Compared, Multiplicity, Selection, SelectionError};
use guerdon_ope::{
    Certificate, Difference, Estimate, Estimator, Evaluation, Facts, Gates, PairedDifference, Row, Terms, Verdict,
    Wanted,
};
use rayon::prelude::*;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Batches that are read before they are summed side by side.
const BATCHES_AT_ONCE: usize = 32;

/// How to value.
#[derive(Debug, Clone)]
pub struct OpeOptions {
    /// The numbers asked for, in the order of the results.
    pub wanted: Vec<Wanted>,
    /// Nominal coverage of intervals, in (0, 1).
    pub confidence: f64,
    /// Resamples of the bootstrap; none for normal intervals.
    pub bootstrap: Option<usize>,
    /// Seed of the bootstrap.
    pub seed: Seed,
    /// What is known of the log beyond its rows.
    pub facts: Facts,
    /// What rewards and weights can be, for intervals that hold for finite samples, at any time, or by likelihood; none of
    /// those without it.
    pub ranges: Option<(RewardRange, WeightRange)>,
}

/// An interval of another kind than the estimates'.
#[derive(Debug, Clone, Serialize)]
pub struct Bound {
    /// Which.
    pub method: &'static str,
    /// When its coverage holds.
    pub holds: &'static str,
    /// The point that belongs to it, where there is one.
    pub value: Option<f64>,
    /// Lower end; absent where it can't be given.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
    /// Why it can't be given.
    pub reason: Option<String>,
}

/// What a target policy is worth.
#[derive(Debug, Clone, Serialize)]
pub struct Valued {
    /// In the order asked for.
    pub estimates: Vec<Estimate>,
    /// How far the log carries estimates of this policy that need no model.
    pub verdict: Verdict,
    /// The facts behind it.
    pub certificate: Certificate,
    /// Intervals of other kinds, if ranges were stated; none where the certificate refuses.
    pub bounds: Vec<Bound>,
}

/// What the other intervals are made of.
#[derive(Clone, Default)]
struct Pairs {
    sums: WeightedRewards,
    cells: WeightedCells,
    /// (w, r) in the log's order, which the sequence needs.
    rows: Vec<(f64, f64)>,
    failed: Option<String>,
}

impl Pairs {
    fn of(batch: &AlignedBatch) -> Pairs {
        let mut pairs = Pairs::default();
        for row in 0..batch.len() {
            let terms = row_of(batch, row, 0).terms();
            pairs.rows.push((terms.weight, terms.reward));
            let pushed = pairs.sums.push(terms.weight, terms.reward);
            if let Err(error) = pushed.and(pairs.cells.push(terms.weight, terms.reward)) {
                pairs.failed = Some(error.to_string());
            }
        }
        pairs
    }
}

/// The sums, the cells and the sequence over the whole log.
struct Ranged {
    rewards: RewardRange,
    weights: WeightRange,
    sums: WeightedRewards,
    cells: WeightedCells,
    sequence: ConfidenceSequence,
    failed: Option<String>,
}

impl Ranged {
    fn see(&mut self, pairs: Pairs) {
        self.failed = self.failed.take().or(pairs.failed);
        self.sums.merge(&pairs.sums);
        self.cells.merge(&pairs.cells);
        for (weight, reward) in pairs.rows {
            if let (None, Err(error)) = (&self.failed, self.sequence.push(weight, reward)) {
                self.failed = Some(error.to_string());
            }
        }
    }

    fn bounds(&self, confidence: f64) -> Vec<Bound> {
        let (sums, cells, alpha) = (&self.sums, &self.cells, 1.0 - confidence);
        let (weights, rewards) = (&self.weights, &self.rewards);
        let all = [
            (
                "empirical_likelihood",
                "large samples",
                cells.empirical_likelihood().ok(),
                cells.empirical_likelihood_interval(alpha),
            ),
            (
                "cautious_likelihood",
                "large samples, at least",
                cells.cautious_likelihood(weights).ok(),
                cells.cautious_likelihood_interval(weights, rewards, alpha),
            ),
            (
                "cressie_read",
                "large samples, at least",
                sums.cressie_read(weights).ok(),
                sums.cressie_read_interval(weights, rewards, alpha),
            ),
            ("empirical_bernstein", "any sample size", sums.mean(), sums.empirical_bernstein(weights, rewards, alpha)),
            ("hoeffding", "any sample size", sums.mean(), sums.hoeffding(weights, rewards, alpha)),
            ("clopper_pearson", "rare rewards", sums.mean(), sums.clopper_pearson(weights, rewards, alpha)),
            (
                "confidence_sequence",
                "any time, however often it is looked at",
                sums.mean(),
                self.sequence.interval(alpha),
            ),
        ];
        all.into_iter()
            .map(|(method, holds, value, interval)| {
                let interval = match &self.failed {
                    Some(reason) => Err(reason.clone()),
                    None => interval.map_err(|error| error.to_string()),
                };
                let found = interval.as_ref().ok();
                Bound {
                    method,
                    holds,
                    value: value.filter(|_| found.is_some()),
                    lower: found.map(|interval| interval.lower),
                    upper: found.map(|interval| interval.upper),
                    reason: interval.as_ref().err().cloned(),
                }
            })
            .collect()
    }
}

/// Values the (first) target of `reader`.
///
/// # Errors
/// Whatever reading the files gives, with file and row.
pub fn value(reader: AlignedReader, options: &OpeOptions, progress: &dyn Progress) -> Result<Valued> {
    let actions = reader.actions().to_vec();
    let (facts, model) = (Facts { actions: actions.clone(), ..options.facts.clone() }, reader.has_model());
    let empty = || {
        let evaluation = Evaluation::wanting(&options.wanted, model, actions.len()).with_facts(facts.clone());
        match options.bootstrap {
            Some(resamples) => evaluation.with_bootstrap(resamples, options.seed),
            None => evaluation,
        }
    };
    let mut all = empty();
    let mut ranged = options.ranges.as_ref().map(|(rewards, weights)| Ranged {
        rewards: *rewards,
        weights: *weights,
        sums: WeightedRewards::default(),
        cells: WeightedCells::default(),
        sequence: ConfidenceSequence::new(*rewards),
        failed: None,
    });
    let wants_pairs = ranged.is_some();
    let part = |batch: &AlignedBatch| (sum(batch, 0, empty()), wants_pairs.then(|| Pairs::of(batch)));
    stream(reader, progress, &part, &mut |(part, pairs)| {
        all.merge(part);
        if let (Some(ranged), Some(pairs)) = (&mut ranged, pairs) {
            ranged.see(pairs);
        }
    })?;
    let certificate = all.certificate();
    let verdict = certificate.verdict(&Gates::default());
    Ok(Valued {
        estimates: all.answers(&options.wanted, options.confidence),
        verdict,
        bounds: match &ranged {
            Some(ranged) if verdict != Verdict::NotEvaluable => ranged.bounds(options.confidence),
            _ => vec![],
        },
        certificate,
    })
}

/// The difference in value between the first two targets of `reader`, by each of `estimators`; absent where the log does
/// not carry one of the two policies, with the reasons.
///
/// # Errors
/// Whatever reading the files gives, with file and row.
pub fn difference(
    reader: AlignedReader,
    estimators: &[Estimator],
    confidence: f64,
    progress: &dyn Progress,
) -> Result<Differences> {
    let actions = reader.actions().to_vec();
    let facts = Facts { actions: actions.clone(), ..Facts::default() };
    let empty = || {
        let one = Evaluation::new(estimators, actions.len()).with_facts(facts.clone());
        let pairs: Vec<PairedDifference> =
            estimators.iter().map(|estimator| PairedDifference::new(*estimator)).collect();
        (one.clone(), one, pairs)
    };
    let (mut first, mut second, mut pairs) = empty();
    let part = |batch: &AlignedBatch| {
        let (first, second, mut pairs) = empty();
        for row in 0..batch.len() {
            let (one, two) = (row_of(batch, row, 0).terms(), row_of(batch, row, 1).terms());
            pairs.iter_mut().for_each(|pair| pair.push(batch.member[row], &one, &two));
        }
        (sum(batch, 0, first), sum(batch, 1, second), pairs)
    };
    stream(reader, progress, &part, &mut |(one, two, theirs)| {
        first.merge(one);
        second.merge(two);
        pairs.iter_mut().zip(theirs).for_each(|(mine, theirs)| mine.merge(theirs));
    })?;
    let (first, second) = (first.estimates(confidence), second.estimates(confidence));
    let differences = estimators
        .iter()
        .zip(&pairs)
        .zip(first.iter().zip(&second))
        .map(|((estimator, pair), (one, two))| {
            let ok = one.is_ok() && two.is_ok();
            let reasons = one.reasons.iter().chain(two.reasons.iter().filter(|reason| !one.reasons.contains(reason)));
            ComparedBy {
                estimator: *estimator,
                verdict: one.verdict.max(two.verdict),
                difference: ok.then(|| pair.difference(confidence)),
                first: one.value,
                second: two.value,
                confidence,
                reasons: reasons.cloned().collect(),
            }
        })
        .collect();
    Ok(Differences { differences })
}

/// Two policies on one log.
#[derive(Debug, Clone, Serialize)]
pub struct Differences {
    /// By each estimator.
    pub differences: Vec<ComparedBy>,
}

/// First less second, by one estimator.
#[derive(Debug, Clone, Serialize)]
pub struct ComparedBy {
    /// The estimator.
    pub estimator: Estimator,
    /// The worse of the two policies' verdicts.
    pub verdict: Verdict,
    /// Value of the first less that of the second, paired row by row; absent where either is not evaluable.
    pub difference: Option<Difference>,
    /// The first policy's value.
    pub first: Option<f64>,
    /// The second policy's value.
    pub second: Option<f64>,
    /// Nominal coverage of the interval.
    pub confidence: f64,
    /// What a reader must know.
    pub reasons: Vec<String>,
}

/// Several policies on one log, ranked.
#[derive(Debug, Clone, Serialize)]
pub struct Ranked {
    /// Each policy's estimate, in the order given.
    pub estimates: Vec<NamedEstimate>,
    /// Those that the log carries, ranked and compared pair by pair; absent with fewer than two of them.
    pub compared: Option<Compared>,
    /// The findings as sentences.
    pub reasons: Vec<String>,
}

/// A policy's estimate.
#[derive(Debug, Clone, Serialize)]
pub struct NamedEstimate {
    /// The policy's name.
    pub name: String,
    /// Its estimate, or the reasons why there is none.
    pub estimate: Estimate,
}

/// Ranks the `targets` by `estimator`, with pairwise differences whose intervals hold all at once. Policies that the log
/// does not carry are valued as such and left out of the ranking. Reads the files twice.
///
/// # Errors
/// Whatever reading the files gives, with file and row.
pub fn rank(
    log: &Path,
    targets: &[(String, PathBuf)],
    columns: &Columns,
    estimator: Estimator,
    confidence: f64,
    seed: Seed,
    progress: &dyn Progress,
) -> Result<Ranked> {
    let paths = |of: &[&(String, PathBuf)]| of.iter().map(|(_, path)| path.clone()).collect::<Vec<_>>();
    let reader = AlignedReader::open(log, &paths(&targets.iter().collect::<Vec<_>>()), columns)?;
    let actions = reader.actions().to_vec();
    let facts = Facts { actions: actions.clone(), ..Facts::default() };
    let empty = || vec![Evaluation::new(&[estimator], actions.len()).with_facts(facts.clone()); targets.len()];
    let part = |batch: &AlignedBatch| -> Vec<Evaluation> {
        empty().into_iter().enumerate().map(|(target, evaluation)| sum(batch, target, evaluation)).collect()
    };
    let mut all = empty();
    stream(reader, progress, &part, &mut |parts| {
        all.iter_mut().zip(parts).for_each(|(mine, theirs)| mine.merge(theirs));
    })?;
    let estimates: Vec<NamedEstimate> = all
        .iter()
        .zip(targets)
        .map(|(evaluation, (name, _))| NamedEstimate {
            name: name.clone(),
            estimate: evaluation.estimates(confidence).remove(0),
        })
        .collect();
    let carried: Vec<&(String, PathBuf)> =
        targets.iter().zip(&estimates).filter(|(_, named)| named.estimate.is_ok()).map(|(target, _)| target).collect();
    if carried.len() < 2 {
        let reasons = vec!["fewer than two of the policies can be valued on this log".to_owned()];
        return Ok(Ranked { estimates, compared: None, reasons });
    }
    let wrong = |error: SelectionError| Error::config("rank", "policies", carried.len(), error.to_string());
    let names: Vec<&str> = carried.iter().map(|(name, _)| name.as_str()).collect();
    let mut selection = Selection::new(estimator, &names).map_err(wrong)?;
    let reader = AlignedReader::open(log, &paths(&carried), columns)?;
    let part = |batch: &AlignedBatch| -> std::result::Result<Selection, SelectionError> {
        let mut selection = Selection::new(estimator, &names)?;
        for row in 0..batch.len() {
            let terms: Vec<Terms> = (0..names.len()).map(|target| row_of(batch, row, target).terms()).collect();
            selection.push(batch.member[row], &terms)?;
        }
        Ok(selection)
    };
    let mut failed = None;
    stream(reader, progress, &part, &mut |part| {
        if let Err(error) = part.and_then(|part| selection.merge(part)) {
            failed = Some(error);
        }
    })?;
    if let Some(error) = failed {
        return Err(wrong(error));
    }
    let multiplicity = Multiplicity::MaxT { draws: 20_000, seed };
    let compared =
        selection.comparisons().and_then(|comparisons| comparisons.compare(confidence, multiplicity)).map_err(wrong)?;
    Ok(Ranked { estimates, reasons: compared.reasons(), compared: Some(compared) })
}

/// Sums batches side by side and merges them in the log's order, whatever the number of threads.
fn stream<T: Send>(
    mut reader: AlignedReader,
    progress: &dyn Progress,
    part: &(dyn Fn(&AlignedBatch) -> T + Sync),
    merge: &mut dyn FnMut(T),
) -> Result<()> {
    progress.start("valuing", Some(reader.rows()));
    loop {
        let batches = reader.by_ref().take(BATCHES_AT_ONCE).collect::<Result<Vec<_>>>()?;
        if batches.is_empty() {
            break;
        }
        let parts: Vec<T> = batches.par_iter().map(part).collect();
        parts.into_iter().for_each(&mut *merge);
        progress.advance(batches.iter().map(|batch| batch.len() as u64).sum());
    }
    progress.finish();
    Ok(())
}

fn sum(batch: &AlignedBatch, target: usize, mut evaluation: Evaluation) -> Evaluation {
    for row in 0..batch.len() {
        evaluation.push(batch.member[row], &row_of(batch, row, target));
    }
    evaluation
}

fn row_of(batch: &AlignedBatch, row: usize, target: usize) -> Row<'_> {
    let targets = &batch.targets[target];
    let actions = targets.len() / batch.len();
    Row {
        reward: batch.reward[row],
        propensity: batch.propensity[row],
        action: batch.action[row],
        target: &targets[row * actions..(row + 1) * actions],
        q_hat: batch.q_hat.get(row * actions..(row + 1) * actions),
        eligible: None,
        logging: batch.logging.get(row * actions..(row + 1) * actions),
    }
}
