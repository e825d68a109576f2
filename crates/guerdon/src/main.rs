//! The guerdon command. The main path: [`args`] says what was asked, [`commands`] does it with the crates below, [`output`]
//! prints it. `guerdon run` is the main job; its steps are in `guerdon_experiment::run`.

#![forbid(unsafe_code)]

mod args;
mod bar;
mod commands;
mod output;

use args::{Arguments, Command};
use clap::Parser;
use guerdon_core::Result;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match start(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("guerdon: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn start(arguments: Arguments) -> Result<ExitCode> {
    let threads = arguments.threads.unwrap_or_else(available_threads);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|e| guerdon_core::Error::Internal(format!("can't start {threads} threads: {e}")))?;
    let bar = bar::Bar::new(arguments.quiet);
    match arguments.command {
        Command::Generate(args) => commands::generate::run(&args, &bar),
        Command::Ingest(args) => commands::ingest::run(&args, threads, &bar),
        Command::Audit(args) => commands::audit::run(&args, &bar),
        Command::Train(args) => commands::train::run(&args, &bar),
        Command::Evaluate(args) => commands::evaluate::run(&args, &bar),
        Command::Uplift(args) => commands::uplift::run(&args, &bar),
        Command::Ope(args) => commands::ope::run(&args, &bar),
        Command::Diff(args) => commands::diff::run(&args, &bar),
        Command::Rank(args) => commands::rank::run(&args, &bar),
        Command::Online(args) => commands::online::run(&args, &bar),
        Command::Allocate(args) => commands::allocate::run(&args, &bar),
        Command::Frontier(args) => commands::frontier::run(&args, &bar),
        Command::Decide(args) => commands::decide::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Simulate(args) => commands::simulate::run(&args, &bar),
        Command::Run(args) => commands::run::run(&args, threads, &bar),
        Command::Sweep(args) => commands::sweep::run(&args, threads, &bar),
        Command::Compare(args) => commands::compare::run(&args),
        Command::Schema(args) => commands::schema::run(&args),
        Command::Completions(args) => commands::completions::run(&args),
    }
}

fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
