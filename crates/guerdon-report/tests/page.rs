//! The page as its readers meet it: nothing withheld leaks, nothing foreign gets in, every policy is there.

mod support;

use guerdon_core::{Finding, Severity};
use guerdon_ope::Estimator;
use guerdon_report::*;
use support::{CONSTANTS, refused, sample};

/// What a browser would show of `page`: text without tags, entities decoded as far as these tests need.
fn text(page: &str) -> String {
    let body = page.split_once("<body>").map_or(page, |(_, body)| body);
    let mut text = String::new();
    let mut inside = false;
    for letter in body.chars() {
        match letter {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => text.push(letter),
            _ => {}
        }
    }
    text.replace("&amp;", "&").replace("&quot;", "\"").replace("&apos;", "'")
}

/// The part of the page with this id.
fn section<'a>(page: &'a str, id: &str) -> &'a str {
    let start = page.find(&format!("<section id=\"{id}\"")).expect("the section is there");
    &page[start..start + page[start..].find("</section>").expect("the section ends")]
}

#[test]
fn every_policy_appears_in_the_values_by_name() {
    let page = html(&sample(false));
    let values = text(section(&page, "values"));
    for name in ["ridge", "neural", "what was done", "no offers", "uniform"] {
        assert!(values.contains(name), "{name}");
    }
    for name in CONSTANTS {
        assert!(values.contains(&format!("always {name}")), "{name}");
    }
}

#[test]
fn with_many_constants_the_table_still_has_every_one_and_the_caption_says_what_the_chart_leaves_out() {
    let mut report = sample(false);
    let model = report.policies.last().unwrap().clone();
    for place in 0..80 {
        report.policies.push(PolicyReport { name: format!("item_{place}"), ..model.clone() });
    }
    let page = html(&report);
    let values = text(section(&page, "values"));
    for place in 0..80 {
        assert!(values.contains(&format!("always item_{place}")));
    }
    assert!(values.contains("53 more constant policies are in the table"), "{}", values.len());
}

#[test]
fn names_from_outside_are_escaped_everywhere() {
    let evil = "<script>alert(1)</script>\"'&";
    let mut report = sample(false);
    report.experiment = evil.into();
    report.run_id = evil.into();
    report.environment.name = evil.into();
    report.environment.description = evil.into();
    report.environment.currency = evil.into();
    report.assumptions.push(evil.into());
    report.findings.push(Finding::new(evil, Severity::Error, evil));
    report.policies[0].name = evil.into();
    report.policies[0].funnel[0].stage = evil.into();
    report.segments[0].feature = evil.into();
    report.segments[0].segments[0] = evil.into();
    report.segments[0].actions[1] = evil.into();
    let placement = report.placement.as_mut().unwrap();
    placement.stages[0] = evil.into();
    let row = &mut placement.policies[0].rows[1];
    (row.feature, row.segment) = (Some(evil.into()), evil.into());
    report.bundles[0].file = evil.into();
    let page = html(&report);
    assert!(!page.contains("<script"));
    assert!(!page.contains("alert(1)</script>"));
    assert!(page.contains("&lt;script&gt;"));
}

