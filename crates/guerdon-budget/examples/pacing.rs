//! What pacing reaches of hindsight's value on streams of many shapes: `pacing [streams a shape] [first seed] [drift] [power]`.
//! Prints mean and minimum in percent: the best with hindsight that spends alike in each half and in each twentieth; pacing
//! evenly; pacing with a price from past members who are like the stream as a whole, like its start, or off it by a level;
//! pacing with a forecast that is off by a quarter, and one of a season that went the other way. Then what no rule can know,
//! and the time of a decision.

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/common/streams.rs"]
mod streams;

use common::Draws;
use guerdon_budget::{Forecast, Limit, Pacer};
use std::time::Instant;
use streams::{Moment, Parts, Path, SHAPES, Stream, between, shape, stream, unknowable};

const ARRIVALS: usize = 20_000;
const PAST: usize = 5_000;
const COLUMNS: [&str; 8] = ["halves", "twentieths", "evenly", "past", "past=start", "past off", "forecast", "reversed"];

fn forecast(past: &Stream) -> Forecast {
    Forecast::of(&past.batches(), &Limit::at_most("budget", 0, past.budget()), 20).unwrap()
}

fn main() {
    let given: Vec<f64> = std::env::args().skip(1).filter_map(|x| x.parse().ok()).collect();
    let or = |k: usize, other: f64| given.get(k).copied().unwrap_or(other);
    let (streams, seed, drift, power) = (or(0, 20.0) as u64, or(1, 1.0) as u64, or(2, 1.0), or(3, 0.5));
    println!("{streams} streams a shape from seed {seed}, drift {drift}, value grows with cost^{power}");
    println!("{:>14} {}", "", COLUMNS.map(|c| format!("{c:>12}")).join(" "));
    let mut all = [Parts::default(); COLUMNS.len()];
    for name in SHAPES {
        let mut columns = [Parts::default(); COLUMNS.len()];
        for k in 0..streams {
            let reached = reached(name, &mut Draws::new(seed * 1_000_000 + k), drift, power);
            for ((column, all), part) in columns.iter_mut().zip(&mut all).zip(reached) {
                column.add(part);
                all.add(part);
            }
        }
        print(name, &columns);
    }
    print("all", &all);
    let (mut mean, mut least) = (Parts::default(), Parts::default());
    for k in 0..streams {
        let (most, surest) = unknowable(&mut Draws::new(seed * 1_000_000 + 500_000 + k), ARRIVALS / 2, 24);
        mean.add(most);
        least.add(surest);
    }
    println!("slope and jump, jump unknown: no rule's mean is above {:.2},", 100.0 * mean.mean());
    println!(
        "nor its minimum over 24 jumps above {:.2} (mean over first halves; least {:.2})",
        100.0 * least.mean(),
        100.0 * least.least
    );
    time();
}

fn print(name: &str, columns: &[Parts]) {
    let cells = columns.iter().map(|c| format!("{:>6.2} {:>5.1}", 100.0 * c.mean(), 100.0 * c.least));
    println!("{name:>14} {}", cells.collect::<Vec<_>>().join(" "));
}

/// The columns of one stream.
fn reached(name: &str, draws: &mut Draws, drift: f64, power: f64) -> [f64; COLUMNS.len()] {
    let (path, other): (Path, Path) = (shape(name, draws, drift), shape(name, draws, drift));
    let keen = if name == "kind of member" { 0.4 } else { 0.0 };
    let calm = Moment { keen, ..Moment::default() };
    let off = Moment { worth: drift * (draws.unit() - 0.5), dear: drift * (draws.unit() - 0.5), keen };
    let begin = path(0.0);
    let now = stream(draws, ARRIVALS, power, &path);
    let mut price = |at: Moment| stream(draws, PAST, power, |_| at).price();
    let (past, start, elsewhere) = (price(calm), price(begin), price(off));
    let alike = forecast(&stream(draws, PAST, power, between(&path, &other, 0.25)));
    let turned = |at: f64| {
        let m = path(at);
        Moment { worth: -m.worth, dear: -m.dear, keen: 2.0 * keen - m.keen }
    };
    let reversed = forecast(&stream(draws, PAST, power, turned));
    let (budget, expected) = (now.budget(), ARRIVALS as u64);
    let best = now.best(budget).value;
    let new = |price: f64| Pacer::new(budget, expected, price).unwrap();
    let paced = |pacer: Pacer| {
        let (value, spend) = now.pace(pacer);
        assert!(spend <= budget, "{name}: {spend} of {budget}");
        value / best
    };
    [
        now.even(2) / best,
        now.even(20) / best,
        paced(new(past).with_trust(0.0)),
        paced(new(past)),
        paced(new(start)),
        paced(new(elsewhere)),
        paced(Pacer::following(budget, expected, &alike).unwrap()),
        paced(Pacer::following(budget, expected, &reversed).unwrap()),
    ]
}

fn time() {
    let mut draws = Draws::new(3);
    let now = stream(&mut draws, ARRIVALS, 0.5, |_| Moment::default());
    let pacer = Pacer::new(now.budget(), ARRIVALS as u64, now.price()).unwrap();
    let started = Instant::now();
    let times = 20;
    let value: f64 = (0..times).map(|_| now.pace(pacer.clone()).0).sum();
    let each = started.elapsed().as_secs_f64() / f64::from(times) / ARRIVALS as f64;
    println!("decide and charge, {} options: {:.0} ns an arrival (value {value:.0})", streams::OPTIONS, each * 1e9);
}
