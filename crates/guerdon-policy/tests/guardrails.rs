//! Guardrails only remove actions, each leaves its reason, and what can't be known removes every offer.

mod common;
use common::*;
use guerdon_core::{Guardrails, Timestamp, Value};
use guerdon_policy::{Dense, Exploration, OutcomeModel, Policy, Request, heads};

fn guarded(guardrails: Guardrails) -> Policy {
    let mut parts = parts(fixed(3), 3, Exploration::EpsilonGreedy { epsilon: 1.0 });
    parts.guardrails = guardrails;
    Policy::new(parts).unwrap()
}

fn codes(policy: &Policy, request: &Request) -> Vec<&'static str> {
    let mut scratch = policy.scratch();
    let decision = policy.decide(request, &mut scratch);
    let removed = ["kill_switch", "holdout", "no_consent", "consent_unknown", "quiet_hours", "frequency_cap"];
    if decision.reasons.iter().any(|code| removed.contains(&code) || code == "cap_unknown") {
        assert_eq!((policy.action_name(decision.action), decision.propensity.get()), ("none", 1.0));
        assert_eq!(policy.probabilities(request, &mut scratch), [1.0, 0.0, 0.0, 0.0]);
    }
    decision.reasons.iter().collect()
}

#[test]
fn a_member_with_consent_at_noon_gets_any_offer() {
    let policy = guarded(Guardrails { holdout: 0.0, ..guardrails() });
    let mut scratch = policy.scratch();
    assert_eq!(policy.probabilities(&request("d", &CONTEXT), &mut scratch), [0.25; 4]);
    assert!(codes(&policy, &request("d", &CONTEXT)).is_empty());
}

#[test]
fn the_kill_switch_leaves_none() {
    let policy = guarded(Guardrails { kill_switch: true, ..Guardrails::default() });
    assert_eq!(codes(&policy, &request("d", &CONTEXT)), ["kill_switch"]);
}

#[test]
fn consent_must_be_known_and_given() {
    let policy = guarded(Guardrails { consent: Some("consent".into()), ..Guardrails::default() });
    for (value, expected) in [
        (Value::Category("yes"), None),
        (Value::Category("true"), None),
        (Value::Number(1.0), None),
        (Value::Category("no"), Some("no_consent")),
        (Value::Category("perhaps"), Some("no_consent")),
        (Value::Number(0.0), Some("no_consent")),
        (Value::Number(f64::NAN), Some("consent_unknown")),
        (Value::Missing, Some("consent_unknown")),
    ] {
        let context = [CONTEXT[0], CONTEXT[1], value, CONTEXT[3]];
        assert_eq!(codes(&policy, &request("d", &context)), Vec::from_iter(expected), "{value:?}");
    }
}

#[test]
fn a_cap_holds_from_its_number_on_and_an_unknown_count_counts_as_reached() {
    let policy = guarded(Guardrails { frequency_caps: guardrails().frequency_caps, ..Guardrails::default() });
    for (value, expected) in [
        (Value::Number(2.0), None),
        (Value::Number(3.0), Some("frequency_cap")),
        (Value::Number(f64::INFINITY), Some("frequency_cap")),
        (Value::Number(f64::NAN), Some("cap_unknown")),
        (Value::Missing, Some("cap_unknown")),
        (Value::Category("2"), Some("cap_unknown")),
    ] {
        let context = [CONTEXT[0], value, CONTEXT[2], CONTEXT[3]];
        assert_eq!(codes(&policy, &request("d", &context)), Vec::from_iter(expected), "{value:?}");
    }
}

#[test]
fn quiet_hours_go_by_the_time_of_the_request() {
    let policy = guarded(Guardrails { quiet_hours: guardrails().quiet_hours, ..Guardrails::default() });
    for (at, expected) in [("21:59:59", None), ("22:00:00", Some("quiet_hours")), ("06:59:59", Some("quiet_hours"))] {
        let at = Timestamp::parse(&format!("2026-03-01T{at}Z")).unwrap();
        assert_eq!(codes(&policy, &Request { at, ..request("d", &CONTEXT) }), Vec::from_iter(expected));
    }
}

