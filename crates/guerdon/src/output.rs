//! What is printed: tables for people, JSON for programs. Results go to stdout, everything else to stderr.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use guerdon_core::{Error, Result};
use guerdon_ope::Estimate;
use serde::Serialize;
use std::io::Write;

/// Prints `text` and a line end; a reader that went away is no fault.
pub fn line(text: &str) -> Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::Internal(format!("can't print: {e}"))),
        _ => Ok(()),
    }
}

/// Prints `value` as indented JSON.
pub fn json(value: &impl Serialize) -> Result<()> {
    line(&serde_json::to_string_pretty(value).map_err(|e| Error::Internal(e.to_string()))?)
}

/// Prints a table: the first column to the left, numbers to the right.
pub fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Result<()> {
    let mut table = plain(head, rows);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    line(&table.to_string())
}

/// A table of text only: every column to the left.
pub fn text_table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Result<()> {
    line(&plain(head, rows).to_string())
}

/// Columns of a file or a pipe.
const WIDTH: u16 = 120;

fn plain(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(WIDTH);
    }
    table.set_header(head.iter().map(|name| name.to_uppercase()));
    table.add_rows(rows);
    table
}

/// `12,345,678`
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A value to four decimals, or a dash.
pub fn number(value: Option<f64>) -> String {
    value.map_or("–".into(), |v| format!("{v:.4}"))
}

/// `[lower, upper]`, or a dash.
pub fn interval(lower: Option<f64>, upper: Option<f64>) -> String {
    match (lower, upper) {
        (Some(lower), Some(upper)) => format!("[{lower:.4}, {upper:.4}]"),
        _ => "–".into(),
    }
}

/// The columns of [`estimate_row`].
pub const ESTIMATE_HEAD: [&str; 7] = ["estimator", "value", "interval", "ESS", "largest w", "mean w", "decisions"];

/// An estimate as a row of a table.
pub fn estimate_row(estimate: &Estimate) -> Vec<String> {
    vec![
        estimate.estimator.to_string(),
        if estimate.is_ok() { number(estimate.value) } else { "not evaluable".into() },
        interval(estimate.lower, estimate.upper),
        format!("{:.1}", estimate.ess),
        format!("{:.2}", estimate.max_weight),
        format!("{:.4}", estimate.mean_weight),
        count(estimate.n),
    ]
}

/// The reasons of several estimates, each once, on lines of their own.
pub fn reasons<'a>(estimates: impl IntoIterator<Item = &'a Estimate>) -> Result<()> {
    let mut seen: Vec<&str> = vec![];
    for reason in estimates.into_iter().flat_map(|e| &e.reasons) {
        if !seen.contains(&reason.as_str()) {
            seen.push(reason);
            line(&format!("  - {reason}"))?;
        }
    }
    Ok(())
}
