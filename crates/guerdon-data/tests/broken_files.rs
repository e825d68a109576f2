//! Broken inputs, each with an error of its own that names the thing, what was given and what would do.

mod common;

use common::{Programme, says};
use guerdon_data::LogReader;

#[test]
fn a_missing_file_is_named_with_its_whole_path() {
    let mut programme = Programme::small();
    programme.without("events.csv");
    let path = programme.path("events.csv");
    says(&programme.error(), 10, &[path.to_str().unwrap(), "existing"]);
}

#[test]
fn a_missing_environment_is_named() {
    let mut programme = Programme::small();
    programme.without("environment.toml");
    says(&programme.error(), 10, &["environment.toml"]);
}

#[test]
fn a_time_that_is_a_number_is_refused_with_the_way_out() {
    let mut programme = Programme::small();
    programme.replace("views.sql", "to_timestamp_seconds(hour * 3600) AS at", "hour AS at");
    says(&programme.error(), 13, &["events.at", "Int64", "to_timestamp_seconds"]);
}

#[test]
fn an_id_that_is_a_number_is_refused() {
    let mut programme = Programme::small();
    programme.replace("views.sql", "SELECT decision_id,", "SELECT 7 AS decision_id,");
    says(&programme.error(), 13, &["decisions.decision_id", "Int64", "CAST"]);
}

#[test]
fn a_column_that_is_not_there_is_named() {
    let mut programme = Programme::small();
    programme.replace("views.sql", "CAST(propensity AS DOUBLE) AS propensity", "1 AS p");
    says(&programme.error(), 13, &["decisions.propensity", "missing", "logged"]);
}

#[test]
fn a_feature_without_its_column_is_named() {
    let mut programme = Programme::small();
    programme.replace("views.sql", "CAST(age AS DOUBLE) AS age", "1 AS years");
    says(&programme.error(), 13, &["members.age", "missing"]);
}

#[test]
fn propensities_outside_zero_to_one_are_named_with_their_decision() {
    for bad in ["0", "1.2", "-0.1", "NaN", ""] {
        let mut programme = Programme::small();
        programme.replace("decisions.csv", "a2,ann,14,star,0.25", &format!("a2,ann,14,star,{bad}"));
        says(&programme.error(), 14, &["a2", "(0, 1]"]);
    }
}

#[test]
fn amounts_that_are_no_amounts_are_refused() {
    for bad in ["NaN", "inf", "-3", "1e300"] {
        let mut programme = Programme::small();
        programme.replace("events.csv", "ann,20,buy,,1.00", &format!("ann,20,buy,,{bad}"));
        says(&programme.error(), 15, &["buy", "ann", "value"]);
    }
    for bad in ["NaN", "-1", "0.001"] {
        let mut programme = Programme::small();
        programme.replace("rewards.csv", "half,discount,2.5", &format!("half,discount,{bad}"));
        says(&programme.error(), 15, &["rewards", "half", "amount"]);
    }
}

#[test]
fn an_action_that_the_catalogue_does_not_list_is_named_with_those_it_does() {
    let mut programme = Programme::small();
    programme.line("decisions.csv", "b9,bob,20,gold,0.5");
    says(&programme.error(), 16, &["b9", "\"gold\"", "none, half, star"]);
    let mut programme = Programme::small();
    programme.line("events.csv", "bob,20,view,gold,");
    says(&programme.error(), 16, &["view", "bob", "\"gold\""]);
}

#[test]
fn nothing_happens_before_a_member_joined() {
    let mut programme = Programme::small();
    programme.replace("members.csv", "bob,0,", "bob,34200,");
    let error = programme.error();
    says(&error, 17, &["bob", "buy", "1970-01-01T09:00:00Z", "1970-01-01T09:30:00Z"]);
    let mut programme = Programme::small();
    programme.replace("members.csv", "ann,0,30", "ann,36001,30").replace("events.csv", "ann,10,view,half,\n", "");
    says(&programme.error(), 17, &["a1", "ann", "1970-01-01T10:00:00Z"]);
}

#[test]
fn a_log_without_decisions_or_without_mature_ones_is_empty() {
    let mut programme = Programme::small();
    programme.replace("views.sql", "FROM raw_decisions", "FROM raw_decisions WHERE false");
    says(&programme.error(), 18, &["decisions", "no rows"]);
    let mut programme = Programme::small();
    programme.set("log.attribution.hours", "1000");
    says(&programme.error(), 18, &["mature", "1000"]);
    assert!(!programme.path("log.parquet").exists());
}

#[test]
fn a_decision_id_stands_once() {
    let mut other_member = Programme::small();
    other_member.line("decisions.csv", "a1,bob,20,star,0.5");
    says(&other_member.error(), 19, &["a1", "ann", "bob"]);
    let mut other_content = Programme::small();
    other_content.line("decisions.csv", "a1,ann,10,star,0.5");
    says(&other_content.error(), 19, &["a1", "ann", "differ"]);
}

#[test]
fn who_is_no_member_is_named() {
    for (file, line) in [
        ("decisions.csv", "x1,aaa,20,star,0.5"),
        ("decisions.csv", "x1,zoe,20,star,0.5"),
        ("events.csv", "zoe,20,buy,,1"),
        ("events.csv", "b,20,buy,,1"),
    ] {
        let mut programme = Programme::small();
        programme.line(file, line);
        says(&programme.error(), 19, &["member", "members table"]);
    }
    let mut programme = Programme::small();
    programme.line("members.csv", "bob,0,44");
    says(&programme.error(), 19, &["bob", "twice"]);
}

