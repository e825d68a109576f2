//! The audit finds what was planted, stays quiet where nothing was, and judges the real logs sensibly.

mod common;

use common::{Programme, ingest_real};
use guerdon_core::{NoProgress, Seed, Severity};
use guerdon_data::{AuditReport, audit};
use std::fmt::Write;

/// The environment of the synthetic logs: three actions, four member features, one history feature.
const TOML: &str = r#"
name = "planted"
[sources]
raw_members = { path = "members.csv" }
raw_rewards = { path = "rewards.csv" }
raw_decisions = { path = "decisions.csv" }
raw_events = { path = "events.csv" }
[log]
attribution = { mode = "window", hours = 10 }
[funnel]
stages = [
    { name = "sent", match = "decision" },
    { name = "bought", event = "buy", match = "member" },
]
[economics]
margin = 0.5
revenue_event = "buy"
[design]
propensity = "logged"
[features]
age = { from = "member", type = "number" }
city = { from = "member", type = "category" }
hidden = { from = "member", type = "number" }
suspect = { from = "decision", type = "number" }
spend = { from = "sum", event = "buy" }
"#;

const VIEWS: &str = "
CREATE VIEW members AS SELECT CAST(member_id AS VARCHAR) AS member_id, CAST(NULL AS TIMESTAMP) AS joined_at,
    CAST(age AS DOUBLE) AS age, city, CAST(hidden AS DOUBLE) AS hidden FROM raw_members;
CREATE VIEW rewards AS SELECT action, kind, CAST(amount AS DOUBLE) AS amount, pays_at FROM raw_rewards;
CREATE VIEW decisions AS SELECT CAST(decision_id AS VARCHAR) AS decision_id, CAST(member_id AS VARCHAR) AS member_id,
    to_timestamp_seconds(hour * 3600) AS decided_at, action, CAST(propensity AS DOUBLE) AS propensity,
    CAST(suspect AS DOUBLE) AS suspect FROM raw_decisions;
CREATE VIEW events AS SELECT CAST(member_id AS VARCHAR) AS member_id, to_timestamp_seconds(hour * 3600) AS at, event,
    CAST(value AS DOUBLE) AS value FROM raw_events;
";

/// What is wrong with a log.
#[derive(Clone, Copy, PartialEq)]
enum Planted {
    Nothing,
    /// The draw uses (0.30, 0.37, 0.33) where the log says thirds.
    SampleRatio,
    /// The draw prefers an action for members with a high `hidden`; the log says thirds.
    Imbalance,
    /// `suspect` is the revenue that followed.
    FutureRevenue,
    /// `suspect` is missing unless the member bought.
    FutureMissing,
    /// An action is drawn once per member, not per decision.
    PerMember,
}

/// Actions and the shares with which each is drawn and logged: by context where `varying`.
fn shares(varying: bool, age: f64) -> [f64; 3] {
    if !varying {
        return [1.0 / 3.0; 3];
    }
    let tilt = (age - 40.0) / 50.0;
    let weights = [(1.2 * tilt).exp(), 1.0, (-0.8 * tilt).exp()];
    let sum: f64 = weights.iter().sum();
    weights.map(|weight| weight / sum)
}

fn draw(shares: [f64; 3], uniform: f64) -> usize {
    if uniform < shares[0] {
        0
    } else if uniform < shares[0] + shares[1] {
        1
    } else {
        2
    }
}

/// A log of 3,000 members with two decisions each.
fn planted(seed: u64, varying: bool, plant: Planted) -> AuditReport {
    let seed = Seed(seed).named("planted");
    let mut members = String::from("member_id,age,city,hidden\n");
    let mut decisions = String::from("decision_id,member_id,hour,action,propensity,suspect\n");
    let mut events = String::from("member_id,hour,event,value\n");
    for member in 0..3_000u64 {
        let own = seed.indexed(member);
        let age = 20.0 + (own.uniform("age") * 50.0).floor();
        let hidden = own.uniform("hidden");
        let city = if own.uniform("known") < 0.1 {
            ""
        } else {
            ["north", "south", "west"][(own.uniform("city") * 3.0) as usize]
        };
        writeln!(members, "m{member:05},{age},{city},{hidden}").unwrap();
        for step in 0..2u64 {
            let now = own.named("decision").indexed(step);
            let logged = shares(varying, age);
            let real = match plant {
                Planted::SampleRatio => [0.30, 0.37, 0.33],
                Planted::Imbalance if hidden > 0.5 => [0.2, 0.4, 0.4],
                Planted::Imbalance => [1.4 / 3.0, 0.8 / 3.0, 0.8 / 3.0],
                _ => logged,
            };
            let uniform = if plant == Planted::PerMember { own.uniform("once") } else { now.uniform("action") };
            let action = draw(real, uniform);
            let bought = now.uniform("buy") < 0.2 + 0.1 * action as f64;
            let value = if bought { 1.0 + (1900.0 * now.uniform("value")).round() / 100.0 } else { 0.0 };
            let suspect = match plant {
                Planted::FutureRevenue => format!("{}", value * 1.07 + now.uniform("noise")),
                Planted::FutureMissing if !bought => String::new(),
                _ => format!("{}", now.uniform("suspect")),
            };
            let (hour, name) = (20 * step, ["none", "half", "star"][action]);
            writeln!(decisions, "d{member}-{step},m{member:05},{hour},{name},{},{suspect}", logged[action]).unwrap();
            if bought {
                writeln!(events, "m{member:05},{},buy,{value}", hour + 3).unwrap();
            }
        }
    }
    events.push_str("m00000,100,buy,1\n");
    let mut programme = Programme::small();
    programme.file("environment.toml", TOML).file("views.sql", VIEWS).file("members.csv", members);
    programme.file(
        "rewards.csv",
        "action,kind,amount,pays_at\nnone,none,0,\nhalf,discount,2.5,bought\nstar,gift,4,bought\n",
    );
    programme.file("decisions.csv", decisions).file("events.csv", events);
    let (_, log) = programme.ingest().unwrap();
    audit(log.path(), &NoProgress).unwrap()
}

