//! `guerdon compare`: finished runs side by side.

use crate::args::CompareArgs;
use crate::output;
use guerdon_core::Result;
use std::process::ExitCode;

pub fn run(args: &CompareArgs) -> Result<ExitCode> {
    let comparison = guerdon_experiment::compare::compare(&args.runs, args.all)?;
    if args.json {
        output::json(&comparison)?;
        return Ok(ExitCode::SUCCESS);
    }
    let head: Vec<&str> = ["run", "policy"].into_iter().chain(output::ESTIMATE_HEAD).collect();
    let rows = comparison.policies.iter().flat_map(|policy| {
        policy.estimates.iter().map(|estimate| {
            let mut row = vec![format!("{}/{}", policy.experiment, policy.run), policy.policy.clone()];
            row.extend(output::estimate_row(estimate));
            row
        })
    });
    output::table(&head, rows)?;
    for caveat in &comparison.caveats {
        output::line(&format!("  - not comparable as they stand: {caveat}"))?;
    }
    Ok(ExitCode::SUCCESS)
}
