//! A made-up log whose rewards differ in their amount alone.

use super::{Log, ingest_log};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt::Write;

/// The rewards: none, and four amounts of cash.
pub const AMOUNTS: [u32; 5] = [0, 2, 4, 8, 16];

const VIEWS: &str = r#"
CREATE VIEW members AS SELECT DISTINCT CAST(member_id AS VARCHAR) AS member_id FROM log;
CREATE VIEW rewards AS
SELECT column1 AS action, column2 AS kind, column3 AS amount, column4 AS pays_at
FROM (VALUES
    ('none', 'none', 0, NULL, 0), ('cash_8', 'cash', 8, 'bought', 1), ('cash_2', 'cash', 2, 'bought', 2),
    ('cash_4', 'cash', 4, 'bought', 3), ('cash_16', 'cash', 16, 'bought', 4))
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

/// A log of `members` with four decisions each over `amounts`, who order with probability `chance(x, amount)`, x uniform
/// on [−1, 1], for 30 in the mean.
pub fn log_of_amounts(members: usize, seed: u64, amounts: &[u32], chance: impl Fn(f64, f64) -> f64) -> Log {
    with_or_without_hurdle(true, members, seed, amounts, chance)
}

/// The same; without a hurdle no stage is reached by what brings revenue, and nothing is paid.
pub fn with_or_without_hurdle(
    with_hurdle: bool,
    members: usize,
    seed: u64,
    amounts: &[u32],
    chance: impl Fn(f64, f64) -> f64,
) -> Log {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut csv = String::from("decision_id,member_id,hour,action,x,code,spend\n");
    for row in 0..members * 4 {
        let x = rng.random::<f64>() * 2.0 - 1.0;
        let amount = amounts[rng.random_range(0..amounts.len())];
        let action = if amount == 0 { "none".to_owned() } else { format!("cash_{amount}") };
        let spend = if rng.random::<f64>() < chance(x, f64::from(amount)) { [18, 30, 42][row % 3] } else { 0 };
        writeln!(csv, "d{row},m{:05},{},{action},{x},a,{spend}", row / 4, row % 4 * 10).unwrap();
    }
    ingest_log(&csv, VIEWS, with_hurdle)
}
