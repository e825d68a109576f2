//! How fast rows are summed, and in how much memory.

use crate::world::{ACTIONS, LIKE_BANDIT24, World};
use guerdon_ope::{Estimator, Evaluation, Row};
use rayon::prelude::*;
use std::time::Instant;

/// Rows of one part; parts are summed side by side and merged in order.
const PART: usize = 65_536;

/// The seven estimators that the Open Bandit Pipeline's figure is for.
const SEVEN: [&str; 7] = ["dm", "ips", "snips", "dr", "sndr", "switch_dr=5", "dros=100"];

/// Rows as slices, as a log in memory has them.
struct Table {
    action: Vec<usize>,
    propensity: Vec<f64>,
    reward: Vec<f64>,
    target: Vec<f64>,
    q_hat: Vec<f64>,
}

impl Table {
    fn of(rows: usize) -> Table {
        let mut table = Table { action: vec![], propensity: vec![], reward: vec![], target: vec![], q_hat: vec![] };
        World { rows: rows.min(50_000), ..LIKE_BANDIT24 }.each_row(1, |_, row| {
            table.action.push(row.action);
            table.propensity.push(row.propensity);
            table.reward.push(row.reward);
            table.target.extend(row.target);
            table.q_hat.extend(row.q_hat.unwrap_or_default());
        });
        let drawn = table.action.len();
        for row in drawn..rows {
            let from = row % drawn;
            table.action.push(table.action[from]);
            table.propensity.push(table.propensity[from]);
            table.reward.push(table.reward[from]);
            table.target.extend_from_within(from * ACTIONS..(from + 1) * ACTIONS);
            table.q_hat.extend_from_within(from * ACTIONS..(from + 1) * ACTIONS);
        }
        table
    }

    fn row(&self, row: usize) -> Row<'_> {
        let of = row * ACTIONS..(row + 1) * ACTIONS;
        Row {
            reward: self.reward[row],
            propensity: self.propensity[row],
            action: self.action[row],
            target: &self.target[of.clone()],
            q_hat: Some(&self.q_hat[of]),
            eligible: None,
            logging: None,
        }
    }
}

/// Sums `rows` rows of which up to a million lie in memory and are seen again and again, each time as new members.
pub fn speed(rows: usize) {
    let estimators: Vec<Estimator> = SEVEN.iter().filter_map(|name| name.parse().ok()).collect();
    let table = Table::of(rows.min(1_000_000));
    let held = table.action.len();
    let before = memory();
    for threads in [1, rayon::current_num_threads()] {
        let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(threads).build() else { return };
        let mut seconds: Vec<f64> = vec![];
        let mut value = 0.0;
        for _ in 0..if rows > 10_000_000 { 1 } else { 5 } {
            let start = Instant::now();
            let all = pool.install(|| sum(&table, rows, held, &estimators));
            value = all.estimates(0.95)[3].value.unwrap_or(f64::NAN);
            seconds.push(start.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        let median = seconds[seconds.len() / 2];
        println!(
            "{rows} rows × {ACTIONS} actions, seven estimators with intervals, {threads} thread(s): median {median:.3} s, \
             {:.2} million rows a second and thread; DR {value:.6}",
            rows as f64 / median / threads as f64 / 1e6
        );
    }
    if let (Some(before), Some(after)) = (before, memory()) {
        println!("memory beyond the rows: {:.1} MiB", (after - before) as f64 / 1024.0);
    }
}

fn sum(table: &Table, rows: usize, held: usize, estimators: &[Estimator]) -> Evaluation {
    let parts = rows.div_ceil(PART);
    let mut all = Evaluation::new(estimators, ACTIONS);
    // So many at once, so that parts don't pile up.
    for first in (0..parts).step_by(64) {
        let some: Vec<Evaluation> = (first..parts.min(first + 64))
            .into_par_iter()
            .map(|part| {
                let mut evaluation = Evaluation::new(estimators, ACTIONS);
                for row in part * PART..rows.min((part + 1) * PART) {
                    evaluation.push(row as u64, &table.row(row % held));
                }
                evaluation
            })
            .collect();
        some.into_iter().for_each(|part| all.merge(part));
    }
    all
}

/// Largest resident memory of this process so far, in KiB; `None` where the system does not tell.
pub fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().split(' ').next()?.parse().ok()
}
