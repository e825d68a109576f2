//! Ledger arithmetic and its faces: one self-contained page.
//!
//! A [`RunReport`] holds what a run found; [`html`] makes the page that the data scientist, the serving engineer and the
//! finance reviewer read. Numbers that an estimate refused are withheld here, whoever filled the report.
//!
//! ```
//! use guerdon_report::{RunReport, html};
//!
//! let report = RunReport { experiment: "first".into(), ..RunReport::default() };
//! let page = html(&report);
//! assert!(page.starts_with("<!DOCTYPE html>"));
//! assert!(page.contains("No policy was valued"));
//! ```
//!
//! What it does not do: estimate or simulate anything, or write files.

#![forbid(unsafe_code)]

mod chart;
mod format;
mod gate;
mod headline;
mod ledger;
mod model;
mod page;

pub use gate::Verdict;
pub use headline::headline;
pub use ledger::{Account, Statement, roi};
pub use model::{
    BudgetAt, BudgetConstant, BudgetCurve, BudgetPoint, BudgetSection, BundleFile, DataSection, EnvironmentSection,
    FidelityRow, IntervalValue, NamedDifference, NamedValue, PlacementRow, PlacementSection, PolicyPlacement,
    PolicyReport, PolicyRole, Reproducibility, RoiRow, RoiSection, RunReport, SegmentShares, StageShare,
};
pub use page::html;
