//! The headline never says more than the intervals carry.

mod support;

use guerdon_core::{Finding, PropensitySource, Severity};
use guerdon_ope::{Difference, Estimator, Verdict};
use guerdon_report::*;
use support::{refused, sample};

fn whole(report: &RunReport) -> String {
    headline(report).join(" ")
}

fn set_difference(report: &mut RunReport, second: &str, value: f64, half: f64) {
    let found = report.differences.iter_mut().find(|d| d.first == "ridge" && d.second == second).unwrap();
    found.difference = Difference { value, lower: Some(value - half), upper: Some(value + half) };
}

#[test]
fn the_best_learner_is_stated_with_its_interval_and_against_each_reference() {
    let report = sample(false);
    let first = &headline(&report)[0];
    assert!(first.starts_with("ridge is worth $9.87 [9.53, 10.21] of net value per decision"), "{first}");
    let text = whole(&report);
    assert!(text.contains("That is $3.80 [3.39, 4.21] more than what was done and $5.95 [5.54, 6.36] more than no"));
    assert!(text.contains("it can't be told apart from always bogo_5_7d (difference $0.17 [−0.24, 0.58])"), "{text}");
}

#[test]
fn a_difference_whose_interval_contains_zero_is_never_called_more_or_less() {
    let mut report = sample(false);
    for second in ["logging", "none", "bogo_5_7d"] {
        set_difference(&mut report, second, 5.0, 5.0001);
    }
    let text = whole(&report);
    assert!(!text.contains("more than what") && !text.contains("more than no offers"), "{text}");
    assert!(text.contains("It can't be told apart from what was done"), "{text}");
}

#[test]
fn a_loss_is_called_less_with_the_size_of_the_loss() {
    let mut report = sample(false);
    set_difference(&mut report, "logging", -1.2, 0.4);
    assert!(whole(&report).contains("$1.20 [0.80, 1.60] less than what was done"), "{}", whole(&report));
}

#[test]
fn a_difference_without_an_interval_tells_nothing_apart() {
    let mut report = sample(false);
    let found = report.differences.iter_mut().find(|d| d.first == "ridge" && d.second == "logging").unwrap();
    found.difference = Difference { value: 3.8, lower: None, upper: None };
    assert!(!whole(&report).contains("more than what was done"));
}

#[test]
fn a_weak_estimate_is_said_to_be_weak_with_its_first_reason() {
    let mut report = sample(false);
    assert!(!whole(&report).contains("weakly"));
    for estimate in report.policies.iter_mut().flat_map(|policy| &mut policy.estimates) {
        estimate.verdict = Verdict::Weak;
        estimate.reasons = vec!["one decision carries 7 % of all weight".into()];
    }
    assert!(whole(&report).contains("The log carries this estimate weakly: one decision carries 7 % of all weight."));
}

#[test]
fn a_comparison_that_was_not_made_is_said_to_be_missing() {
    let mut report = sample(false);
    report.differences.clear();
    assert!(whole(&report).contains("not compared with what was done, no offers and always bogo_5_7d"));
}

#[test]
fn references_that_refuse_are_said_to_have_no_value() {
    let mut report = sample(false);
    for policy in &mut report.policies {
        if policy.role == PolicyRole::Constant {
            policy.estimates = Estimator::DEFAULT.map(refused).into();
        }
    }
    assert!(whole(&report).contains("always offering one and the same action can't be valued on this log"));
}

#[test]
fn when_no_learner_can_be_valued_none_is_recommended_and_each_reason_is_given() {
    let mut report = sample(false);
    report.policies[0].estimates = Estimator::DEFAULT.map(refused).into();
    report.policies[1].estimates = Estimator::DEFAULT.map(refused).into();
    let sentences = headline(&report);
    assert_eq!(sentences[0], "No learned policy can be valued on this log, so none is recommended.");
    assert!(sentences[1].starts_with("ridge is not evaluable, because the 14153 decisions"));
    assert!(sentences[2].starts_with("neural is not evaluable, because"));
    assert!(!whole(&report).contains('$'));
}

#[test]
fn picking_the_highest_of_several_is_owned_up_to_and_of_one_is_not() {
    assert!(whole(&sample(false)).contains("flatters it"));
    assert!(!whole(&sample(true)).contains("flatters it"));
}

#[test]
fn audit_errors_and_estimated_propensities_are_in_the_headline() {
    let mut report = sample(false);
    report.findings.push(Finding::new("sample_ratio", Severity::Error, "…"));
    report.data.propensity_source = Some(PropensitySource::Estimated);
    let text = whole(&report);
    assert!(text.contains("The audit found 1 error in this log"));
    assert!(text.contains("propensities were estimated"));
}

#[test]
fn roi_is_stated_with_its_interval_and_only_claims_a_profit_when_all_of_it_is_above_zero() {
    let mut report = sample(false);
    assert!(whole(&report).contains("its ROI over no offers is 3.97 [3.49, 4.44]: it brings in more than it costs"));
    report.roi.as_mut().unwrap().policies[0].roi = Some(IntervalValue::new(0.2, -0.1, 0.5));
    assert!(whole(&report).contains("whether it brings in more than it costs can't be told"));
    report.roi.as_mut().unwrap().policies[0].refused = Some(vec!["the simulator misses the log".into()]);
    assert!(whole(&report).contains("Its ROI is not evaluable, because the simulator misses the log."));
}

#[test]
fn values_in_clicks_keep_three_significant_digits() {
    let mut report = sample(false);
    report.environment.currency = "click".into();
    report.environment.minor_units = 0;
    for policy in &mut report.policies {
        for estimate in &mut policy.estimates {
            let scale = |v: f64| v / 3_000.0;
            (estimate.value, estimate.lower, estimate.upper) =
                (estimate.value.map(scale), estimate.lower.map(scale), estimate.upper.map(scale));
        }
    }
    assert!(
        headline(&report)[0].contains("ridge is worth 0.00329 [0.00318, 0.00340] click"),
        "{}",
        headline(&report)[0]
    );
}
