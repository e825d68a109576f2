//! `guerdon allocate`: who gets what, so that the budget holds.

use crate::args::AllocateArgs;
use crate::output;
use guerdon_core::{Progress, Result};
use guerdon_data::LogReader;
use guerdon_experiment::budget::{AllocateOptions, Allocated, Limits, allocate, priced};
use guerdon_policy::Policy;
use std::process::ExitCode;

pub fn run(args: &AllocateArgs, progress: &dyn Progress) -> Result<ExitCode> {
    let policy = Policy::load(&args.policy)?;
    let log = LogReader::open(&args.members)?;
    let limits = args.limits.as_deref().map(Limits::load).transpose()?.unwrap_or_default();
    let options = AllocateOptions { budget: args.budget, per_decision: args.per_decision, limits };
    let allocated = allocate(&policy, &log, &options, args.out.as_deref(), progress)?;
    if let Some(path) = &args.export {
        priced(&policy, allocated.prices)?.save(path)?;
    }
    if args.json {
        output::json(&allocated)?;
    } else {
        print(args, &allocated)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(args: &AllocateArgs, found: &Allocated) -> Result<()> {
    output::line(&format!("{} decisions, expected by {}", output::count(found.decisions), found.policy))?;
    let each = |sum: f64| format!("{:.4}", sum / found.decisions.max(1) as f64);
    let row = |name: &str, a: f64, b: f64| vec![name.to_owned(), money(a), each(a), money(b), each(b)];
    let (within, free) = (&found.totals, &found.unlimited);
    output::table(
        &["expected", "within limits", "a decision", "without limits", "a decision"],
        [
            row("net value", within.value, free.value),
            row("cost of rewards", within.cost, free.cost),
            row("points liability", within.liability, free.liability),
            row("offers sent", within.sends as f64, free.sends as f64),
        ],
    )?;
    let end = |end: Option<f64>| end.map_or("–".into(), money);
    output::table(
        &["limit", "at least", "at most", "used", "one more is worth"],
        found.limits.iter().map(|limit| {
            let price = format!("{:.4}", limit.price);
            vec![limit.name.clone(), end(limit.at_least), end(limit.at_most), money(limit.used), price]
        }),
    )?;
    let percent = |count: u64| format!("{:.1} %", 100.0 * count as f64 / found.decisions.max(1) as f64);
    output::table(
        &["action", "decisions", "share"],
        found.actions.iter().map(|(action, n)| vec![action.clone(), output::count(*n), percent(*n)]),
    )?;
    output::line(&format!(
        "no choice within the limits is worth more than {}: this one is within {:.4} %",
        money(found.bound),
        100.0 * found.gap
    ))?;
    output::line(&format!("λ = {:.6}, μ = {:.6}", found.prices.lambda, found.prices.mu))?;
    if let Some(out) = &args.out {
        output::line(&format!("allocation: {}", out.display()))?;
    }
    if let Some(export) = &args.export {
        output::line(&format!("policy at these prices: {}", export.display()))?;
        if !found.not_carried.is_empty() {
            output::line(&format!(
                "not in its prices (only money and liability over everyone have a place there): {}",
                found.not_carried.join(", ")
            ))?;
        }
    }
    Ok(())
}

/// `12,345.67`
fn money(amount: f64) -> String {
    let text = format!("{:.2}", amount.abs());
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), output::count);
    format!("{}{whole}.{cents}", if amount < 0.0 { "−" } else { "" })
}
