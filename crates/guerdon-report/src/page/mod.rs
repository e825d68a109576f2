//! The page: one self-contained HTML document that needs no network, prints, and reads on a phone.

mod budget;
mod data;
mod funnel;
mod glossary;
mod parts;
mod placement;
mod repeat;
mod roi;
mod segments;
mod values;

use crate::{RunReport, headline};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The page of `report`. Everything in it that came from outside is escaped; it holds no script and no address, and the
/// same report gives the same bytes.
pub fn html(report: &RunReport) -> String {
    let sections: Vec<(&str, &str, Markup)> = [
        ("values", "What each policy is worth", values::section(report)),
        ("funnel", "How far members go", funnel::section(report)),
        ("money", "Revenue and cost", funnel::money_section(report)),
        ("actions", "Who gets what", segments::section(report)),
        ("placement", "Placement", placement::section(report)),
        ("roi", "Return on what is spent", roi::section(report)),
        ("budget", "Budget", budget::section(report)),
        ("assumed", "What was assumed", data::assumptions(report)),
        ("data", "The data", data::section(report)),
        ("audit", "What the audit found", data::audit(report)),
        ("serving", "Files for serving", repeat::serving(report)),
        ("repeat", "Getting the same again", repeat::section(report)),
        ("words", "Words", glossary::section()),
    ]
    .into_iter()
    .filter_map(|(id, title, body)| body.map(|body| (id, title, body)))
    .collect();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (report.experiment) " – Guerdon" }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                (header(report))
                nav aria-label="Sections" {
                    ul { @for (id, title, _) in &sections { li { a href={ "#" (id) } { (title) } } } }
                }
                main {
                    @for (id, title, body) in &sections {
                        section id=(id) { h2 { (title) } (body) }
                    }
                }
            }
        }
    };
    page.into_string()
}

fn header(report: &RunReport) -> Markup {
    let environment = &report.environment;
    html! {
        header {
            h1 { (report.experiment) }
            p.about {
                "Programme: " strong { (environment.name) }
                @if !report.run_id.is_empty() { " · run " code { (report.run_id) } }
                @if !environment.description.is_empty() { br; (environment.description) }
            }
            div.headline { @for sentence in headline(report) { p { (sentence) } } }
        }
    }
}
