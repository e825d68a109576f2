//! `guerdon completions`: completions for a shell, on stdout.

use crate::args::{Arguments, CompletionsArgs};
use clap::CommandFactory;
use guerdon_core::Result;
use std::process::ExitCode;

pub fn run(args: &CompletionsArgs) -> Result<ExitCode> {
    clap_complete::generate(args.shell, &mut Arguments::command(), "guerdon", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
