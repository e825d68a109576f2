//! Writes a sample page with invented figures: `cargo run -p guerdon-report --example sample -- sample.html`.

#[path = "../tests/support/mod.rs"]
mod support;

use std::io::Write;

fn main() -> std::io::Result<()> {
    let page = guerdon_report::html(&support::sample(std::env::args().any(|argument| argument == "--refused")));
    match std::env::args().nth(1) {
        Some(path) => std::fs::write(path, page),
        None => std::io::stdout().write_all(page.as_bytes()),
    }
}
