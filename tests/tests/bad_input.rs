//! Every kind of bad input has a message of its own that says what was given and what would do, and an exit code of its own.

use guerdon_tests::command::{failure, guerdon, guerdon_with, json};
use guerdon_tests::words;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// A small programme in CSV files that is right in every way; each test breaks one thing.
struct Programme {
    folder: TempDir,
    members: String,
    rewards: String,
    decisions: String,
    events: String,
}

impl Programme {
    fn new() -> Self {
        let (mut members, mut decisions, mut events) = (
            String::from("member_id,joined_at,age\n"),
            String::from("decision_id,member_id,decided_at,action,propensity\n"),
            String::from("member_id,at,event,action,value\n"),
        );
        for m in 0..120 {
            members += &format!("m{m:03},2025-01-01T00:00:00Z,{}\n", 20 + m % 50);
            let action = ["none", "points_100"][m % 2];
            decisions += &format!("d{m:03},m{m:03},2026-01-05T10:00:00Z,{action},0.5\n");
            if m % 3 == 0 {
                events += &format!("m{m:03},2026-01-06T10:00:00Z,purchase,,{}.50\n", 5 + m % 7);
            }
        }
        // Something late, so that the decisions are mature.
        events += "m000,2026-03-01T00:00:00Z,purchase,,1.00\n";
        Programme {
            folder: tempfile::tempdir().unwrap(),
            members,
            rewards: "action,kind,amount,pays_at\nnone,none,0,\npoints_100,discount,1.00,purchased\n".into(),
            decisions,
            events,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self) {
        let environment = self.path("environment");
        fs::create_dir_all(&environment).unwrap();
        fs::create_dir_all(self.path("raw")).unwrap();
        fs::write(environment.join("environment.toml"), ENVIRONMENT).unwrap();
        fs::write(environment.join("views.sql"), VIEWS).unwrap();
        for (name, text) in [
            ("members.csv", &self.members),
            ("rewards.csv", &self.rewards),
            ("decisions.csv", &self.decisions),
            ("events.csv", &self.events),
        ] {
            fs::write(self.path("raw").join(name), text).unwrap();
        }
    }

    fn ingest(&self) -> std::process::Output {
        guerdon(words![
            "ingest",
            "--environment",
            self.path("environment"),
            "--data",
            self.path("raw"),
            "--out",
            self.path("log.parquet"),
            "--json"
        ])
    }

    /// Ingests, and checks that it failed with `code`, said all of `words`, and left no log behind.
    fn refused(&self, code: i32, words: &[&str]) {
        self.write();
        let (found, message) = failure(&self.ingest());
        assert_eq!(found, code, "{message}");
        for word in words {
            assert!(message.contains(word), "{word:?} is not in: {message}");
        }
        assert!(!self.path("log.parquet").exists(), "a log was left behind");
    }

    /// A trained policy and its log.
    fn policy(&self) -> PathBuf {
        self.write();
        json(&self.ingest());
        let policy = self.path("policy.safetensors");
        json(&guerdon(words![
            "train",
            "--environment",
            self.path("environment"),
            "--log",
            self.path("log.parquet"),
            "--learner",
            "ridge",
            "--out",
            &policy,
            "--json"
        ]));
        policy
    }
}

const ENVIRONMENT: &str = r#"
name = "small"
[sources]
raw_members = { path = "members.csv" }
raw_rewards = { path = "rewards.csv" }
raw_decisions = { path = "decisions.csv" }
raw_events = { path = "events.csv" }
[log]
attribution = { mode = "window", hours = 168 }
[funnel]
stages = [{ name = "sent", match = "decision" }, { name = "purchased", event = "purchase", match = "member" }]
[economics]
margin = 0.5
revenue_event = "purchase"
[design]
propensity = "logged"
[features]
age = { from = "member", type = "number" }
tenure = { from = "tenure" }
"#;

const VIEWS: &str = r#"
CREATE VIEW members AS SELECT member_id, joined_at, age FROM raw_members;
CREATE VIEW rewards AS SELECT action, kind, amount, pays_at FROM raw_rewards ORDER BY action;
CREATE VIEW decisions AS SELECT decision_id, member_id, decided_at, action, propensity FROM raw_decisions;
CREATE VIEW events AS SELECT member_id, at, event, action, value FROM raw_events;
"#;

const REQUEST: &str =
    r#"{"decision_id":"d1","member_id":"m1","at":"2026-02-01T10:00:00Z","context":{"age":30,"tenure":12.5}}"#;

#[test]
fn the_programme_itself_is_fine() {
    let programme = Programme::new();
    programme.write();
    let summary = json(&programme.ingest());
    assert_eq!(summary["decisions"], 120);
}

#[test]
fn a_missing_file_is_named() {
    let programme = Programme::new();
    programme.write();
    fs::remove_file(programme.path("raw/events.csv")).unwrap();
    let (code, message) = failure(&programme.ingest());
    assert_eq!(code, 10, "{message}");
    assert!(message.contains("events.csv"), "{message}");
}

#[test]
fn a_wrong_column_type_names_table_column_and_both_types() {
    let mut programme = Programme::new();
    programme.decisions = programme.decisions.replace("2026-01-05T10:00:00Z", "20260105");
    programme.refused(13, &["decisions", "decided_at", "Int64", "imestamp"]);
}

#[test]
fn a_propensity_of_zero_or_above_one_names_the_decision_and_the_number() {
    for bad in ["0", "1.2"] {
        let mut programme = Programme::new();
        programme.decisions = programme.decisions.replacen(
            "d007,m007,2026-01-05T10:00:00Z,points_100,0.5",
            &format!("d007,m007,2026-01-05T10:00:00Z,points_100,{bad}"),
            1,
        );
        programme.refused(14, &["d007", bad, "(0, 1]"]);
    }
}

#[test]
fn an_amount_that_is_not_a_number_is_refused() {
    let mut programme = Programme::new();
    programme.events = programme.events.replacen("purchase,,5.50", "purchase,,NaN", 1);
    programme.refused(15, &["m000", "NaN"]);
}

#[test]
fn an_action_outside_the_catalogue_is_named_beside_those_inside() {
    let mut programme = Programme::new();
    programme.decisions = programme.decisions.replacen("points_100", "points_900", 1);
    programme.refused(16, &["points_900", "points_100", "none"]);
}

#[test]
fn an_event_before_its_member_joined_gives_both_times() {
    let mut programme = Programme::new();
    programme.events += "m005,2024-12-31T00:00:00Z,purchase,,2.00\n";
    programme.refused(17, &["m005", "2024-12-31", "2025-01-01"]);
}

#[test]
fn an_empty_log_says_what_is_missing() {
    let mut programme = Programme::new();
    programme.decisions = "decision_id,member_id,decided_at,action,propensity\n".into();
    programme.refused(18, &["decision"]);
}

#[test]
fn a_truncated_parquet_log_is_named() {
    let programme = Programme::new();
    programme.write();
    json(&programme.ingest());
    let log = programme.path("log.parquet");
    let bytes = fs::read(&log).unwrap();
    fs::write(&log, &bytes[..bytes.len() / 2]).unwrap();
    let (code, message) = failure(&guerdon(words!["audit", "--log", &log]));
    assert_eq!(code, 11, "{message}");
    assert!(message.contains("log.parquet") && message.contains("Parquet"), "{message}");
}

#[test]
fn a_bundle_cut_short_or_with_a_flipped_byte_is_refused() {
    let programme = Programme::new();
    let policy = programme.policy();
    let whole = fs::read(&policy).unwrap();
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    for bytes in [&whole[..whole.len() - 7], &flipped[..]] {
        fs::write(&policy, bytes).unwrap();
        let (code, message) = failure(&guerdon(words!["inspect", &policy]));
        assert_eq!(code, 20, "{message}");
        assert!(message.contains("policy.safetensors"), "{message}");
    }
}

#[test]
fn requests_are_answered_until_a_bad_one_is_named_by_its_line() {
    let programme = Programme::new();
    let policy = programme.policy();
    let bad = [
        (
            22,
            r#"{"decision_id":"d1","member_id":"m1","at":"2026-02-01T10:00:00Z","context":{"age":30,"tenure":1},"colour":"red"}"#,
            "colour",
        ),
        (
            22,
            r#"{"decision_id":"d1","member_id":"m1","at":"2026-02-01T10:00:00Z","context":{"age":30,"tenure":1,"height":2}}"#,
            "height",
        ),
        (23, r#"{"decision_id":"d1","member_id":"m1","at":"2026-02-01T10:00:00Z","context":{"age":30}}"#, "tenure"),
        (23, r#"{"member_id":"m1","at":"2026-02-01T10:00:00Z","context":{"age":30,"tenure":1}}"#, "decision_id"),
        (
            24,
            r#"{"decision_id":"d1","member_id":"m1","at":"2026-02-01T10:00:00Z","context":{"age":"old","tenure":1}}"#,
            "age",
        ),
        (24, r#"not JSON"#, "line 2"),
    ];
    for (code, line, word) in bad {
        let output = guerdon_with(words!["decide", "--policy", &policy], &format!("{REQUEST}\n{line}\n"));
        let (found, message) = failure(&output);
        assert_eq!(found, code, "{message}");
        assert!(message.contains(word) && message.contains("line 2"), "{word:?}: {message}");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).lines().count(),
            1,
            "the good request before it is answered"
        );
    }
}

#[test]
fn a_wrong_key_in_an_override_lists_what_there_is() {
    let programme = Programme::new();
    programme.write();
    let output = guerdon(words![
        "ingest",
        "--environment",
        programme.path("environment"),
        "--data",
        programme.path("raw"),
        "--out",
        programme.path("log.parquet"),
        "--set",
        "economics.margn=0.4"
    ]);
    let (code, message) = failure(&output);
    assert_eq!(code, 12, "{message}");
    assert!(message.contains("margn") && message.contains("margin"), "{message}");
}

#[test]
fn every_exit_code_that_the_tests_see_is_in_the_help() {
    let help = String::from_utf8(guerdon(["--help"]).stdout).unwrap();
    for code in [3, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 22, 23, 24] {
        assert!(help.lines().any(|l| l.trim_start().starts_with(&format!("{code} "))), "{code} is not in --help");
    }
}

#[test]
fn a_policy_of_another_programme_does_not_fit_a_log() {
    let Some(folder) = guerdon_tests::command::data("hillstrom") else { return };
    let programme = Programme::new();
    let policy = programme.policy();
    let log = programme.path("hillstrom.parquet");
    json(&guerdon(words![
        "ingest",
        "--environment",
        "environments/hillstrom",
        "--data",
        folder,
        "--out",
        &log,
        "--json"
    ]));
    let (code, message) = failure(&guerdon(words!["evaluate", "--policy", &policy, "--log", &log]));
    assert_eq!(code, 25, "{message}");
    assert!(message.contains("features"), "{message}");
}
