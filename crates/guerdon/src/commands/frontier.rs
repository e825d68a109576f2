//! `guerdon frontier`: value against budget, beside constant offers and mixes of them.

use super::NOT_EVALUABLE;
use crate::args::FrontierArgs;
use crate::output;
use guerdon_core::{Progress, Result, Seed};
use guerdon_data::LogReader;
use guerdon_experiment::budget::{Arms, Frontier, FrontierOptions, Held, frontier_of};
use guerdon_learn::LearnerConfig;
use guerdon_ope::{Difference, Estimate};
use guerdon_policy::Policy;
use std::path::Path;
use std::process::ExitCode;

pub fn run(args: &FrontierArgs, progress: &dyn Progress) -> Result<ExitCode> {
    let log = LogReader::open(&args.log)?;
    let seed = Seed(args.seed);
    let options = FrontierOptions {
        points: usize::from(args.points),
        per_decision: args.per_decision,
        confidence: args.confidence,
        folds: 5,
        seed: seed.named("evaluate"),
        design_refuted: Some(guerdon_data::audit(&args.log, progress)?.design_refuted()),
    };
    let mut all = vec![];
    for path in &args.policies {
        let policy = Policy::load(path)?;
        let name = policy.version().to_owned();
        all.push(frontier_of(&log, &Arms::held_out(&name, policy, log.meta()), &options, progress)?);
    }
    for named in &args.learners {
        let (mut name, config) = learner(named)?;
        if args.learners.iter().filter(|other| stem(other) == name).count() > 1 {
            name.clone_from(named);
        }
        let (folds, device) = (usize::from(args.folds), args.device.into());
        let arms = Arms::cross_fitted(&log, &name, &config, folds, seed, device, progress)?;
        all.push(frontier_of(&log, &arms, &options, progress)?);
    }
    if args.json {
        output::json(&all)?;
    } else {
        all.iter().try_for_each(print)?;
    }
    let refused = all.iter().flat_map(|frontier| &frontier.points).any(|p| !(p.value.is_ok() && p.cost.is_ok()));
    Ok(if refused { ExitCode::from(NOT_EVALUABLE) } else { ExitCode::SUCCESS })
}

/// What to call the learner (several of one name are called as they were given), and its settings: those of a file, which
/// names the learner, or the defaults.
fn learner(named: &str) -> Result<(String, LearnerConfig)> {
    let path = Path::new(named);
    match path.extension() {
        Some(end) if end == "toml" => Ok((stem(named), LearnerConfig::load(path)?)),
        _ => Ok((named.to_owned(), LearnerConfig::named(named)?)),
    }
}

/// The name of a file without folder and ending; other names as they are.
fn stem(named: &str) -> String {
    Path::new(named).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn print(frontier: &Frontier) -> Result<()> {
    let folds = if frontier.policies > 1 { format!(", {} folds", frontier.policies) } else { String::new() };
    output::line(&format!(
        "{}{folds}: {} decisions of {} members that training did not see; per decision by dr, {:.0} % intervals by member",
        frontier.name,
        output::count(frontier.decisions),
        output::count(frontier.members),
        100.0 * frontier.confidence
    ))?;
    output::table(
        &["to spend", "λ", "cost", "interval", "value", "interval", "over the best mix", "interval"],
        frontier.points.iter().map(|point| {
            let mut row = vec![format!("{:.4}", point.budget), price(point.lambda)];
            row.extend(estimate(&point.cost));
            row.extend(estimate(&point.value));
            row.extend(difference(point.over_mix.as_ref()));
            row
        }),
    )?;
    output::table(
        &["always", "cost", "interval", "value", "interval", "on the hull"],
        frontier.constants.iter().map(|constant| {
            let mut row = vec![constant.action.clone()];
            row.extend(estimate(&constant.cost));
            row.extend(estimate(&constant.value));
            row.push(if frontier.hull.contains(&constant.action) { "yes".into() } else { String::new() });
            row
        }),
    )?;
    let estimates = frontier.points.iter().flat_map(|p| [&p.value, &p.cost]);
    output::reasons(estimates.chain(frontier.constants.iter().flat_map(|c| [&c.value, &c.cost])))?;
    let Some(at) = &frontier.at else { return Ok(()) };
    output::line(&format!(
        "priced for {:.4} a decision (λ = {:.4}) it costs {:.4} {}",
        at.per_decision,
        at.lambda,
        at.cost.value,
        output::interval(at.cost.lower, at.cost.upper)
    ))?;
    held("as priced", at.as_priced.as_ref())?;
    held("drawn between two prices so that it costs the budget exactly", at.on_budget.as_ref())
}

fn held(what: &str, held: Option<&Held>) -> Result<()> {
    let Some(held) = held else { return output::line(&format!("{what}: can't be said")) };
    let shown = |d: &Difference| format!("{:.4} {}", d.value, output::interval(d.lower, d.upper));
    output::line(&format!("{what}: cost {:.4}, value {}", held.cost, shown(&held.value)))?;
    let mix = &held.mix;
    output::line(&format!(
        "  best mix of constants at that cost: {:.1} % {}, else {}: {}",
        100.0 * mix.share,
        mix.second,
        mix.first,
        shown(&mix.value)
    ))?;
    output::line(&format!("  policy less mix, paired: {}", shown(&held.over_mix)))
}

/// λ, or a dash where nothing that costs anything is bought at all.
fn price(lambda: f64) -> String {
    if lambda < 1e6 { format!("{lambda:.4}") } else { "–".into() }
}

fn estimate(estimate: &Estimate) -> [String; 2] {
    let value = if estimate.is_ok() { output::number(estimate.value) } else { "not evaluable".into() };
    [value, output::interval(estimate.lower, estimate.upper)]
}

fn difference(difference: Option<&Difference>) -> [String; 2] {
    match difference {
        Some(d) => [format!("{:+.4}", d.value), output::interval(d.lower, d.upper)],
        None => ["–".into(), "–".into()],
    }
}
