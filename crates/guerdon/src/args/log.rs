//! Flags of the commands that make and check decision logs.

use super::parse::key_value;
use clap::Args;
use std::path::PathBuf;

/// `guerdon generate`
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// The environment's folder.
    #[arg(long, value_name = "DIR")]
    pub environment: PathBuf,
    /// How many members.
    #[arg(long, value_name = "N")]
    pub members: u64,
    /// The seed; the same seed makes the same bytes.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// The folder to make.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Also write stream.parquet: along the decisions what every action would bring, drawn and expected, for `guerdon online`.
    /// Holds some 600 bytes a decision in memory; all else is made in bounded memory.
    #[arg(long)]
    pub stream: bool,
    /// Print what was made as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `guerdon ingest`
#[derive(Debug, Args)]
pub struct IngestArgs {
    /// The environment's folder: environment.toml and views.sql.
    #[arg(long, value_name = "DIR")]
    pub environment: PathBuf,
    /// The raw files: a folder, or a file where the environment has one source.
    #[arg(long, value_name = "PATH")]
    pub data: PathBuf,
    /// The decision log to write (Parquet).
    #[arg(long, value_name = "LOG.parquet")]
    pub out: PathBuf,
    /// Override a value of environment.toml.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub sets: Vec<(String, String)>,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `guerdon audit`
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// The decision log.
    #[arg(long, value_name = "LOG.parquet")]
    pub log: PathBuf,
    /// Print the findings as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `guerdon schema`
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// The environment whose decision log is described; without it, the canonical tables that views.sql must make.
    #[arg(long, value_name = "DIR")]
    pub environment: Option<PathBuf>,
    /// Print the columns as JSON.
    #[arg(long)]
    pub json: bool,
}