/// The gravest severity among the findings of a check.
fn severity(report: &AuditReport, code: &str) -> Severity {
    report.of(code).map(|finding| finding.severity).max().unwrap_or_else(|| panic!("no check is called {code}"))
}

/// Findings that worry, as text.
fn worries(report: &AuditReport) -> Vec<String> {
    let grave = report.findings.iter().filter(|finding| finding.severity >= Severity::Warning);
    grave.map(|finding| format!("{} {}: {}", finding.severity.name(), finding.code, finding.sentence)).collect()
}

fn print(title: &str, report: &AuditReport) {
    println!("== {title}: {} decisions, {} members", report.decisions, report.members);
    for [severity, code, sentence] in report.rows() {
        println!("{severity:8} {code:20} {sentence}");
    }
}

#[test]
fn twenty_clean_logs_raise_no_alarm() {
    for seed in 0..20 {
        let report = planted(seed, seed % 2 == 0, Planted::Nothing);
        assert!(worries(&report).is_empty(), "seed {seed}: {:#?}", worries(&report));
        for code in ["sample_ratio", "balance", "leakage", "repeats", "order", "summary", "duplicates", "impossible"] {
            assert_eq!(severity(&report, code), Severity::Ok, "seed {seed}: {code}");
        }
        assert_eq!((report.decisions, report.members), (6_000, 3_000));
    }
}

#[test]
fn a_sample_ratio_mismatch_is_an_error_that_names_the_action_and_is_no_imbalance() {
    let report = planted(1, false, Planted::SampleRatio);
    assert_eq!(severity(&report, "sample_ratio"), Severity::Error, "{:#?}", worries(&report));
    assert!(worries(&report).iter().any(|text| text.contains("half should be 33.3 %")), "{:#?}", worries(&report));
    assert_eq!(severity(&report, "balance"), Severity::Ok);
}

#[test]
fn propensities_that_vary_and_are_wrong_are_an_error_too() {
    // The log says that shares depend on age; the draw took fixed ones.
    let report = planted(2, true, Planted::SampleRatio);
    assert_eq!(severity(&report, "balance"), Severity::Error, "{:#?}", worries(&report));
    assert!(worries(&report).iter().any(|text| text.contains("depends on age")), "{:#?}", worries(&report));
}

#[test]
fn a_draw_that_looks_at_a_feature_in_secret_is_an_imbalance_of_that_feature_alone() {
    let report = planted(3, false, Planted::Imbalance);
    assert_eq!(severity(&report, "balance"), Severity::Error);
    let found: Vec<_> = report.of("balance").collect();
    assert_eq!(found.len(), 1, "{:#?}", worries(&report));
    assert!(found[0].sentence.contains("depends on hidden"), "{}", found[0].sentence);
    let hidden = report.features.iter().find(|feature| feature.feature == "hidden").unwrap();
    assert!(hidden.balance_p.unwrap() < 1e-10 && hidden.largest_difference.unwrap().abs() > 0.1);
    assert_eq!(severity(&report, "sample_ratio"), Severity::Ok, "{:#?}", worries(&report));
}

#[test]
fn a_feature_that_knows_the_future_is_a_suspect_by_its_value_or_by_being_there_at_all() {
    for plant in [Planted::FutureRevenue, Planted::FutureMissing] {
        let report = planted(4, true, plant);
        assert_eq!(severity(&report, "leakage"), Severity::Error);
        let found: Vec<_> = report.of("leakage").collect();
        assert_eq!(found.len(), 1, "{:#?}", worries(&report));
        assert!(found[0].sentence.starts_with("suspect foretells"), "{}", found[0].sentence);
        // What the action moved can't be independent of it either; no other feature is under suspicion.
        let other =
            report.of("balance").find(|f| f.severity > Severity::Ok && !f.sentence.contains("depends on suspect"));
        assert_eq!(other, None);
    }
}

