//! `guerdon ingest`: raw event files → decision log.

use crate::args::IngestArgs;
use crate::output;
use guerdon_core::{Progress, Result};
use guerdon_data::{IngestOptions, IngestSummary};
use std::process::ExitCode;

pub fn run(args: &IngestArgs, threads: usize, progress: &dyn Progress) -> Result<ExitCode> {
    let environment = guerdon_data::environment::load(&args.environment, &args.sets)?;
    let options = IngestOptions { threads, ..IngestOptions::default() };
    let summary = guerdon_data::ingest(&environment, &args.data, &args.out, &options, progress)?;
    if args.json {
        output::json(&summary)?;
    } else {
        print(&summary, &environment.spec.economics.currency)?;
        output::line(&format!("\nwritten to {}; next: guerdon audit --log {0}", args.out.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(summary: &IngestSummary, currency: &str) -> Result<()> {
    let share = |n: u64| format!("{:.1} %", 100.0 * n as f64 / summary.decisions.max(1) as f64);
    output::line(&format!(
        "{} decisions of {} members; left out: {} immature, {} exact duplicates",
        output::count(summary.decisions),
        output::count(summary.members),
        output::count(summary.immature),
        output::count(summary.duplicates_dropped)
    ))?;
    output::line(&format!(
        "per decision: revenue {:.4}, cost of rewards {:.4} ({currency})",
        summary.mean_revenue, summary.mean_cost
    ))?;
    let stages = summary.stages.iter().map(|(stage, n)| vec![stage.clone(), output::count(*n), share(*n)]);
    output::table(&["stage reached", "decisions", "share"], stages)?;
    let actions = summary.actions.iter().map(|(action, s)| {
        vec![
            action.clone(),
            output::count(s.n),
            share(s.n),
            format!("{:.4}", s.mean_revenue),
            format!("{:.4}", s.mean_cost),
        ]
    });
    output::table(&["action", "decisions", "share", "mean revenue", "mean cost"], actions)
}
