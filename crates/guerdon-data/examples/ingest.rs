//! Ingests an environment and prints the summary: `cargo run --example ingest -- ENVIRONMENT DATA OUT [key=value…]`.

use guerdon_core::{NoProgress, Result};
use guerdon_data::{IngestOptions, environment, ingest};
use std::path::PathBuf;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [environment, data, out, sets @ ..] = arguments.as_slice() else {
        eprintln!("usage: ingest ENVIRONMENT DATA OUT [key=value…]");
        return Ok(());
    };
    let sets: Vec<_> = sets.iter().filter_map(|s| s.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect();
    let environment = environment::load(&PathBuf::from(environment), &sets)?;
    let started = std::time::Instant::now();
    let summary =
        ingest(&environment, &PathBuf::from(data), &PathBuf::from(out), &IngestOptions::default(), &NoProgress)?;
    eprintln!("{:.2?}", started.elapsed());
    println!("{}", serde_json::to_string_pretty(&summary).unwrap_or_default());
    Ok(())
}