#[test]
fn the_holdout_is_the_stated_share_of_members_and_always_the_same_ones() {
    let policy = guarded(Guardrails { holdout: 0.1, ..Guardrails::default() });
    let held = |policy: &Policy, i: usize, d: &str| {
        let member_id = format!("m-{i}");
        !codes(policy, &Request { member_id: &member_id, ..request(d, &CONTEXT) }).is_empty()
    };
    let count = (0..10_000).filter(|i| held(&policy, *i, "d-1")).count();
    assert!((900..1_100).contains(&count), "{count}");
    let again = Policy::from_bytes(&policy.to_bytes(), "p").unwrap();
    assert!((0..100).all(|i| held(&policy, i, "d-1") == held(&again, i, "d-2")));
}

#[test]
fn only_what_is_eligible_can_be_taken() {
    let policy = guarded(Guardrails::default());
    let mut scratch = policy.scratch();
    for (eligible, expected, reasons) in [
        (&[0u16, 1, 2, 3][..], [0.25; 4], vec![]),
        (&[3, 1], [0.0, 0.5, 0.0, 0.5], vec!["not_eligible"]),
        (&[2, 2, 2, 2, 999], [0.0, 0.0, 1.0, 0.0], vec!["not_eligible"]),
        (&[], [0.0; 4], vec!["not_eligible", "no_action_left"]),
    ] {
        let request = Request { eligible: Some(eligible), ..request("d", &CONTEXT) };
        assert_eq!(policy.probabilities(&request, &mut scratch), expected);
        assert_eq!(codes(&policy, &request), reasons, "{eligible:?}");
    }
}

#[test]
fn where_nothing_is_left_the_answer_is_none_for_certain() {
    let policy = guarded(Guardrails { kill_switch: true, ..Guardrails::default() });
    let request = Request { eligible: Some(&[1, 2]), ..request("d", &CONTEXT) };
    let decision = policy.decide(&request, &mut policy.scratch());
    assert_eq!((decision.action, decision.propensity.get()), (None, 1.0));
    assert_eq!(policy.action_name(decision.action), "none");
    assert_eq!(decision.reasons.iter().collect::<Vec<_>>(), ["kill_switch", "not_eligible", "no_action_left"]);
    let record = policy.decide_record(&request, &mut policy.scratch(), true);
    let json = serde_json::to_value(&record).unwrap();
    assert_eq!(json["probs"], serde_json::json!({"offer1": 0.0, "offer2": 0.0, "offer3": 0.0, "none": 1.0}));
}

#[test]
fn a_context_of_the_wrong_length_removes_every_offer() {
    let policy = guarded(Guardrails::default());
    assert_eq!(codes(&policy, &request("d", &CONTEXT[..3])), ["context_mismatch"]);
    let long = [CONTEXT[0]; 5];
    let decision = policy.decide(&request("d", &long), &mut policy.scratch());
    assert_eq!(decision.action, Some(0));
}

#[test]
fn a_score_that_overflows_removes_every_offer() {
    let (inputs, outputs) = (encoder().width(), heads(STAGES.len()) * 3);
    let layer = Dense { inputs, outputs, weights: vec![f32::MAX; inputs * outputs], bias: vec![f32::MAX; outputs] };
    let policy = policy(OutcomeModel::Linear(layer), 2, Exploration::Softmax { temperature: 1.0, floor: 0.0 });
    let decision = policy.decide(&request("d", &CONTEXT), &mut policy.scratch());
    assert_eq!((decision.action, decision.propensity.get()), (Some(0), 1.0));
    assert_eq!(decision.reasons.iter().collect::<Vec<_>>(), ["score_not_finite"]);
}
