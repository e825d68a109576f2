//! Point-in-time features: what was known of one member just before a moment.
//!
//! Ingest and the simulator feed the same [`History`], so that a policy sees in a roll-out exactly what it saw in the
//! log. Whatever is fed, [`History::features`] counts only what happened strictly before the moment asked about.

mod plan;
mod state;
mod trackers;

pub use plan::HistoryPlan;
pub use state::History;
