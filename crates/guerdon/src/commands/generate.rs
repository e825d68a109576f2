//! `guerdon generate`: raw event files of a built-in programme.

use crate::args::GenerateArgs;
use crate::output;
use guerdon_core::{Error, Progress, Result, Seed};
use guerdon_experiment::built_in;
use std::process::ExitCode;

pub fn run(args: &GenerateArgs, progress: &dyn Progress) -> Result<ExitCode> {
    let environment = guerdon_data::environment::load(&args.environment, &[])?;
    let made = built_in::generate(&environment.spec, args.members, Seed(args.seed), &args.out, progress)?;
    let path = args.out.join("stream.parquet");
    if args.stream {
        built_in::stream(&environment.spec, args.members, Seed(args.seed), &path, progress)?;
    } else if path.is_file() {
        // One of an earlier call would not fit the files beside it.
        std::fs::remove_file(&path).map_err(|error| Error::write(&path, error))?;
    }
    if args.json {
        output::json(&made)?;
    } else {
        output::line(&format!(
            "{}: {} members, {} decisions, {} events; the truth is in truth.parquet and truth.json{}",
            args.out.display(),
            output::count(made.members),
            output::count(made.decisions),
            output::count(made.events),
            if args.stream { ", what every action would bring in stream.parquet" } else { "" }
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
