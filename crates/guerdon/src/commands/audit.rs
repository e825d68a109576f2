//! `guerdon audit`: what to know before trusting a log.

use crate::args::AuditArgs;
use crate::output;
use guerdon_core::{Progress, Result};
use std::process::ExitCode;

pub fn run(args: &AuditArgs, progress: &dyn Progress) -> Result<ExitCode> {
    let report = guerdon_data::audit(&args.log, progress)?;
    if args.json {
        output::json(&report)?;
    } else {
        let rows =
            report.findings.iter().map(|f| vec![f.severity.name().to_owned(), f.code.clone(), f.sentence.clone()]);
        output::text_table(&["severity", "check", "finding"], rows)?;
    }
    Ok(ExitCode::SUCCESS)
}