#[test]
fn the_page_names_no_address_and_loads_nothing() {
    let page = html(&sample(true));
    for foreign in ["http:", "https:", "//", "src=", "@import", "url(", "<link", "<script"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

#[test]
fn a_refused_policy_shows_no_number_in_any_section() {
    let mut report = sample(true);
    // Numbers that a careless caller left in: none of them may come out.
    let leak = IntervalValue::new(777.25, 776.75, 778.75);
    let policy = report.policies.iter_mut().find(|p| p.name == "neural").unwrap();
    (policy.revenue, policy.cost) = (Some(leak), Some(leak));
    policy.funnel.iter_mut().for_each(|stage| stage.share = leak);
    policy.estimates.iter_mut().for_each(|e| (e.value, e.lower, e.upper) = (Some(777.25), Some(776.75), Some(778.75)));
    let row = report.roi.as_mut().unwrap().policies.iter_mut().find(|row| row.name == "neural").unwrap();
    row.roi = Some(leak);
    for number in [
        &mut row.revenue,
        &mut row.incremental_revenue,
        &mut row.cost,
        &mut row.incremental_margin,
        &mut row.net_value,
        &mut row.step_value,
    ] {
        *number = leak;
    }
    for difference in report.differences.iter_mut().filter(|d| d.first == "neural") {
        difference.difference.value = 777.25;
    }
    let page = html(&report);
    for leaked in ["777.", "776.", "778.", "77,725", "77725"] {
        assert!(!page.contains(leaked), "{leaked}");
    }
    assert!(text(section(&page, "roi")).contains("not evaluable, because"));
    assert!(text(section(&page, "values")).contains("not evaluable, because"));
}

#[test]
fn roi_is_withheld_when_only_the_policy_list_refuses_and_when_there_is_nothing_to_hold_it_against() {
    let mut report = sample(false);
    report.policies[1].estimates = Estimator::DEFAULT.map(refused).into();
    let row = report.roi.as_ref().unwrap().policies[1].clone();
    assert_eq!(report.roi_refusals(&row).len(), 1);

    let alone = RoiRow { name: "unheard of".into(), offline_value: None, ..row.clone() };
    assert!(report.roi_refusals(&alone)[0].contains("no estimate from the log"));

    let unexplained = RoiRow { name: "ridge".into(), refused: Some(vec![]), ..row };
    assert!(!report.roi_refusals(&unexplained).is_empty());
}

#[test]
fn a_simulation_that_disagrees_with_the_log_says_so() {
    let mut report = sample(false);
    report.roi.as_mut().unwrap().policies[0].step_value = IntervalValue::new(20.0, 19.0, 21.0);
    assert!(text(&html(&report)).contains("do not overlap"));
    assert!(headline(&report).iter().any(|s| s.contains("not to be relied on")));
}

#[test]
fn a_simulator_that_misses_the_log_is_said_to_and_its_roi_is_kept_out_of_the_headline() {
    let mut report = sample(false);
    report.roi.as_mut().unwrap().fidelity[0].simulated = IntervalValue::new(37.9, 32.4, 43.3);
    let page = html(&report);
    assert!(text(section(&page, "roi")).contains("The simulator does not reproduce the log"));
    let headline = headline(&report).join(" ");
    assert!(headline.contains("revenue per decision is 37.90 in it and 24.41 in the log"), "{headline}");
    assert!(!headline.contains("3.97"), "{headline}");
}

#[test]
fn an_empty_report_is_still_a_page() {
    let page = html(&RunReport::default());
    assert!(page.contains("No policy was valued."));
    assert!(page.ends_with("</html>"));
}

#[test]
fn numbers_that_are_not_finite_break_nothing() {
    let mut report = sample(false);
    report.policies[0].estimates[3].value = Some(f64::NAN);
    report.policies[2].funnel[1].share = IntervalValue::exact(f64::INFINITY);
    report.policies[3].revenue = Some(IntervalValue::exact(f64::NAN));
    report.policies[4].estimates.clear();
    report.segments[0].shares[0][0] = f64::NAN;
    report.segments[1].shares.clear();
    let row = &mut report.placement.as_mut().unwrap().policies[0].rows[0];
    (row.no_offer, row.amount, row.chance) = (f64::NAN, Some(f64::INFINITY), Some(f64::NAN));
    row.stages.clear();
    let page = html(&report);
    assert!(!text(&page).contains("NaN") && !text(&page).contains("inf "));
    assert!(text(&page).contains("it was not valued by DR"));
}

#[test]
fn the_same_report_gives_the_same_bytes_and_survives_json() {
    let report = sample(true);
    let json = serde_json::to_string(&report).unwrap();
    let back: RunReport = serde_json::from_str(&json).unwrap();
    // Reading JSON may be off in the last bit of a float, which no page shows.
    assert!(html(&back) == html(&report), "the page changed on its way through JSON");
    assert!(html(&report) == html(&report));
}

#[test]
fn every_chart_has_a_description_and_a_caption_with_the_level() {
    let page = html(&sample(false));
    let charts = page.matches("<svg ").count();
    assert_eq!(charts, 2 * page.matches("<figcaption>").count());
    assert_eq!(charts, page.matches("aria-label=\"").count() - page.matches("aria-label=\"Sections\"").count());
    for caption in page.split("<figcaption>").skip(1) {
        assert!(caption.split("</figcaption>").next().unwrap().contains("95 %"));
    }
}

#[test]
fn the_ledger_of_the_page_is_in_whole_cents() {
    let page = html(&sample(false));
    let data = text(section(&page, "data"));
    // 30 % of 345,481.12 is 103,644.34; rewards were 21,403.00.
    assert!(data.contains("$345,481.12") && data.contains("$103,644.34") && data.contains("$82,241.34"), "{data}");
}

#[test]
fn the_budget_section_draws_the_frontier_and_says_what_it_shows() {
    let page = html(&sample(false));
    let budget = section(&page, "budget");
    assert_eq!(budget.matches("<svg").count(), 2, "one for wide screens, one for narrow ones");
    let words = text(budget);
    for part in [
        "At $0.60 a decision",
        "ridge: worth $0.88 a decision more than the best draw at the same cost, beyond chance.",
        "neural: worth $0.34 a decision more than the best draw at the same cost, beyond chance.",
        "49 % discount_2_10d, else none",
        "Every point of neural",
        "Every constant offer",
    ] {
        assert!(words.contains(part), "{part} is not in {words}");
    }
    let drawn = words.matches("no offers").count();
    assert!(drawn >= 3, "the name of a constant on the hull stands in both drawings and in the table: {drawn}");
}

#[test]
fn a_difference_that_chance_can_make_is_called_that_and_without_a_budget_there_is_no_section() {
    let mut report = sample(false);
    for curve in &mut report.budget.as_mut().unwrap().curves {
        curve.at.as_mut().unwrap().over_mix = IntervalValue::new(0.12, -0.3, 0.54);
    }
    let page = html(&report);
    assert!(text(section(&page, "budget")).contains("but the log can't tell that from chance"));
    report.budget = None;
    assert!(!html(&report).contains("id=\"budget\""));
}

/// The cells of a table row, as read, its header first.
fn cells(row: &str) -> Vec<String> {
    let cells = row.split("</td>").flat_map(|part| part.split("</th>")).map(text);
    cells.filter(|cell| !cell.is_empty()).collect()
}

#[test]
fn the_placement_section_has_every_policy_and_segment_and_its_shares_add_to_100_percent() {
    let page = html(&sample(false));
    let placement = section(&page, "placement");
    let words = text(placement);
    for part in ["ridge", "what was done", "by gender", "by income", "a chance of at least 30.0 %", "pays at completed"]
    {
        assert!(words.contains(part), "{part} is not in {words}");
    }
    let rows: Vec<Vec<String>> = placement.split("<tr>").skip(1).map(cells).filter(|row| row.len() > 7).collect();
    let rows: Vec<&Vec<String>> = rows.iter().filter(|row| row[0] != "segment").collect();
    assert_eq!(rows.len(), 8, "all decisions and three segments, for two policies");
    for row in &rows {
        let total: f64 = row[2..6].iter().map(|share| share.parse::<f64>().unwrap()).sum();
        assert!((total - 100.0).abs() < 1e-9, "{row:?}");
    }
    assert_eq!(rows[0][..], ["all decisions", "5,201", "12.5", "50.0", "25.0", "12.5", "5.00", "41.2 %"]);
    assert_eq!(rows[3][5..8], ["100.0", "–", "–"], "nothing is offered, so there is no amount and no chance");
    assert_eq!(rows[4][7], "–", "what was done has no model");
}

#[test]
fn columns_that_no_policy_fills_are_left_out_and_so_is_the_section_where_no_reward_pays() {
    let mut report = sample(false);
    for row in report.placement.as_mut().unwrap().policies.iter_mut().flat_map(|policy| &mut policy.rows) {
        (row.never_pays, row.chance) = (0.0, None);
    }
    let words = text(section(&html(&report), "placement"));
    assert!(!words.contains("never pays") && !words.contains("chance to reach it") && words.contains("no offer"));
    report.placement = None;
    assert!(!html(&report).contains("id=\"placement\""));
}
