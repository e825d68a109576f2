//! `guerdon ope`: what a target policy that is given as columns is worth on a log, or why that can't be said.

use super::NOT_EVALUABLE;
use crate::args::{ColumnArgs, OpeArgs};
use crate::output;
use guerdon_core::{Error, Progress, Result, Seed};
use guerdon_data::{AlignedReader, Columns};
use guerdon_experiment::ope::{OpeOptions, value};
use guerdon_ope::bounds::{BoundsError, RewardRange, WeightRange};
use guerdon_ope::{Estimator, Facts, Family, Rule, Verdict, Wanted};
use std::process::ExitCode;

pub fn run(args: &OpeArgs, progress: &dyn Progress) -> Result<ExitCode> {
    let reader = AlignedReader::open(&args.log, std::slice::from_ref(&args.target), &columns(&args.columns))?;
    let model = reader.has_model();
    let options = OpeOptions {
        wanted: if args.estimators.is_empty() { usual(model) } else { args.estimators.clone() },
        confidence: args.confidence,
        bootstrap: args.bootstrap.map(|resamples| resamples as usize),
        seed: Seed(args.seed),
        ranges: ranges(args)?,
        facts: Facts {
            propensities_estimated: args.propensities_estimated.then_some(true),
            cross_fitted: args.not_cross_fitted.then_some(false),
            ..Facts::default()
        },
    };
    let valued = value(reader, &options, progress)?;
    if args.json {
        output::json(&valued)?;
    } else {
        let by = if args.bootstrap.is_some() { "the bootstrap" } else { "the delta method" };
        let members = if args.columns.member.is_some() { "clustered by member" } else { "row by row" };
        output::line(&format!("value per decision, {:.0} % intervals by {by}, {members}", 100.0 * args.confidence))?;
        output::table(&output::ESTIMATE_HEAD, valued.estimates.iter().map(output::estimate_row))?;
        output::reasons(&valued.estimates)?;
        if !valued.bounds.is_empty() {
            output::line("\nintervals of other kinds; rows are taken to be independent")?;
            let rows = valued.bounds.iter().map(|bound| {
                let interval = match &bound.reason {
                    Some(reason) => reason.clone(),
                    None => output::interval(bound.lower, bound.upper),
                };
                vec![bound.method.to_owned(), bound.holds.to_owned(), output::number(bound.value), interval]
            });
            output::text_table(&["interval", "holds for", "value", "ends"], rows)?;
        }
        let verdict = match valued.verdict {
            Verdict::Ok => "ok: the log carries estimates of this policy",
            Verdict::Weak => "weak: the log carries this policy, with the cautions above",
            Verdict::NotEvaluable => "not evaluable: the log does not carry this policy",
        };
        output::line(&format!("verdict: {verdict}"))?;
    }
    let refused = valued.estimates.iter().any(|estimate| !estimate.is_ok());
    Ok(if refused { ExitCode::from(NOT_EVALUABLE) } else { ExitCode::SUCCESS })
}

/// What rewards and weights can be, as stated.
fn ranges(args: &OpeArgs) -> Result<Option<(RewardRange, WeightRange)>> {
    let Some((low, high)) = args.reward_range else { return Ok(None) };
    let wrong = |flag: &str, given: String, error: BoundsError| Error::config("ope", flag, given, error.to_string());
    let rewards = RewardRange::new(low, high).map_err(|e| wrong("--reward-range", format!("{low},{high}"), e))?;
    let weights = match args.weight_max {
        Some(most) => WeightRange::new(0.0, most).map_err(|e| wrong("--weight-max", most.to_string(), e))?,
        None => WeightRange::NON_NEGATIVE,
    };
    Ok(Some((rewards, weights)))
}

/// What is valued unless something else is asked for.
fn usual(model: bool) -> Vec<Wanted> {
    let fixed: &[Estimator] = if model {
        &[Estimator::Dm, Estimator::Ips, Estimator::Snips, Estimator::Dr, Estimator::Sndr, Estimator::DrCv]
    } else {
        &[Estimator::Ips, Estimator::Snips]
    };
    let families: &[Family] = if model { &[Family::SwitchDr, Family::Dros] } else { &[Family::IpsClip] };
    let tuned = families.iter().map(|family| Wanted::Tuned(*family, Rule::Slope));
    [Wanted::Automatic].into_iter().chain(fixed.iter().copied().map(Wanted::Fixed)).chain(tuned).collect()
}

/// The columns as named.
pub fn columns(args: &ColumnArgs) -> Columns {
    Columns {
        action: args.action.clone(),
        propensity: args.propensity.clone(),
        reward: args.reward.clone(),
        member: args.member.clone(),
        target: args.target_prefix.clone(),
        q_hat: args.q_hat_prefix.clone(),
        logging: args.logging_prefix.clone(),
    }
}
