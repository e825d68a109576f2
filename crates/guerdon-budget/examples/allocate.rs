//! Allocates a budget over synthetic members that are made on the fly: `allocate [members] [several]`.
//! Prints seconds, seconds for a million members, the gap and the peak memory.

use guerdon_budget::{Allocation, Batch, Limit, Members};
use guerdon_core::Result;
use std::borrow::Cow;
use std::time::Instant;

const OPTIONS: usize = 24;
const ROWS: u64 = 4096;

/// Members whose options come from a hash of their number.
struct Synthetic {
    members: u64,
    resources: usize,
}

fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn unit(x: u64) -> f64 {
    (mix(x) >> 11) as f64 / (1u64 << 53) as f64
}

impl Members for Synthetic {
    type Part = u64;

    fn parts(&self) -> impl Iterator<Item = Result<u64>> {
        (0..self.members.div_ceil(ROWS)).map(Ok)
    }

    fn batch(&self, part: u64) -> Result<Cow<'_, Batch>> {
        let rows = part * ROWS..((part + 1) * ROWS).min(self.members);
        let mut batch = Batch::new(OPTIONS, self.resources, ROWS as usize);
        let (mut values, mut costs) = ([0.0; OPTIONS], vec![0.0; OPTIONS * self.resources]);
        for member in rows {
            let taste = 200.0 + 800.0 * unit(member ^ 0xabcd_0000_0000_0000);
            for option in 1..OPTIONS {
                let u = unit(member * OPTIONS as u64 + option as u64);
                // Cost in whole minor units; value grows with the square root of it.
                let cost = (50.0 * option as f64 * (0.5 + u)).floor();
                costs[option] = cost;
                values[option] = taste * (cost / 1000.0).sqrt() * (0.5 + unit(member * 31 + option as u64)) - 60.0;
                if self.resources > 1 {
                    costs[OPTIONS + option] = if option % 3 == 0 { 1.0 } else { 0.0 };
                }
            }
            batch.push(&values, &costs, 1 << (member % 4))?;
        }
        Ok(Cow::Owned(batch))
    }
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or("VmHWM: unknown").to_owned()
}

fn main() -> Result<()> {
    let members: u64 = std::env::args().nth(1).and_then(|x| x.parse().ok()).unwrap_or(1_000_000);
    let several = std::env::args().nth(2).is_some();
    let n = members as f64;
    let mut limits = vec![Limit::at_most("budget", 0, (150.0 * n).floor())];
    if several {
        limits.push(Limit::at_most("sends", 1, (0.25 * n).floor()));
        limits.push(Limit::at_least("spend in segment 2", 0, (45.0 * n).floor()).within(2));
    }
    let members = Synthetic { members, resources: if several { 2 } else { 1 } };
    let started = Instant::now();
    let best = Allocation::solve(&members, &limits)?;
    let seconds = started.elapsed().as_secs_f64();
    println!("members {} options {OPTIONS} threads {}", best.members, rayon::current_num_threads());
    println!("value {} bound {} gap {:.3e}", best.value, best.bound, best.gap());
    for (given, limit) in limits.iter().zip(&best.limits) {
        println!(
            "{}: used {} of {:?}..{:?}, price {}",
            limit.name, limit.used, given.at_least, given.at_most, limit.price
        );
    }
    println!("seconds {seconds:.2}, for a million members {:.3}", seconds / n * 1e6);
    println!("{}", peak());
    let started = Instant::now();
    let (mut read, mut something) = (0u64, 0u64);
    best.choices(&members, |_, option| {
        read += 1;
        something += u64::from(option > 0);
        Ok(())
    })?;
    println!("choices {read}, of them not none {something}, seconds {:.2}", started.elapsed().as_secs_f64());
    Ok(())
}
