//! The headline: rules that turn the figures into plain words, and never claim more than the intervals carry.

use crate::format::{all_numbers, count, decimals, ends, list, money_with_ends, number, with_ends};
use crate::{FidelityRow, IntervalValue, PolicyReport, PolicyRole, RunReport, Verdict};
use guerdon_core::{PropensitySource, Severity};

/// What an interval of a difference says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// All of it lies above zero.
    More,
    /// All of it lies below zero.
    Less,
    /// It contains zero, or there is none.
    NotToldApart,
}

impl Reading {
    /// How a difference reads; without an interval nothing is told apart.
    pub(crate) fn of(difference: &IntervalValue) -> Reading {
        match difference.ends() {
            Some((lower, _)) if lower > 0.0 => Reading::More,
            Some((_, upper)) if upper < 0.0 => Reading::Less,
            _ => Reading::NotToldApart,
        }
    }

    /// One word for charts.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Reading::More => "more",
            Reading::Less => "less",
            Reading::NotToldApart => "unclear",
        }
    }
}

/// The sentences at the top of the page, the most important first.
pub fn headline(report: &RunReport) -> Vec<String> {
    if report.policies.is_empty() {
        return vec!["No policy was valued.".into()];
    }
    let mut sentences = vec![];
    match report.best_of(PolicyRole::Learner) {
        Some(best) => {
            sentences.extend(worth(report, best));
            sentences.extend(weakness(report, best));
            sentences.extend(comparison(report, best));
            sentences.extend(choice(report));
            sentences.extend(simulated(report, best));
        }
        None => sentences.push("No learned policy can be valued on this log, so none is recommended.".into()),
    }
    sentences.extend(refusals(report));
    sentences.extend(warnings(report));
    sentences
}

/// "ridge is worth $9.87 [9.10, 10.60] per decision, …"
fn worth(report: &RunReport, best: &PolicyReport) -> Option<String> {
    let verdict = report.verdict(best);
    let amount = amount(report, verdict.value()?);
    Some(format!(
        "{} is worth {amount} of net value per decision, estimated from decisions of members that it was not trained on.",
        best.label()
    ))
}

/// Why the best policy's estimate is to be taken with caution, if it is.
fn weakness(report: &RunReport, best: &PolicyReport) -> Option<String> {
    let estimate = best.estimates.iter().find(|estimate| estimate.estimator == report.estimator)?;
    let reason = estimate.reasons.first().filter(|_| estimate.verdict == guerdon_ope::Verdict::Weak)?;
    Some(format!("The log carries this estimate weakly: {}.", reason.trim_end_matches('.')))
}

/// More than this, less than that, not told apart from those, not compared with the rest.
fn comparison(report: &RunReport, best: &PolicyReport) -> Option<String> {
    let (mut apart, mut alike, mut unvalued, mut uncompared) = (vec![], vec![], vec![], vec![]);
    for role in [PolicyRole::Logging, PolicyRole::None, PolicyRole::Constant] {
        let Some(other) = report.best_of(role) else {
            unvalued.extend(report.policies.iter().find(|p| p.role == role).map(|p| unvalued_name(role, p)));
            continue;
        };
        let Some(difference) = report.difference(&best.name, &other.name) else {
            uncompared.push(other.label());
            continue;
        };
        let size = IntervalValue::exact(difference.value.abs());
        match Reading::of(&difference) {
            Reading::NotToldApart => {
                alike.push(format!("{} (difference {})", other.label(), amount(report, &difference)))
            }
            reading => {
                let size = amount_like(report, &size, &difference);
                apart.push(format!("{size} {} than {}", reading.word(), other.label()))
            }
        }
    }
    let mut clauses = vec![];
    if !apart.is_empty() {
        clauses.push(format!("that is {}", list(&apart)));
    }
    if !alike.is_empty() {
        clauses.push(format!("it can't be told apart from {}", list(&alike)));
    }
    if !uncompared.is_empty() {
        clauses.push(format!("it was not compared with {}", list(&uncompared)));
    }
    if !unvalued.is_empty() {
        clauses.push(format!("{} can't be valued on this log", list(&unvalued)));
    }
    (!clauses.is_empty()).then(|| sentence(&clauses.join("; ")))
}

fn unvalued_name(role: PolicyRole, policy: &PolicyReport) -> String {
    if role == PolicyRole::Constant { "always offering one and the same action".into() } else { policy.label() }
}

/// The best of several is flattered by having been picked on the data that it was valued on.
fn choice(report: &RunReport) -> Option<String> {
    let learners = report.policies.iter().filter(|p| p.role == PolicyRole::Learner);
    let valued = learners.filter(|p| report.verdict(p).value().is_some()).count();
    (valued > 1).then(|| {
        format!(
            "It has the highest estimate of the {valued} learned policies; picking the highest flatters it a little."
        )
    })
}

