//! What the intervals and the automatic choice are worth, by simulation from worlds with known truth:
//! `cargo run --release -p guerdon-ope --example study -- coverage [logs]`, or `choice [logs]`; how like the
//! bandit24 log the world of the coverage study is, `world`; how fast sums are made, `speed [rows]`; and what the likelihoods
//! need on a long log, `cells [rows]`.

mod speed;
mod world;

use guerdon_core::Seed;
use guerdon_ope::bounds::{
    BettingSequence, ConfidenceSequence, Interval, RewardRange, WeightRange, WeightedCells, WeightedRewards,
};
use guerdon_ope::{Estimate, Estimator, Evaluation, Wanted};
use rayon::prelude::*;
use std::time::Instant;
use world::{ACTIONS, BANDIT24, LIKE_BANDIT24, WORLDS, World, open};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let logs = words.get(1).and_then(|text| text.parse().ok());
    match words.first().map(String::as_str) {
        Some("coverage") => coverage(logs.unwrap_or(1_000)),
        Some("world") => like(),
        Some("cells") => cells(logs.unwrap_or(10_000_000)),
        Some("choice") => choice(logs.unwrap_or(400)),
        Some("speed") => speed::speed(logs.unwrap_or(1_000_000) as usize),
        _ => println!("coverage [logs], choice [logs], world, cells [rows] or speed [rows]"),
    }
}

/// The coverage study's world beside the log that it is like.
fn like() {
    println!("{:<30} {:>8} {:>8}", "", "world", "log");
    for ((name, world), (_, log)) in LIKE_BANDIT24.moments(400_000).each().into_iter().zip(BANDIT24.each()) {
        println!("{name:<30} {world:>8.4} {log:>8.4}");
    }
}

/// Coverage and mean width of nominal 95 % intervals.
fn coverage(logs: u64) {
    let world = LIKE_BANDIT24;
    let truth = world.truth(1_000_000);
    let names = ["ips", "snips", "dr", "sndr", "dr_cv", "ips_clip=1000", "switch_dr=1000", "dros=1e12"];
    let estimators: Vec<Estimator> = names.iter().filter_map(|name| name.parse().ok()).collect();
    let certificate = world.evaluate(0, Evaluation::new(&estimators, ACTIONS)).certificate();
    println!(
        "{} rows, V = {truth:.4}; ESS {:.0}, largest weight {:.1}, tail k {:.2}",
        world.rows,
        certificate.ess,
        certificate.max_weight,
        certificate.tail_shape.unwrap_or(f64::NAN)
    );
    for (kind, resamples) in [("delta method", None), ("bootstrap", Some(2_000))] {
        let all: Vec<Vec<Estimate>> = (1..=logs)
            .into_par_iter()
            .map(|seed| {
                let evaluation = Evaluation::new(&estimators, ACTIONS).with_gates(open());
                let evaluation = match resamples {
                    Some(resamples) => evaluation.with_bootstrap(resamples, Seed(seed)),
                    None => evaluation,
                };
                world.evaluate(seed, evaluation).estimates(0.95)
            })
            .collect();
        println!("{kind:<14} {:>16} {:>9} {:>8} {:>8}", "estimator", "coverage", "width", "2·1.96·RMSE");
        for (place, estimator) in estimators.iter().enumerate() {
            let of: Vec<&Estimate> = all.iter().map(|estimates| &estimates[place]).collect();
            let ends = |e: &Estimate| e.lower.zip(e.upper).unwrap_or((f64::NAN, f64::NAN));
            let inside = of.iter().filter(|e| (ends(e).0..=ends(e).1).contains(&truth)).count();
            let width = of.iter().map(|e| ends(e).1 - ends(e).0).sum::<f64>() / of.len() as f64;
            let rmse = rmse(of.iter().filter_map(|e| e.value), truth);
            println!(
                "{:<14} {:>16} {:>9.3} {:>8.4} {:>8.4}",
                "",
                estimator.to_string(),
                inside as f64 / of.len() as f64,
                width,
                2.0 * 1.96 * rmse
            );
        }
    }
    bounds(&world, truth, logs);
}

/// Coverage and mean width of the intervals that hold for finite samples, at any time, or by likelihood.
fn bounds(world: &World, truth: f64, logs: u64) {
    let names = [
        "Hoeffding",
        "empirical Bernstein",
        "Clopper-Pearson",
        "empirical likelihood",
        "Cressie-Read",
        "Cressie-Read, w known",
        "cautious likelihood",
        "confidence sequence",
        "betting sequence",
    ];
    // 0.1/24 of every action is logged at least.
    let (known, open, unit) = match (WeightRange::new(0.0, 240.0), RewardRange::new(0.0, 1.0)) {
        (Ok(known), Ok(unit)) => (known, WeightRange::NON_NEGATIVE, unit),
        _ => return,
    };
    let all: Vec<Vec<Option<Interval>>> = (1..=logs)
        .into_par_iter()
        .map(|seed| {
            let (mut sums, mut cells) = (WeightedRewards::default(), WeightedCells::default());
            let mut sequence = ConfidenceSequence::new(unit);
            let (mut betting, mut failed) = (BettingSequence::new(unit, 500).ok(), false);
            world.each_row(seed, |_, row| {
                let (w, r) = (row.terms().weight, row.reward);
                let pushed = sums.push(w, r).and(cells.push(w, r)).and(sequence.push(w, r));
                failed |= pushed.is_err() || betting.as_mut().is_some_and(|betting| betting.push(w, r).is_err());
            });
            if failed {
                return vec![None; names.len()];
            }
            vec![
                sums.hoeffding(&known, &unit, 0.05).ok(),
                sums.empirical_bernstein(&known, &unit, 0.05).ok(),
                sums.clopper_pearson(&known, &unit, 0.05).ok(),
                cells.empirical_likelihood_interval(0.05).ok(),
                sums.cressie_read_interval(&open, &unit, 0.05).ok(),
                sums.cressie_read_interval(&known, &unit, 0.05).ok(),
                cells.cautious_likelihood_interval(&open, &unit, 0.05).ok(),
                sequence.interval(0.05).ok(),
                betting.and_then(|betting| betting.interval(0.05).ok()),
            ]
        })
        .collect();
    println!("{:<14} {:>22} {:>9} {:>8}", "others", "interval", "coverage", "width");
    for (place, name) in names.iter().enumerate() {
        let of: Vec<Interval> = all.iter().filter_map(|log| log[place]).collect();
        let inside = of.iter().filter(|interval| interval.contains(truth)).count();
        let width = of.iter().map(Interval::width).sum::<f64>() / of.len() as f64;
        let share = inside as f64 / logs as f64;
        println!("{:<14} {name:>22} {share:>9.3} {width:>8.4}", "");
    }
}

