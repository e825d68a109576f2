//! `guerdon rank`: policies that are given as columns, ranked on one log.

use super::NOT_EVALUABLE;
use super::ope::columns;
use crate::args::RankArgs;
use crate::output;
use guerdon_core::{Error, Progress, Result, Seed};
use guerdon_experiment::ope::rank;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub fn run(args: &RankArgs, progress: &dyn Progress) -> Result<ExitCode> {
    let targets: Vec<(String, PathBuf)> = args.targets.iter().map(|text| named(text)).collect();
    if targets.len() < 2 {
        return Err(Error::config("rank", "--target", targets.len(), "give at least two policies, or use ope for one"));
    }
    let seed = Seed(args.seed).named("rank");
    let ranked = rank(&args.log, &targets, &columns(&args.columns), args.estimator, args.confidence, seed, progress)?;
    if args.json {
        output::json(&ranked)?;
    } else {
        let mut estimates: Vec<_> = ranked.estimates.iter().collect();
        estimates.sort_by(|a, b| {
            let value =
                |named: &guerdon_experiment::ope::NamedEstimate| named.estimate.value.unwrap_or(f64::NEG_INFINITY);
            value(b).total_cmp(&value(a))
        });
        let rows = estimates.iter().map(|named| {
            let mut row = output::estimate_row(&named.estimate);
            row[0].clone_from(&named.name);
            row
        });
        let mut head = output::ESTIMATE_HEAD;
        head[0] = "policy";
        output::line(&format!("value per decision by {}, {:.0} % intervals", args.estimator, 100.0 * args.confidence))?;
        output::table(&head, rows)?;
        output::reasons(ranked.estimates.iter().map(|named| &named.estimate))?;
        for reason in &ranked.reasons {
            output::line(&format!("  - {reason}"))?;
        }
    }
    let refused = ranked.estimates.iter().any(|named| !named.estimate.is_ok());
    Ok(if refused { ExitCode::from(NOT_EVALUABLE) } else { ExitCode::SUCCESS })
}

/// `name=path`, or a path whose file's name is the name.
fn named(text: &str) -> (String, PathBuf) {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !name.contains(['/', '\\']) => (name.to_owned(), path.into()),
        _ => {
            let stem = Path::new(text).file_stem().map_or(text.to_owned(), |stem| stem.to_string_lossy().into_owned());
            (stem, text.into())
        }
    }
}
