//! `guerdon schema`: names, types and units of the canonical tables and of a decision log.

use crate::args::SchemaArgs;
use crate::output;
use guerdon_core::{Column, Result};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Serialize)]
struct Described<'a> {
    table: &'a str,
    column: &'a str,
    r#type: &'a str,
    meaning: &'a str,
}

pub fn run(args: &SchemaArgs) -> Result<ExitCode> {
    let tables: Vec<(&str, Vec<Column>)> = match &args.environment {
        Some(dir) => {
            let environment = guerdon_data::environment::load(dir, &[])?;
            vec![("decision log", guerdon_core::schema_of(&environment.spec))]
        }
        None => guerdon_core::canonical_tables(),
    };
    let rows: Vec<Described<'_>> = tables
        .iter()
        .flat_map(|(table, columns)| {
            columns.iter().map(|column| Described {
                table,
                column: &column.name,
                r#type: column.r#type,
                meaning: &column.meaning,
            })
        })
        .collect();
    if args.json {
        output::json(&rows)?;
    } else {
        let cells = rows.iter().map(|d| [d.table, d.column, d.r#type, d.meaning].map(str::to_owned).to_vec());
        output::text_table(&["table", "column", "type", "meaning"], cells)?;
    }
    Ok(ExitCode::SUCCESS)
}