#[test]
fn a_cut_parquet_is_named_as_such() {
    let programme = Programme::small();
    let (_, log) = programme.ingest().unwrap();
    let whole = std::fs::read(log.path()).unwrap();
    for length in [0, 3, whole.len() / 2, whole.len() - 1] {
        std::fs::write(log.path(), &whole[..length]).unwrap();
        says(&LogReader::open(log.path()).unwrap_err(), 11, &["log.parquet", "Parquet"]);
    }
    let mut cut_source = Programme::small();
    cut_source.file("members.parquet", &whole[..whole.len() - 20]).set("sources.raw_members.path", "members.parquet");
    says(&cut_source.error(), 11, &["members.parquet", "Parquet"]);
}

#[test]
fn broken_json_is_named_with_its_file() {
    let mut programme = Programme::small();
    programme
        .file("members.ndjson", "{\"member_id\": \"ann\", \"joined\": 0")
        .set("sources.raw_members.path", "members.ndjson");
    says(&programme.error(), 11, &["members.ndjson", "JSON"]);
}

#[test]
fn a_cut_gzip_is_named_with_its_file() {
    let Some(data) = common::real_data("starbucks") else { return };
    let folder = tempfile::TempDir::new().unwrap();
    for name in ["portfolio.json", "profile.json.gz", "transcript.json.gz"] {
        let whole = std::fs::read(data.join(name)).unwrap();
        let length = if name == "transcript.json.gz" { whole.len() / 2 } else { whole.len() };
        std::fs::write(folder.path().join(name), &whole[..length]).unwrap();
    }
    let loaded = guerdon_data::environment::load(&common::root().join("environments/starbucks"), &[]).unwrap();
    let out = folder.path().join("log.parquet");
    let error = guerdon_data::ingest(&loaded, folder.path(), &out, &Default::default(), &guerdon_core::NoProgress);
    says(&error.unwrap_err(), 11, &["transcript.json.gz", "JSON"]);
}

#[test]
fn a_parquet_that_is_no_decision_log_is_refused() {
    let Some(data) = common::real_data("bandit24") else { return };
    says(&LogReader::open(&data.join("log_10000.parquet")).unwrap_err(), 11, &["guerdon", "ingest"]);
}

#[test]
fn sql_that_does_not_do_names_its_file() {
    let mut programme = Programme::small();
    programme.replace("views.sql", "FROM raw_events", "FROM raw_happenings");
    says(&programme.error(), 12, &["views.sql", "raw_happenings"]);
    let mut programme = Programme::small();
    programme.replace("views.sql", "CREATE VIEW events", "CREATE VIEW happenings");
    says(&programme.error(), 12, &["views.sql", "\"events\""]);
    let mut programme = Programme::small();
    programme.line("views.sql", "DROP VIEW events;");
    says(&programme.error(), 12, &["views.sql", "DROP", "CREATE VIEW"]);
}

#[test]
fn values_of_the_environment_are_checked() {
    for (key, value, parts) in [
        ("economics.margin", "1.5", ["economics.margin", "1.5", "[0, 1]"]),
        ("economics.margins", "0.5", ["--set", "economics.margins", "margins"]),
        ("log.attribution.hours", "0", ["log.attribution.hours", "0", "above 0"]),
        ("funnel.stages.1.name", "sent", ["funnel.stages.1.name", "sent", "own"]),
        ("design.propensity", "guessed", ["--set", "guessed", "logged"]),
        (
            "features.rate",
            "{ from = \"stage_rate\", stage = \"eaten\" }",
            ["features.rate.stage", "eaten", "sent, viewed"],
        ),
        ("features.rate", "{ from = \"offers\", kind = \"gift\" }", ["features.rate.kind", "gift", "discount"]),
        ("features.rate", "{ from = \"count\", event = \"sneeze\" }", ["features.rate.event", "sneeze", "buy"]),
        ("guardrails.consent", "consent", ["guardrails.consent", "consent", "feature"]),
    ] {
        let mut programme = Programme::small();
        programme.set(key, value);
        says(&programme.error(), 12, &parts);
    }
    let mut programme = Programme::small();
    programme.replace("environment.toml", "margin = 0.5", "margins = 0.5");
    says(&programme.error(), 12, &["environment.toml", "margins = 0.5", "unknown field"]);
}

#[test]
fn a_declared_design_must_name_the_catalogues_actions() {
    let mut programme = Programme::small();
    programme.set("design.propensity", "declared").set("design.probabilities.gold", "0.5");
    programme.replace("environment.toml", "propensity = \"logged\"", "propensity = \"declared\"");
    says(&programme.error(), 12, &["design.probabilities.gold", "none, half, star"]);
}

#[test]
fn a_reward_pays_at_a_stage_of_the_funnel() {
    let mut programme = Programme::small();
    programme.replace("rewards.csv", "2.5,viewed", "2.5,eaten");
    says(&programme.error(), 19, &["half", "eaten", "sent, viewed, bought"]);
}

#[test]
fn a_file_for_several_sources_is_refused() {
    let programme = Programme::small();
    programme.ingest().unwrap();
    let loaded = guerdon_data::environment::load(programme.folder.path(), &[]).unwrap();
    let error = guerdon_data::ingest(
        &loaded,
        &programme.path("events.csv"),
        &programme.path("other.parquet"),
        &Default::default(),
        &guerdon_core::NoProgress,
    );
    says(&error.unwrap_err(), 12, &["--data", "folder"]);
}