#[test]
fn an_action_drawn_once_per_member_shows_in_its_repeats() {
    let report = planted(5, false, Planted::PerMember);
    assert_eq!(severity(&report, "repeats"), Severity::Warning);
    assert!(report.of("repeats").next().unwrap().figures["ratio"] > 2.0);
}

#[test]
fn the_report_survives_json_and_lists_the_grave_first() {
    let report = planted(6, false, Planted::SampleRatio);
    let json = serde_json::to_string(&report).unwrap();
    let back: AuditReport = serde_json::from_str(&json).unwrap();
    assert_eq!(back.rows(), report.rows());
    assert_eq!(report.findings[0].severity, report.worst());
    assert_eq!(report.action_rows().1.len(), 3);
}

#[test]
fn a_small_log_says_what_it_can_not_tell() {
    let programme = Programme::small();
    let (_, log) = programme.ingest().unwrap();
    let report = audit(log.path(), &NoProgress).unwrap();
    assert_eq!(severity(&report, "size"), Severity::Warning);
    assert_eq!(severity(&report, "support"), Severity::Warning);
    assert_eq!(severity(&report, "unused_events"), Severity::Warning);
    assert_eq!(report.worst(), Severity::Warning, "{:#?}", worries(&report));
}

#[test]
fn a_log_that_was_altered_after_ingest_is_not_opened_as_if_it_were_whole() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("log.parquet");
    std::fs::write(&path, b"PAR1").unwrap();
    assert_eq!(audit(&path, &NoProgress).unwrap_err().exit_code(), 11);
    assert_eq!(audit(&folder.path().join("gone.parquet"), &NoProgress).unwrap_err().exit_code(), 10);
}

#[test]
fn starbucks_has_a_uniform_design_and_the_audit_finds_no_error() {
    let Some((_, log, _folder)) = ingest_real("starbucks", &[], 2) else { return };
    let report = audit(log.path(), &NoProgress).unwrap();
    print("starbucks", &report);
    assert_eq!((report.decisions, report.members), (47_192, 11_798));
    assert_eq!(report.count(Severity::Error), 0, "{:#?}", worries(&report));
    for code in ["sample_ratio", "balance", "leakage", "repeats"] {
        assert_eq!(severity(&report, code), Severity::Ok, "{:#?}", worries(&report));
    }
    let twice = report.of("counted_twice").next().unwrap();
    assert!(twice.figures["times"] > 1.0, "{}", twice.sentence);
}

#[test]
fn hillstrom_is_a_randomised_test_and_the_audit_finds_no_error() {
    let Some((_, log, _folder)) = ingest_real("hillstrom", &[], 2) else { return };
    let report = audit(log.path(), &NoProgress).unwrap();
    print("hillstrom", &report);
    assert_eq!(report.count(Severity::Error), 0, "{:#?}", worries(&report));
    assert_eq!(severity(&report, "sample_ratio"), Severity::Ok);
    assert_eq!(severity(&report, "balance"), Severity::Ok);
}

#[test]
fn the_open_bandit_logs_are_judged_by_how_they_explored() {
    for (file, uniform) in [("random_all", true), ("random_women", true), ("bts_all", false), ("bts_women", false)] {
        let path = format!("{file}.parquet");
        let Some((_, log, _folder)) = ingest_real("obd", &[("sources.log.path", &path)], 2) else { return };
        let report = audit(log.path(), &NoProgress).unwrap();
        print(file, &report);
        assert_eq!(report.decisions, 10_000);
        assert_eq!(report.count(Severity::Error), 0, "{file}: {:#?}", worries(&report));
        let ess = report.of("uniform_ess").next().unwrap().figures["ess"];
        // The references: 340.4 for all and 2.1 for women; the uniform log is worth itself.
        match file {
            "bts_all" => assert!((ess - 340.4).abs() < 0.1, "{ess}"),
            "bts_women" => assert!((ess - 2.1).abs() < 0.1, "{ess}"),
            _ => assert!(uniform && ess > 9_999.0, "{ess}"),
        }
        // Thompson sampling all but rules out some items at times; that is a warning, not a fault of the propensities.
        assert_eq!(report.worst() == Severity::Warning, !uniform, "{file}: {:#?}", worries(&report));
    }
}

#[test]
fn bandit24_has_exact_propensities_and_the_audit_agrees() {
    let Some((_, log, _folder)) = ingest_real("bandit24", &[("sources.log.path", "log_10000.parquet")], 2) else {
        return;
    };
    let report = audit(log.path(), &NoProgress).unwrap();
    print("bandit24", &report);
    assert_eq!(report.count(Severity::Error), 0, "{:#?}", worries(&report));
    assert_eq!(severity(&report, "balance"), Severity::Ok, "{:#?}", worries(&report));
}