fn simulated(report: &RunReport, best: &PolicyReport) -> Option<String> {
    let section = report.roi.as_ref()?;
    let row = section.policies.iter().find(|row| row.name == best.name)?;
    let refusals = report.roi_refusals(row);
    if let Some(reason) = refusals.first() {
        return Some(format!("Its ROI is not evaluable, because {}.", reason.trim_end_matches('.')));
    }
    let missed: Vec<&FidelityRow> = section.fidelity.iter().filter(|row| misses(row)).collect();
    if let Some(worst) = missed.iter().max_by(|a, b| gap(a).total_cmp(&gap(b))) {
        let places = decimals([worst.log, worst.simulated.value], 2);
        return Some(format!(
            "The simulator does not reproduce the log ({} is {} in it and {} in the log), so its ROI is not to be relied \
             on.",
            worst.figure,
            number(worst.simulated.value, places),
            number(worst.log, places)
        ));
    }
    if disagrees(row) {
        return Some(
            "The simulator and the log disagree on its value per decision, so its simulated ROI is not to be relied on."
                .into(),
        );
    }
    let roi = row.roi.as_ref()?;
    let reading = match Reading::of(roi) {
        Reading::More => "it brings in more than it costs",
        Reading::Less => "it costs more than it brings in",
        Reading::NotToldApart => "whether it brings in more than it costs can't be told",
    };
    Some(format!(
        "In the simulation ({} decisions for each of {} members) its ROI over {} is {}: {reading}.",
        count(section.horizon),
        count(section.members),
        section.reference,
        with_ends(roi, decimals(all_numbers([roi]), 2)),
    ))
}

/// How far the simulator is from the log, as a share of the log's figure.
fn gap(row: &FidelityRow) -> f64 {
    (row.simulated.value - row.log).abs() / row.log.abs().max(f64::MIN_POSITIVE)
}

/// Whether the simulator misses a figure of the log: by more than a tenth, with the log outside its interval.
pub(crate) fn misses(row: &FidelityRow) -> bool {
    let outside = row.simulated.ends().is_none_or(|(lower, upper)| row.log < lower || row.log > upper);
    outside && gap(row) > 0.10
}

/// Whether the intervals of the simulated and the offline value of one decision have no point in common.
pub(crate) fn disagrees(row: &crate::RoiRow) -> bool {
    let offline = row.offline_value.as_ref().and_then(|e| e.lower.zip(e.upper));
    match (row.step_value.ends(), offline) {
        (Some((low, high)), Some((lower, upper))) => high < lower || upper < low,
        _ => false,
    }
}

/// Learners that can't be valued, each with its first reason.
fn refusals(report: &RunReport) -> Vec<String> {
    let learners = report.policies.iter().filter(|p| p.role == PolicyRole::Learner);
    learners
        .filter_map(|policy| match report.verdict(policy) {
            Verdict::Value(_) => None,
            Verdict::Refused(reasons) => {
                let why = reasons.first().map_or("the estimate was refused", |reason| reason.trim_end_matches('.'));
                Some(format!("{} is not evaluable, because {why}.", policy.label()))
            }
        })
        .collect()
}

fn warnings(report: &RunReport) -> Vec<String> {
    let mut sentences = vec![];
    let errors = report.findings.iter().filter(|f| f.severity == Severity::Error).count();
    if errors > 0 {
        let what = if errors == 1 { "1 error".to_owned() } else { format!("{errors} errors") };
        sentences.push(format!("The audit found {what} in this log: read it before using any number on this page."));
    }
    if report.data.propensity_source == Some(PropensitySource::Estimated) {
        sentences.push(
            "The propensities were estimated from the log itself, so every value rests on that model being right."
                .into(),
        );
    }
    sentences
}

fn amount(report: &RunReport, interval: &IntervalValue) -> String {
    amount_like(report, interval, interval)
}

/// `interval` with its currency, and the ends of `like`, turned round where that is less than zero.
fn amount_like(report: &RunReport, interval: &IntervalValue, like: &IntervalValue) -> String {
    let decimals = money_decimals(report);
    let like = if Reading::of(like) == Reading::Less && interval.value >= 0.0 {
        // "1.20 [0.80, 1.60] less": the ends are those of the size.
        IntervalValue { value: -like.value, lower: like.upper.map(|u| -u), upper: like.lower.map(|l| -l) }
    } else {
        *like
    };
    money_with_ends(&number(interval.value, decimals), &ends(&like, decimals), &report.environment.currency)
}

/// The same decimals for every amount of the headline: those that the values need.
fn money_decimals(report: &RunReport) -> usize {
    let values: Vec<IntervalValue> =
        report.policies.iter().filter_map(|p| report.verdict(p).value().copied()).collect();
    decimals(all_numbers(&values), report.environment.minor_units)
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => String::new(),
    }
}
