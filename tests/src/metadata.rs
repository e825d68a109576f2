//! The workspace as `cargo metadata` sees it: normal dependencies only, default features.

use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

/// The resolved dependency graph.
pub struct Metadata(Value);

impl Metadata {
    /// Asks cargo, for this platform; offline, since everything that it needs is there by the time a test runs.
    pub fn load() -> Self {
        let about = Command::new("rustc").arg("-vV").output().expect("rustc runs");
        let about = String::from_utf8_lossy(&about.stdout).into_owned();
        let host = about.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc knows its host");
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--offline", "--locked", "--filter-platform", host])
            .current_dir(crate::command::root())
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Metadata(serde_json::from_slice(&output.stdout).expect("cargo prints JSON"))
    }

    /// Names of the workspace's crates.
    pub fn members(&self) -> Vec<String> {
        let ids: Vec<&str> = array(&self.0["workspace_members"]).filter_map(Value::as_str).collect();
        array(&self.0["packages"])
            .filter(|p| ids.contains(&p["id"].as_str().unwrap_or_default()))
            .map(|p| text(&p["name"]))
            .collect()
    }

    /// Names of the crates that `name` depends on directly, in any way but for its tests and build scripts.
    pub fn direct(&self, name: &str) -> Vec<String> {
        self.direct_ids(&self.id(name)).iter().map(|id| self.name(id)).collect()
    }

    /// Names of all crates that `name` depends on, directly or not.
    pub fn closure(&self, name: &str) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut ahead = vec![self.id(name)];
        while let Some(id) = ahead.pop() {
            for next in self.direct_ids(&id) {
                if seen.insert(next.clone()) {
                    ahead.push(next);
                }
            }
        }
        seen.iter().map(|id| self.name(id)).collect()
    }

    fn direct_ids(&self, id: &str) -> Vec<String> {
        let node = array(&self.0["resolve"]["nodes"]).find(|n| n["id"] == id);
        let normal = |d: &&Value| array(&d["dep_kinds"]).any(|k| k["kind"].is_null());
        node.map(|n| array(&n["deps"]).filter(normal).map(|d| text(&d["pkg"])).collect()).unwrap_or_default()
    }

    fn id(&self, name: &str) -> String {
        let package = array(&self.0["packages"]).find(|p| p["name"] == name && p["source"].is_null());
        text(&package.unwrap_or_else(|| panic!("no crate {name} in the workspace"))["id"])
    }

    fn name(&self, id: &str) -> String {
        array(&self.0["packages"]).find(|p| p["id"] == id).map(|p| text(&p["name"])).unwrap_or_default()
    }
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
