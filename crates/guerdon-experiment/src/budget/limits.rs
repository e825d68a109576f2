//! The limits file: what may be spent, owed and sent, over everyone or within a segment.
//!
//! ```toml
//! [[limit]]
//! of = "money"             # money | liability | sends
//! at_most = 25000          # major units; liability too, at the points' money value; sends are counted
//!
//! [[limit]]
//! of = "sends"
//! channel = "email"        # only rewards that name this channel; without it every action but `none`
//! at_most = 0.4
//! per_decision = true      # both ends are for each decision (of the segment, where one is named)
//!
//! [[limit]]
//! name = "new members' share"   # [default: made of the rest]
//! of = "money"
//! segment = "new"
//! at_least = 2000
//!
//! [segment.new]
//! feature = "tenure_days"
//! below = 90               # and/or from = …; for a category: is = ["a", "b"]
//! ```

use guerdon_core::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// A limits file as it stands. Names in it are checked against a policy when it is used.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Where it was read from, for errors.
    #[serde(skip)]
    pub file: String,
    /// The limits.
    #[serde(rename = "limit", default)]
    pub limits: Vec<LimitSpec>,
    /// The segments that limits speak of, by name.
    #[serde(rename = "segment", default)]
    pub segments: BTreeMap<String, SegmentSpec>,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// Expected cost of rewards, in major units of money.
    Money,
    /// Expected points credited, at their money value, in major units.
    Liability,
    /// Offers sent.
    Sends,
}

/// One limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSpec {
    /// Its name in what is printed; made of the rest where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it counts.
    pub of: Of,
    /// With sends: only rewards that name this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Only decisions in this segment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// No less than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// No more than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// Whether both ends are for each decision (of the segment, where there is one) rather than in all.
    #[serde(default)]
    pub per_decision: bool,
}

/// Which decisions belong to a segment. A missing value belongs to none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentSpec {
    /// The feature looked at.
    pub feature: String,
    /// A category: one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub is: Vec<String>,
    /// A number: this or above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<f64>,
    /// A number: below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
}

impl Limits {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Config`] for what is not TOML or not a limits file.
    pub fn load(path: &Path) -> Result<Limits> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::not_found(path, "limits file", e))?;
        Limits::from_toml(&text, &path.display().to_string())
    }

    /// The limits that `text` states; `file` is named in errors.
    ///
    /// # Errors
    /// [`Error::Config`] for what is not TOML or not a limits file; names are checked when the limits are used.
    pub fn from_toml(text: &str, file: &str) -> Result<Limits> {
        let broken = |e: toml::de::Error| {
            let wanted = format!("{}; write [[limit]] with of = \"money\", \"liability\" or \"sends\"", e.message());
            Error::config(file, "limits", "not a limits file", wanted)
        };
        let mut limits: Limits = toml::from_str(text).map_err(broken)?;
        file.clone_into(&mut limits.file);
        for (place, limit) in limits.limits.iter().enumerate() {
            limits.check(place, limit)?;
        }
        Ok(limits)
    }

    fn check(&self, place: usize, limit: &LimitSpec) -> Result<()> {
        let key = |part: &str| format!("limit {} ({}).{part}", place + 1, limit.name());
        let refuse =
            |part: &str, given: String, wanted: String| Err(Error::config(&self.file, key(part), given, wanted));
        if limit.at_least.is_none() && limit.at_most.is_none() {
            return refuse("at_most", "missing".into(), "give at_most, at_least or both".into());
        }
        for (part, end) in [("at_least", limit.at_least), ("at_most", limit.at_most)] {
            if let Some(end) = end.filter(|x| !(0.0..=1e15).contains(x)) {
                return refuse(part, end.to_string(), "give a number from 0".into());
            }
        }
        if limit.channel.is_some() && limit.of != Of::Sends {
            return refuse("channel", format!("{:?}", limit.channel), "only of = \"sends\" goes by channel".into());
        }
        if let Some(segment) = limit.segment.as_ref().filter(|name| !self.segments.contains_key(*name)) {
            let known: Vec<&str> = self.segments.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return refuse(
                "segment",
                format!("{segment:?}"),
                format!("describe it in [segment.{segment}]; there are: {known}"),
            );
        }
        Ok(())
    }
}

impl LimitSpec {
    /// At most `amount` of money over everyone, called "budget".
    pub fn budget(amount: f64) -> LimitSpec {
        LimitSpec {
            name: Some("budget".into()),
            of: Of::Money,
            channel: None,
            segment: None,
            at_least: None,
            at_most: Some(amount),
            per_decision: false,
        }
    }

    /// Its name, or one made of what it says: "sends by email in new".
    pub fn name(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let mut name = match self.of {
            Of::Money => "money",
            Of::Liability => "liability",
            Of::Sends => "sends",
        }
        .to_owned();
        for (word, part) in [("by", &self.channel), ("in", &self.segment)] {
            if let Some(part) = part {
                name.push_str(&format!(" {word} {part}"));
            }
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        Limits::from_toml(text, "limits.toml").unwrap_err().to_string()
    }

    #[test]
    fn the_file_in_the_documentation_is_read() {
        let text: String = include_str!("limits.rs")
            .lines()
            .skip_while(|line| *line != "//! ```toml")
            .skip(1)
            .take_while(|line| *line != "//! ```")
            .map(|line| line.trim_start_matches("//!").to_owned() + "\n")
            .collect();
        let limits = Limits::from_toml(&text, "limits.toml").unwrap();
        let names: Vec<String> = limits.limits.iter().map(LimitSpec::name).collect();
        assert_eq!(names, ["money", "sends by email", "new members' share"]);
        assert_eq!(limits.segments["new"].below, Some(90.0));
    }

    #[test]
    fn what_no_limit_can_be_is_refused_by_name() {
        assert!(said("[[limit]]\nof = \"money\"").contains("limit 1 (money).at_most is missing; give at_most"));
        assert!(said("[[limit]]\nof = \"money\"\nat_most = -1").contains("(money).at_most is -1"));
        assert!(said("[[limit]]\nof = \"money\"\nat_most = 1\nchannel = \"sms\"").contains("only of = \"sends\""));
        let unknown =
            said("[[limit]]\nof = \"sends\"\nat_most = 1\nsegment = \"vip\"\n[segment.new]\nfeature = \"age\"");
        assert!(unknown.contains("\"vip\"; describe it in [segment.vip]; there are: new"), "{unknown}");
        assert!(said("[[limit]]\nof = \"stars\"\nat_most = 1").contains("stars"));
        assert!(said("[[limits]]\nof = \"money\"").contains("limits"));
    }
}
