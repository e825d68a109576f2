//! `guerdon decide`: requests in, decisions out, a JSON line each, or each explained.

use crate::args::{DecideArgs, ExplainForm};
use guerdon_core::{Error, Result};
use guerdon_policy::{DecisionRecord, Explanation, Policy, Scratch};
use serde::Serialize;
use std::io::{BufRead, Write};
use std::process::ExitCode;

pub fn run(args: &DecideArgs) -> Result<ExitCode> {
    let loaded = Policy::load(&args.policy)?;
    if args.probs && args.explain == Some(ExplainForm::Text) {
        return Err(Error::config(
            "decide",
            "--probs",
            "with --explain, which prints words",
            "--explain=json would do",
        ));
    }
    let placed = args.reach.map_or(Ok(loaded.clone()), |reach| loaded.placed(reach))?;
    let policy = if args.greedy { placed.greedy() } else { placed };
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
        let answered = answer(&policy, &line, &place, &mut scratch, args);
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

/// A decision's line.
#[derive(Serialize)]
struct Explained<'a> {
    #[serde(flatten)]
    decision: DecisionRecord<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation>,
}

fn answer(policy: &Policy, line: &str, place: &str, scratch: &mut Scratch, args: &DecideArgs) -> Result<String> {
    let owned = policy.parse_request(line, place)?;
    let values = owned.values();
    let request = owned.request(&values);
    let explanation = args.explain.map(|_| policy.explain(&request, scratch));
    if let (Some(ExplainForm::Text), Some(explanation)) = (args.explain, &explanation) {
        return Ok(explanation.to_string());
    }
    let decision = policy.decide_record(&request, scratch, args.probs);
    serde_json::to_string(&Explained { decision, explanation }).map_err(|e| Error::Internal(e.to_string()))
}
