//! The words of a rewards programme as types. Every other crate speaks with these.
//!
//! ```
//! use guerdon_core::{Economics, Money, Seed};
//!
//! let economics = Economics { margin: 0.30, ..Economics::default() };
//! let revenue = Money::from_major(24.41, economics.minor_units).value;
//! let cost = Money::from_major(2.00, economics.minor_units).value;
//! assert!((economics.net_value(revenue, cost, true) - 5.323).abs() < 1e-9);
//! // A named seed gives the same number on every machine.
//! assert_eq!(Seed(7).uniform("decision-1"), Seed(7).uniform("decision-1"));
//! ```
//!
//! This crate reads no file, knows no model, and holds no rule that more than one of its users would state differently.

#![forbid(unsafe_code)]

mod catalogue;
mod economics;
mod environment;
mod error;
mod feature;
mod finding;
mod funnel;
mod log_schema;
mod money;
mod outcome;
mod progress;
mod propensity;
mod seed;
mod split;
mod time;

pub use catalogue::{Catalogue, NONE, Reward};
pub use economics::Economics;
pub use environment::{
    Attribution, AttributionMode, Design, Environment, FrequencyCap, Guardrails, LogRules, QuietHours, Source,
    SourceFormat,
};
pub use error::{Error, Result, exit_codes};
pub use feature::{FeatureSource, FeatureSpec, FeatureType, Value};
pub use finding::{Finding, Severity};
pub use funnel::{Funnel, Stage, StageMatch};
pub use log_schema::{Column, canonical_tables, columns, feature_column, reached_at_column, schema_of};
pub use money::{Money, Rounded};
pub use outcome::{Event, Outcome};
pub use progress::{NoProgress, Progress, Remarks};
pub use propensity::{Propensity, PropensitySource};
pub use seed::Seed;
pub use split::{MemberSplit, fold_of};
pub use time::Timestamp;
