//! `guerdon diff`: the difference in value between two policies that are given as columns, or why that can't be said.

use super::NOT_EVALUABLE;
use super::ope::columns;
use crate::args::DiffArgs;
use crate::output;
use guerdon_core::{Progress, Result};
use guerdon_data::AlignedReader;
use guerdon_experiment::ope::difference;
use guerdon_ope::Estimator;
use std::process::ExitCode;

pub fn run(args: &DiffArgs, progress: &dyn Progress) -> Result<ExitCode> {
    let reader = AlignedReader::open(&args.log, &[args.first.clone(), args.second.clone()], &columns(&args.columns))?;
    let estimators = match (args.estimators.is_empty(), reader.has_model()) {
        (false, _) => args.estimators.clone(),
        (true, true) => vec![Estimator::Snips, Estimator::Dr],
        (true, false) => vec![Estimator::Snips],
    };
    let compared = difference(reader, &estimators, args.confidence, progress)?;
    if args.json {
        output::json(&compared)?;
    } else {
        output::line(&format!(
            "value per decision of the first policy less that of the second, {:.0} % intervals, paired row by row",
            100.0 * args.confidence
        ))?;
        let rows = compared.differences.iter().map(|by| {
            let difference = by.difference.as_ref();
            vec![
                by.estimator.to_string(),
                difference.map_or("not evaluable".into(), |d| format!("{:+.4}", d.value)),
                output::interval(difference.and_then(|d| d.lower), difference.and_then(|d| d.upper)),
                output::number(by.first),
                output::number(by.second),
            ]
        });
        output::table(&["estimator", "difference", "interval", "first", "second"], rows)?;
        let mut seen: Vec<&String> = vec![];
        for reason in compared.differences.iter().flat_map(|by| &by.reasons) {
            if !seen.contains(&reason) {
                seen.push(reason);
                output::line(&format!("  - {reason}"))?;
            }
        }
    }
    let refused = compared.differences.iter().any(|by| by.difference.is_none());
    Ok(if refused { ExitCode::from(NOT_EVALUABLE) } else { ExitCode::SUCCESS })
}