/// How many cells hold a long log of the world with heavy-tailed spend, and how long both likelihoods take.
fn cells(rows: u64) {
    let Some(world) = WORLDS.iter().find(|world| world.name == "heavy spend") else { return };
    let (mut cells, start, rows_of_part) = (WeightedCells::default(), Instant::now(), 50_000);
    let mut failed = None;
    for part in 0..rows.div_ceil(rows_of_part) {
        World { rows: rows_of_part as usize, ..*world }.each_row(part, |_, row| {
            failed = failed.take().or(cells.push(row.terms().weight, row.reward).err());
        });
    }
    let (filled, start) = (start.elapsed().as_secs_f64(), Instant::now());
    println!(
        "{} rows in {} cells of relative width {:.1e}, drawn and counted in {filled:.1} s{}",
        cells.events(),
        cells.cells(),
        cells.width(),
        failed.map(|error| format!("; {error}")).unwrap_or_default()
    );
    println!("{:?} in {:.2} s", cells.empirical_likelihood_interval(0.05), start.elapsed().as_secs_f64());
    let start = Instant::now();
    let Ok(rewards) = RewardRange::new(0.0, 1e4) else { return };
    let cautious = cells.cautious_likelihood_interval(&WeightRange::NON_NEGATIVE, &rewards, 0.05);
    println!(
        "{cautious:?} in {:.2} s; most memory held: {} KiB",
        start.elapsed().as_secs_f64(),
        speed::memory().unwrap_or(0)
    );
}

fn rmse(values: impl Iterator<Item = f64>, truth: f64) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    for value in values {
        sum += (value - truth).powi(2);
        n += 1.0;
    }
    f64::sqrt(sum / n)
}

/// RMSE of the automatic choice beside every fixed estimator.
fn choice(logs: u64) {
    let mut wanted = vec![Wanted::Automatic];
    let fixed = [
        "dm",
        "ips",
        "snips",
        "dr",
        "sndr",
        "dr_cv",
        "switch_dr=5",
        "switch_dr=10",
        "switch_dr=20",
        "switch_dr=50",
        "dros=100",
        "dros=1000",
        "dros=10000",
        "dr_clip=10",
        "ips_clip=10",
        "ips_clip=20",
        "sg_dr=0.01",
        "sg_dr=0.05",
        "mips=kind+amount",
        "switch_dr",
        "dros",
        "switch_dr:mse",
        "dros:mse",
    ];
    wanted.extend(fixed.iter().filter_map(|name| name.parse::<Wanted>().ok()));
    let mut table: Vec<Vec<f64>> = vec![vec![]; wanted.len()];
    for world in WORLDS {
        let truth = world.truth(400_000);
        for (place, error) in errors(&world, &wanted, logs, truth).into_iter().enumerate() {
            table[place].push(error);
        }
    }
    print!("{:<18}", "RMSE × 1000");
    WORLDS.iter().for_each(|world| print!("{:>18}", world.name));
    println!("{:>10}{:>10}", "mean", "relative");
    let best: Vec<f64> =
        (0..WORLDS.len()).map(|world| table.iter().map(|errors| errors[world]).fold(f64::INFINITY, f64::min)).collect();
    for (wanted, errors) in wanted.iter().zip(&table) {
        print!("{:<18}", wanted.to_string());
        errors.iter().for_each(|error| print!("{:>18.2}", 1000.0 * error));
        let n = errors.len() as f64;
        let relative = errors.iter().zip(&best).map(|(error, best)| error / best).sum::<f64>() / n;
        println!("{:>10.2}{relative:>10.3}", 1000.0 * errors.iter().sum::<f64>() / n);
    }
}

/// RMSE of each wanted number over `logs` logs; gates are off, so that every log counts.
fn errors(world: &World, wanted: &[Wanted], logs: u64, truth: f64) -> Vec<f64> {
    let gates = open();
    let all: Vec<Vec<f64>> = (1..=logs)
        .into_par_iter()
        .map(|seed| {
            let evaluation = Evaluation::wanting(wanted, true, ACTIONS).with_gates(gates);
            let answers = world.evaluate(seed, evaluation).answers(wanted, 0.95);
            answers.iter().map(|estimate| estimate.value.unwrap_or(f64::NAN)).collect()
        })
        .collect();
    (0..wanted.len()).map(|place| rmse(all.iter().map(|values| values[place]), truth)).collect()
}
