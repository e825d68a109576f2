//! `guerdon decide`: requests in, decisions out, a JSON line each.

use crate::args::DecideArgs;
use guerdon_core::{Error, Result};
use guerdon_policy::{Policy, Scratch};
use std::io::{BufRead, Write};
use std::process::ExitCode;

pub fn run(args: &DecideArgs) -> Result<ExitCode> {
    let loaded = Policy::load(&args.policy)?;
    let policy = if args.greedy { loaded.greedy() } else { loaded };
    let mut scratch = policy.scratch();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let place = format!("request line {}", number + 1);
        let line = line.map_err(|e| Error::Malformed {
            file: place.clone(),
            format: "a line of text",
            reason: e.to_string(),
        })?;
        if line.trim().is_empty() {
            continue;
        }
        let answered = answer(&policy, &line, &place, &mut scratch, args.probs);
        // What was answered before a bad request is printed whole before the error is.
        let written = match &answered {
            Ok(answer) => writeln!(out, "{answer}"),
            Err(_) => out.flush(),
        };
        if written.is_err() {
            return Ok(ExitCode::SUCCESS); // the reader went away
        }
        answered?;
    }
    let _ = out.flush();
    Ok(ExitCode::SUCCESS)
}

fn answer(policy: &Policy, line: &str, place: &str, scratch: &mut Scratch, probs: bool) -> Result<String> {
    let owned = policy.parse_request(line, place)?;
    let values = owned.values();
    let decided = policy.decide_record(&owned.request(&values), scratch, probs);
    serde_json::to_string(&decided).map_err(|e| Error::Internal(e.to_string()))
}
