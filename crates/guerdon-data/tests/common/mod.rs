//! A small programme in a temporary folder, to be broken on purpose; and the real data where it is.
#![allow(dead_code)]

use guerdon_core::{Error, NoProgress, Result};
use guerdon_data::{IngestOptions, IngestSummary, LogReader, environment, ingest};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The environment of the small programme.
pub const TOML: &str = r#"
name = "small"
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
    { name = "viewed", event = "view", match = "action" },
    { name = "bought", event = "buy", match = "member" },
]
[economics]
margin = 0.5
contact_cost = 0.1
revenue_event = "buy"
redeem_event = "redeem"
point_value = 0.01
points_kinds = ["points"]
[design]
propensity = "logged"
[features]
age = { from = "member", type = "number" }
views = { from = "count", event = "view" }
spend = { from = "sum", event = "buy" }
spend_6h = { from = "sum", event = "buy", hours = 6 }
last_buy = { from = "recency", event = "buy" }
offers = { from = "offers" }
since_offer = { from = "since_offer" }
viewed_rate = { from = "stage_rate", stage = "viewed" }
bought_count = { from = "stage_count", stage = "bought" }
tenure = { from = "tenure" }
weekday = { from = "weekday" }
"#;

/// Its SQL.
pub const VIEWS: &str = "
CREATE VIEW members AS SELECT member_id, to_timestamp_seconds(joined) AS joined_at, CAST(age AS DOUBLE) AS age FROM raw_members;
CREATE VIEW rewards AS SELECT action, kind, CAST(amount AS DOUBLE) AS amount, pays_at, valid_hours FROM raw_rewards;
CREATE VIEW decisions AS SELECT decision_id, member_id, to_timestamp_seconds(hour * 3600) AS decided_at, action,
    CAST(propensity AS DOUBLE) AS propensity FROM raw_decisions;
CREATE VIEW events AS SELECT member_id, to_timestamp_seconds(hour * 3600) AS at, event, action,
    CAST(value AS DOUBLE) AS value FROM raw_events;
";

/// Files of a programme: name and text.
pub struct Programme {
    files: BTreeMap<String, Vec<u8>>,
    sets: Vec<(String, String)>,
    pub folder: TempDir,
}

impl Programme {
    /// Two members, five decisions, some events; the log ends at hour 100.
    pub fn small() -> Self {
        let mut this = Programme { files: BTreeMap::new(), sets: vec![], folder: TempDir::new().unwrap() };
        this.file("environment.toml", TOML);
        this.file("views.sql", VIEWS);
        this.file("members.csv", "member_id,joined,age\nann,0,30\nbob,0,\n");
        this.file(
            "rewards.csv",
            "action,kind,amount,pays_at,valid_hours\nnone,none,0,,\nhalf,discount,2.5,viewed,4\nstar,points,150,bought,\n",
        );
        this.file(
            "decisions.csv",
            "decision_id,member_id,hour,action,propensity\n\
             a1,ann,10,half,0.5\na2,ann,14,star,0.25\na3,ann,40,none,0.25\nb1,bob,10,star,0.25\nb2,bob,95,half,0.5\n",
        );
        this.file(
            "events.csv",
            "member_id,hour,event,action,value\n\
             ann,10,view,half,\nann,15,buy,,3.20\nann,15,buy,,3.20\nann,20,buy,,1.00\nann,41,buy,,7.00\n\
             ann,42,redeem,,50\nbob,9,buy,,2.00\nbob,12,view,star,\nbob,90,wave,,\nbob,100,view,half,\n",
        );
        this
    }

    /// Puts `text` into the file called `name`.
    pub fn file(&mut self, name: &str, text: impl AsRef<[u8]>) -> &mut Self {
        self.files.insert(name.into(), text.as_ref().to_vec());
        self
    }

    /// Adds a line to the file called `name`.
    pub fn line(&mut self, name: &str, line: &str) -> &mut Self {
        let file = self.files.get_mut(name).unwrap();
        file.extend(line.as_bytes());
        file.push(b'\n');
        self
    }

    /// Replaces `from` in the file called `name`.
    pub fn replace(&mut self, name: &str, from: &str, to: &str) -> &mut Self {
        let text = String::from_utf8(self.files[name].clone()).unwrap();
        assert!(text.contains(from), "{name} has no {from:?}");
        self.file(name, text.replace(from, to))
    }

    /// Leaves the file out.
    pub fn without(&mut self, name: &str) -> &mut Self {
        self.files.remove(name);
        self
    }

    /// Overrides a value of the environment.
    pub fn set(&mut self, key: &str, value: &str) -> &mut Self {
        self.sets.push((key.into(), value.into()));
        self
    }

    /// Writes the files and ingests them.
    pub fn ingest(&self) -> Result<(IngestSummary, LogReader)> {
        self.ingest_with(&IngestOptions { threads: 2, ..IngestOptions::default() })
    }

    /// Writes the files and ingests them.
    pub fn ingest_with(&self, options: &IngestOptions) -> Result<(IngestSummary, LogReader)> {
        for (name, bytes) in &self.files {
            std::fs::write(self.path(name), bytes).unwrap();
        }
        let loaded = environment::load(self.folder.path(), &self.sets)?;
        let out = self.path("log.parquet");
        let summary = ingest(&loaded, self.folder.path(), &out, options, &NoProgress)?;
        Ok((summary, LogReader::open(&out)?))
    }

    /// What is wrong with the files.
    pub fn error(&self) -> Error {
        match self.ingest() {
            Ok((summary, _)) => panic!("nothing was found wrong: {summary:?}"),
            Err(error) => error,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Asserts that `error` has the exit code and that its message holds all of `parts`.
pub fn says(error: &Error, code: u8, parts: &[&str]) {
    let text = error.to_string();
    assert_eq!(error.exit_code(), code, "{text}");
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folder of a real data set; `None`, said loudly, where it is not there.
pub fn real_data(name: &str) -> Option<PathBuf> {
    let data = std::env::var_os("GUERDON_DATA").map_or_else(|| root().join("../shared/data"), PathBuf::from);
    let folder = data.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: {} is not there; set GUERDON_DATA to the folder with the real data", folder.display());
    None
}

/// Ingests a real data set with its environment.
pub fn ingest_real(name: &str, sets: &[(&str, &str)], threads: usize) -> Option<(IngestSummary, LogReader, TempDir)> {
    let data = real_data(name)?;
    let sets: Vec<_> = sets.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    let loaded = environment::load(&root().join("environments").join(name), &sets).unwrap();
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("log.parquet");
    let options = IngestOptions { threads, ..IngestOptions::default() };
    let summary = ingest(&loaded, &data, &out, &options, &NoProgress).unwrap();
    let reader = LogReader::open(&out).unwrap();
    Some((summary, reader, folder))
}
