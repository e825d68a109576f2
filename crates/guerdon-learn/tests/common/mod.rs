//! Small decision logs for the tests, made the way that every log is made.

#![allow(dead_code)] // each test file uses a part of it

pub mod amounts;

use guerdon_core::{MemberSplit, NoProgress, Seed};
use guerdon_data::{IngestOptions, LogReader, environment, ingest};
use guerdon_learn::TrainOptions;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The actions of the small programme.
pub const ACTIONS: [&str; 3] = ["none", "five", "ten"];

const ENVIRONMENT: &str = r#"
name = "small"
[sources]
log = { path = "log.csv" }
[log]
attribution = { mode = "window", hours = 1 }
resolution_hours = 1
[funnel]
stages = [
    { name = "offered", match = "decision" },
    { name = "bought", event = "order", match = "member" },
]
[economics]
margin = 0.5
revenue_event = "order"
[design]
propensity = "declared"
[features]
x = { from = "decision", type = "number" }
code = { from = "decision", type = "category" }
"#;

const VIEWS: &str = r#"
CREATE VIEW members AS SELECT DISTINCT CAST(member_id AS VARCHAR) AS member_id FROM log;
CREATE VIEW rewards AS
SELECT column1 AS action, column2 AS kind, column3 AS amount, column4 AS pays_at
FROM (VALUES ('none', 'none', 0, NULL, 0), ('five', 'discount', 5, 'bought', 1), ('ten', 'discount', 10, 'bought', 2))
ORDER BY column5;
CREATE VIEW decisions AS
SELECT CAST(decision_id AS VARCHAR) AS decision_id, CAST(member_id AS VARCHAR) AS member_id,
    to_timestamp_seconds(hour * 3600) AS decided_at, action, CAST(x AS DOUBLE) AS x, code
FROM log;
CREATE VIEW events AS
SELECT CAST(member_id AS VARCHAR) AS member_id, to_timestamp_seconds(hour * 3600) AS at, 'order' AS event,
    CAST(spend AS DOUBLE) AS value
FROM log WHERE spend > 0;
"#;

/// One decision and what followed.
#[derive(Debug, Clone)]
pub struct Row {
    pub member: String,
    pub hour: u32,
    pub action: usize,
    pub x: f64,
    pub code: String,
    pub spend: f64,
}

/// A log and the folder that it lies in.
pub struct Log {
    pub reader: LogReader,
    _folder: TempDir,
}

/// Ingests `rows`.
pub fn log_of(rows: &[Row]) -> Log {
    ingest_log(&csv_of(rows), VIEWS, true)
}

fn csv_of(rows: &[Row]) -> String {
    let mut csv = String::from("decision_id,member_id,hour,action,x,code,spend\n");
    for (i, row) in rows.iter().enumerate() {
        let Row { member, hour, action, x, code, spend } = row;
        writeln!(csv, "d{i},{member},{hour},{},{x},{code},{spend}", ACTIONS[*action]).unwrap();
    }
    csv
}

/// As [`log_of`]; "ten" is eligible in those rows only of which `ten` says so.
pub fn masked_log_of(rows: &[Row], ten: &[bool]) -> Log {
    let lines = csv_of(rows);
    let mut ten = ten.iter().map(|ten| if *ten { ",1\n" } else { ",0\n" });
    let csv: String = lines
        .lines()
        .enumerate()
        .fold(String::new(), |csv, (i, line)| csv + line + if i == 0 { ",ten\n" } else { ten.next().unwrap_or("\n") });
    let masked = "code, CASE WHEN ten = 0 THEN make_array('none', 'five') END AS eligible\nFROM log;";
    ingest_log(&csv, &VIEWS.replace("code\nFROM log;", masked), true)
}

/// Ingests the rows of `csv` under `views`; without a hurdle "bought" waits for an event that never comes.
fn ingest_log(csv: &str, views: &str, with_hurdle: bool) -> Log {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("log.csv"), csv).unwrap();
    let hurdle = if with_hurdle { "order" } else { "visit" };
    let environment = ENVIRONMENT.replace("event = \"order\", match", &format!("event = \"{hurdle}\", match"));
    std::fs::write(folder.path().join("environment.toml"), environment).unwrap();
    std::fs::write(folder.path().join("views.sql"), views).unwrap();
    let programme = environment::load(folder.path(), &[]).unwrap();
    let out = folder.path().join("log.parquet");
    ingest(&programme, folder.path(), &out, &IngestOptions::default(), &NoProgress).unwrap();
    Log { reader: LogReader::open(&out).unwrap(), _folder: folder }
}

/// Members with four decisions each. A member of code "a" spends 20 at every order, others 60; orders come with
/// probability 0.5 + 0.3·x under "five", 0.5 − 0.3·x under "ten", 0.3 under "none".
pub fn rows(members: usize, seed: u64) -> Vec<Row> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut all = vec![];
    for member in 0..members {
        let code = ["a", "b"][member % 2].to_owned();
        for step in 0..4u32 {
            let x = rng.random::<f64>() * 2.0 - 1.0;
            let action = rng.random_range(0..3usize);
            let chance = [0.3, 0.5 + 0.3 * x, 0.5 - 0.3 * x][action];
            let spend = if rng.random::<f64>() < chance { [20.0, 60.0][member % 2] } else { 0.0 };
            all.push(Row { member: format!("m{member:05}"), hour: step * 10, action, x, code: code.clone(), spend });
        }
    }
    all
}

/// The options of most tests: 80 % of members trained on.
pub fn options(seed: u64) -> TrainOptions {
    TrainOptions::new(Seed(seed), MemberSplit { seed: Seed(seed).named("split"), train_share: 0.8 })
}

/// The real data, or `None` with a loud word where it is not there.
pub fn real_data(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("GUERDON_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from)
        .join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no {}; set GUERDON_DATA to the folder with the real data", folder.display());
    None
}

/// The log of one of the repository's environments over real data, with overrides.
pub fn real_log(name: &str, data: &Path, sets: &[(String, String)]) -> Log {
    let folder = tempfile::tempdir().unwrap();
    let environments = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../environments");
    let programme = environment::load(&environments.join(name), sets).unwrap();
    let out = folder.path().join("log.parquet");
    ingest(&programme, data, &out, &IngestOptions::default(), &NoProgress).unwrap();
    Log { reader: LogReader::open(&out).unwrap(), _folder: folder }
}
