//! Requests and decisions as lines of JSON.

mod common;
use common::*;
use guerdon_core::{Error, Value};
use guerdon_policy::{Exploration, OwnedValue, Policy};

const LINE: &str = r#"{"decision_id":"d-1","member_id":"m-1","at":"2026-03-01T12:00:00Z",
    "context":{"region":"south","age":35,"offers_7d":1.0,"consent":"yes"}}"#;

fn policy() -> Policy {
    common::policy(linear(3), 3, Exploration::Softmax { temperature: 0.3, floor: 0.0 })
}

#[test]
fn a_request_is_read_into_the_order_of_the_policy() {
    let policy = policy();
    let owned = policy.parse_request(LINE, "line 1").unwrap();
    let values = owned.values();
    assert_eq!(owned.request(&values), request("d-1", &CONTEXT));
}

#[test]
fn null_is_missing_and_flags_are_numbers_or_names() {
    let line = LINE.replace(r#""south""#, "true").replace("35", "null").replace("1.0", "true").replace(r#""yes""#, "3");
    let owned = policy().parse_request(&line, "line 1").unwrap();
    let expected = [Value::Missing, Value::Number(1.0), Value::Category("3"), Value::Category("true")];
    assert_eq!(owned.values(), expected);
    assert_eq!(owned.context[0], OwnedValue::Missing);
}

#[test]
fn eligible_actions_are_named_and_come_as_sorted_places() {
    let line = LINE.replace(r#""context""#, r#""eligible":["offer2","none","offer2"],"context""#);
    assert_eq!(policy().parse_request(&line, "line 1").unwrap().eligible, Some(vec![0, 2]));
}

#[test]
fn every_bad_request_says_which_line_and_what_would_do() {
    let policy = policy();
    for (from, to, code, words) in [
        (r#""at""#, r#""et""#, 22, ["field", "\"et\""]),
        (r#""age""#, r#""agee""#, 22, ["feature", "\"agee\""]),
        (r#""context""#, r#""eligible":["offer9"],"context""#, 22, ["action", "offer3"]),
        (r#""member_id":"m-1","#, "", 23, ["field", "\"member_id\""]),
        (r#""age":35,"#, "", 23, ["feature", "\"age\""]),
        (r#""d-1""#, "17", 24, ["decision_id", "17"]),
        ("2026-03-01T12:00:00Z", "yesterday", 24, ["at", "yesterday"]),
        ("35", r#""35""#, 24, ["\"age\"", "number"]),
        ("35", "[35]", 24, ["\"age\"", "[35]"]),
        ("35", "1e999", 24, ["request", "number"]),
        (r#""south""#, r#"{"a":1}"#, 24, ["\"region\"", "object"]),
        (r#""age":35"#, r#""age":35,"age":36"#, 24, ["\"age\"", "twice"]),
        (r#""context""#, r#""eligible":"none","context""#, 24, ["eligible", "array"]),
        (r#""context""#, r#""eligible":[1],"context""#, 24, ["eligible", "array"]),
        (r#"{"region""#, r#"["region""#, 24, ["request", "line 3"]),
    ] {
        assert!(LINE.contains(from), "{from}");
        let error = policy.parse_request(&LINE.replace(from, to), "line 3").unwrap_err();
        let text = error.to_string();
        assert_eq!(error.exit_code(), code, "{text}");
        assert!(text.starts_with("line 3: ") && words.iter().all(|word| text.contains(word)), "{text}");
    }
    for line in ["", "null", "[]", "{", "\u{0}", r#"{"decision_id":"d"} {}"#] {
        let error = policy.parse_request(line, "line 3").unwrap_err();
        assert!(matches!(error, Error::RequestMalformed { .. } | Error::RequestMissing { .. }), "{line}: {error}");
    }
}

#[test]
fn a_decision_is_written_with_its_exact_propensity() {
    let policy = policy();
    let mut scratch = policy.scratch();
    for i in 0..200 {
        let id = format!("d-{i}");
        let request = request(&id, &CONTEXT);
        let decision = policy.decide(&request, &mut scratch);
        let text = serde_json::to_string(&policy.decide_record(&request, &mut scratch, true)).unwrap();
        let propensity = text.split("\"propensity\":").nth(1).unwrap().split(',').next().unwrap();
        assert_eq!(propensity.parse::<f64>().unwrap().to_bits(), decision.propensity.get().to_bits());
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["decision_id"], id);
        assert_eq!(json["action"], policy.action_name(decision.action));
        assert_eq!(json["policy_version"], policy.version());
        assert_eq!(json["reasons"], serde_json::json!([]));
        assert_eq!(json["probs"].as_object().unwrap().len(), 4);
    }
    let short = serde_json::to_string(&policy.decide_record(&request("d", &CONTEXT), &mut scratch, false)).unwrap();
    assert!(!short.contains("probs"), "{short}");
}

#[test]
fn an_inspection_shows_what_is_inside() {
    let json = serde_json::to_value(policy().inspect()).unwrap();
    assert_eq!(json["model"]["widths"], serde_json::json!([13, 20]));
    assert_eq!(json["model"]["parameters"], 13 * 20 + 20);
    assert_eq!(json["features"][0]["encoding"], "number");
    assert_eq!(json["features"][3]["levels"], serde_json::json!(["north", "south", "west"]));
    assert_eq!(json["training"]["learner"], "ridge");
}
