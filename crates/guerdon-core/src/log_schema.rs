//! The columns of a decision log: names, types and units, in this one place.

use crate::Environment;

/// One column of the decision log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its Arrow type, in words.
    pub r#type: &'static str,
    /// What it holds and in which unit.
    pub meaning: String,
}

/// Names of the fixed columns.
pub mod columns {
    /// Identifies the decision.
    pub const DECISION_ID: &str = "decision_id";
    /// The member.
    pub const MEMBER_ID: &str = "member_id";
    /// Place in the member's decisions, from 0.
    pub const STEP: &str = "step";
    /// When the decision was taken.
    pub const DECIDED_AT: &str = "decided_at";
    /// The stage at which it was taken.
    pub const STAGE: &str = "stage";
    /// What was offered.
    pub const ACTION: &str = "action";
    /// Probability of the action.
    pub const PROPENSITY: &str = "propensity";
    /// Actions that could have been taken.
    pub const ELIGIBLE: &str = "eligible";
    /// Which policy decided.
    pub const POLICY_VERSION: &str = "policy_version";
    /// Deepest stage reached.
    pub const REACHED: &str = "reached";
    /// Sum of revenue.
    pub const REVENUE: &str = "revenue";
    /// Count of revenue events.
    pub const ORDERS: &str = "orders";
    /// Cost of the reward.
    pub const COST: &str = "cost";
    /// Points credited.
    pub const POINTS_ISSUED: &str = "points_issued";
    /// Points redeemed.
    pub const POINTS_REDEEMED: &str = "points_redeemed";
}

/// The column of a feature.
pub fn feature_column(feature: &str) -> String {
    format!("x.{feature}")
}

/// The column with the first time that a stage was reached.
pub fn reached_at_column(stage: &str) -> String {
    format!("reached_at.{stage}")
}

/// Every column of the log of `environment`, in order.
pub fn schema_of(environment: &Environment) -> Vec<Column> {
    let column = |name: &str, r#type, meaning: &str| Column { name: name.into(), r#type, meaning: meaning.into() };
    let currency = &environment.economics.currency;
    let mut all = vec![
        column(columns::DECISION_ID, "Utf8", "identifies the decision"),
        column(columns::MEMBER_ID, "Utf8", "the member"),
        column(columns::STEP, "UInt32", "place in the member's decisions, from 0 (immature ones counted)"),
        column(columns::DECIDED_AT, "Timestamp(µs, UTC)", "when the decision was taken"),
        column(columns::STAGE, "Utf8", "funnel stage at which it was taken"),
        column(columns::ACTION, "Utf8", "catalogue entry that was offered"),
        column(columns::PROPENSITY, "Float64", "probability of the action under the logging policy, in (0, 1]"),
        column(columns::ELIGIBLE, "List<Utf8>?", "actions that could have been taken; null: all"),
        column(columns::POLICY_VERSION, "Utf8?", "the policy that decided"),
    ];
    for feature in &environment.features {
        let r#type = match feature.source.feature_type() {
            crate::FeatureType::Number => "Float64?",
            crate::FeatureType::Category => "Utf8?",
        };
        all.push(column(&feature_column(&feature.name), r#type, "feature, as known just before the decision"));
    }
    all.push(column(columns::REACHED, "Utf8?", "deepest stage reached; null: none"));
    for stage in environment.funnel.names() {
        all.push(column(&reached_at_column(stage), "Timestamp(µs, UTC)?", "first time the stage was reached"));
    }
    let money = format!("{currency}, {} decimals", environment.economics.minor_units);
    all.extend([
        column(columns::REVENUE, "Decimal128(18, minor units)", &format!("revenue inside the window, {money}")),
        column(columns::ORDERS, "UInt32", "revenue events inside the window"),
        column(columns::COST, "Decimal128(18, minor units)", &format!("cost of the reward, {money}")),
        column(columns::POINTS_ISSUED, "Int64", "points credited by the reward"),
        column(columns::POINTS_REDEEMED, "Int64", "points redeemed inside the window"),
    ]);
    all
}

/// The four tables that an environment's `views.sql` must make, with their columns; a `?` marks what may be null or left
/// out.
pub fn canonical_tables() -> Vec<(&'static str, Vec<Column>)> {
    let table = |rows: &[(&str, &'static str, &str)]| {
        rows.iter()
            .map(|(name, r#type, meaning)| Column { name: (*name).into(), r#type, meaning: (*meaning).into() })
            .collect()
    };
    vec![
        (
            "members",
            table(&[
                ("member_id", "Utf8", "opaque id, unique"),
                ("joined_at", "Timestamp?", "when the member joined; null where unknown"),
                ("…", "any?", "attributes, for features with from = \"member\""),
            ]),
        ),
        (
            "rewards",
            table(&[
                ("action", "Utf8", "catalogue entry, unique; \"none\" offers nothing. Order the view by something"),
                ("kind", "Utf8", "none, points, discount, bogo, cashback, gift, informational, …"),
                ("amount", "Float64", "money in major units; points for the kinds in economics.points_kinds"),
                ("threshold", "Float64?", "spend that the member must reach, in major units"),
                ("pays_at", "Utf8?", "funnel stage at which it pays; null never pays"),
                (
                    "valid_hours",
                    "Float64?",
                    "hours during which it can be viewed, completed and paid; null: the window",
                ),
                ("slot", "Utf8?", "when it is sent, in the programme's own naming"),
                ("channels", "List<Utf8>?", "where it is shown"),
            ]),
        ),
        (
            "decisions",
            table(&[
                ("decision_id", "Utf8", "identifies the decision"),
                ("member_id", "Utf8", "one of members"),
                ("decided_at", "Timestamp", "when it was taken"),
                ("stage", "Utf8?", "funnel stage at which it was taken; by default the first"),
                ("action", "Utf8", "one of rewards"),
                (
                    "propensity",
                    "Float64?",
                    "probability of the action, in (0, 1]; needed where design.propensity is logged",
                ),
                ("eligible", "List<Utf8>?", "actions that could have been taken; null: all"),
                ("policy_version", "Utf8?", "the policy that decided"),
                ("…", "any?", "for features with from = \"decision\""),
            ]),
        ),
        (
            "events",
            table(&[
                ("member_id", "Utf8", "one of members"),
                ("at", "Timestamp", "when it happened"),
                ("event", "Utf8", "what happened, in the names that the funnel, economics and features use"),
                ("action", "Utf8?", "the reward that it names"),
                ("value", "Float64?", "money in major units for the revenue event, points for the redeem event"),
            ]),
        ),
    ]
}
