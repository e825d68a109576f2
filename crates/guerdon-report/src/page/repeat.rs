//! For the serving engineer and for whoever repeats the run: files, versions, seeds and hashes.

use crate::RunReport;
use crate::format::{bytes, count, percent};
use maud::{Markup, html};

pub(super) fn serving(report: &RunReport) -> Option<Markup> {
    let first = report.bundles.first()?;
    Some(html! {
        p {
            "Each bundle is one file that decides by itself: encoder, outcome model, objective, exploration and guardrails. \
            A decision carries the version and its exact propensity, and can be replayed to the bit."
        }
        div.scroll {
            table.first {
                thead { tr { th { "policy" } th { "file" } th { "version" } th.n { "size" } th.n { "features" } th.n { "actions" } } }
                tbody {
                    @for bundle in &report.bundles {
                        tr {
                            th scope="row" { (bundle.policy) }
                            td { code { (bundle.file) } }
                            td { code { (bundle.version) } }
                            td.n { (bytes(bundle.bytes)) }
                            td.n { (count(bundle.features)) }
                            td.n { (count(bundle.actions)) }
                        }
                    }
                }
            }
        }
        pre { code {
            "guerdon inspect " (first.file) "\n"
            "guerdon decide --policy " (first.file) " < requests.jsonl > decisions.jsonl"
        } }
    })
}

pub(super) fn section(report: &RunReport) -> Option<Markup> {
    let repeat = &report.reproducibility;
    let mut facts: Vec<(String, String)> = vec![];
    let mut add = |name: &str, value: String| {
        if !value.is_empty() {
            facts.push((name.to_owned(), value));
        }
    };
    add("run", report.run_id.clone());
    add("seed", repeat.seed.map(|seed| seed.to_string()).unwrap_or_default());
    if let Some(split) = repeat.split {
        add("split", format!("by member, {} trained on, seed {}", percent(split.train_share), split.seed.0));
    }
    add("code version", repeat.code_version.clone());
    add("decision log", repeat.log_id.clone());
    add("SHA-256 of the data", repeat.data_sha256.clone());
    add("SHA-256 of the configuration", repeat.config_sha256.clone());
    for more in &repeat.more {
        add(&more.name, more.value.clone());
    }
    if facts.is_empty() {
        return None;
    }
    Some(html! {
        p { "The same data, configuration and seed give the same bytes, on any number of threads." }
        dl { @for (name, value) in facts { dt { (name) } dd { code { (value) } } } }
    })
}
