//! Streams of arrivals that shift, paced and held against the offline optimum of the same arrivals.
#![allow(dead_code)]

use super::common::Draws;
use guerdon_budget::{Allocation, Batch, Frontier, Limit, Pacer};
use std::f64::consts::TAU;

pub const OPTIONS: usize = 6;

/// Units for an arrival in every budget.
pub const EACH: f64 = 80.0;

/// The law of arrivals at one time: logarithms of worth and cost, and the part of members who are worth e times as much.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moment {
    pub worth: f64,
    pub dear: f64,
    pub keen: f64,
}

impl Moment {
    /// A moment `part` of the way from this one to another.
    fn towards(self, other: Moment, part: f64) -> Moment {
        let mix = |a: f64, b: f64| a + part * (b - a);
        Moment {
            worth: mix(self.worth, other.worth),
            dear: mix(self.dear, other.dear),
            keen: mix(self.keen, other.keen),
        }
    }
}

/// How the law moves over a stream, time running from 0 to 1.
pub type Path = Box<dyn Fn(f64) -> Moment>;

/// A slope over the whole stream and a jump in its middle, of worth and cost each, as logarithms; at drift 1 each is drawn
/// from ±0.5, so that what a unit buys may change by a factor of e² from one end to the other.
pub type Bends = [f64; 4];

pub fn bends(draws: &mut Draws, drift: f64) -> Bends {
    std::array::from_fn(|_| drift * (draws.unit() - 0.5))
}

pub fn bent([slope, dear, jump, dear_jump]: Bends) -> Path {
    Box::new(move |at| {
        let after = f64::from(u8::from(at > 0.5));
        let (worth, price) = (slope * (at - 0.5) + jump * (after - 0.5), dear * (at - 0.5) + dear_jump * (after - 0.5));
        Moment { worth, dear: price, keen: 0.0 }
    })
}

/// The shapes that [`shape`] knows. The last five are drawn by another generator than those that the pacer's constants were
/// chosen on; "ramp" and "growing waves" are of kinds that these had none of.
pub const SHAPES: [&str; 12] = [
    "no drift",
    "slope and jump",
    "slope",
    "step",
    "waves",
    "there and back",
    "random walk",
    "ramp",
    "three levels",
    "rushes",
    "kind of member",
    "growing waves",
];

/// A path of a named shape whose moves are of about the size of [`bends`]'.
pub fn shape(name: &str, draws: &mut Draws, drift: f64) -> Path {
    let both = |draws: &mut Draws| (drift * (draws.unit() - 0.5), drift * (draws.unit() - 0.5));
    let along = |(worth, dear): (f64, f64), curve: Box<dyn Fn(f64) -> f64>| -> Path {
        Box::new(move |at| Moment { worth: worth * curve(at), dear: dear * curve(at), keen: 0.0 })
    };
    match name {
        "no drift" => Box::new(|_| Moment::default()),
        "slope and jump" => bent(bends(draws, drift)),
        "slope" => along(both(draws), Box::new(|at| 2.0 * at - 1.0)),
        "step" => {
            let (size, place) = (both(draws), 0.1 + 0.8 * draws.unit());
            along(size, Box::new(move |at| if at > place { 1.0 } else { -1.0 }))
        }
        "waves" => {
            let (size, times, phase) = (both(draws), (1 + draws.below(7)) as f64, draws.unit());
            along(size, Box::new(move |at| (TAU * (times * at + phase)).sin()))
        }
        "there and back" => along(both(draws), Box::new(|at| 2.0 * (2.0 * at - 1.0).abs() - 1.0)),
        "random walk" => {
            let mut walk = vec![(0.0, 0.0)];
            for k in 0..100 {
                let (worth, dear): (f64, f64) = walk[k];
                walk.push((worth + 0.05 * drift * draws.normal(), dear + 0.05 * drift * draws.normal()));
            }
            Box::new(move |at| {
                let (worth, dear) = walk[((at * 100.0) as usize).min(100)];
                Moment { worth, dear, keen: 0.0 }
            })
        }
        "ramp" => {
            let (size, place, length) = (both(draws), 0.2 + 0.6 * draws.unit(), 0.02 + 0.1 * draws.unit());
            along(size, Box::new(move |at| ((at - place) / length).tanh()))
        }
        "three levels" => {
            let levels: [(f64, f64); 3] = std::array::from_fn(|_| both(draws));
            Box::new(move |at| {
                let (worth, dear) = levels[((at * 3.0) as usize).min(2)];
                Moment { worth, dear, keen: 0.0 }
            })
        }
        "rushes" => {
            let (size, starts) = (both(draws), [(); 4].map(|()| draws.unit()));
            along(size, Box::new(move |at| if starts.iter().any(|s| at > *s && at < s + 0.05) { 2.0 } else { 0.0 }))
        }
        "kind of member" => {
            let (slope, jump) = both(draws);
            Box::new(move |at| {
                let after = if at > 0.5 { 0.5 } else { -0.5 };
                Moment { keen: (0.4 + slope * (at - 0.5) + jump * after).clamp(0.0, 1.0), ..Moment::default() }
            })
        }
        "growing waves" => {
            let (size, times) = (both(draws), 2.0 + 3.0 * draws.unit());
            along(size, Box::new(move |at| 1.5 * at * (TAU * times * at).sin()))
        }
        other => panic!("no shape is called {other}"),
    }
}

/// Another path of the kind, `part` of the way from this one to `other`.
pub fn between(path: &Path, other: &Path, part: f64) -> impl Fn(f64) -> Moment {
    move |at| path(at).towards(other(at), part)
}

pub struct Stream {
    pub rows: Vec<([f64; OPTIONS], [f64; OPTIONS])>,
}

/// Arrivals along a path, value growing with cost to the given power.
pub fn stream(draws: &mut Draws, arrivals: usize, power: f64, path: impl Fn(f64) -> Moment) -> Stream {
    let rows = (0..arrivals).map(|t| {
        let now = path(t as f64 / arrivals as f64);
        let keen = now.keen > 0.0 && draws.unit() < now.keen;
        let (worth, price) = ((now.worth + f64::from(u8::from(keen))).exp(), now.dear.exp());
        let taste = (0.6 * draws.normal()).exp();
        let (mut values, mut costs) = ([0.0; OPTIONS], [0.0; OPTIONS]);
        for a in 1..OPTIONS {
            costs[a] = (100.0 * a as f64 * price * (0.7 + 0.6 * draws.unit())).round();
            values[a] = worth * taste * 10.0 * (a as f64).powf(power) * (0.5 + draws.unit()) - 3.0;
        }
        (values, costs)
    });
    Stream { rows: rows.collect() }
}

impl Stream {
    pub fn batches(&self) -> Vec<Batch> {
        let mut batches = Vec::new();
        for rows in self.rows.chunks(1024) {
            let mut batch = Batch::new(OPTIONS, 1, rows.len());
            rows.iter().for_each(|(v, c)| batch.push(v, c, 0).unwrap());
            batches.push(batch);
        }
        batches
    }

    pub fn budget(&self) -> f64 {
        EACH * self.rows.len() as f64
    }

    pub fn best(&self, budget: f64) -> Allocation {
        Allocation::solve(&self.batches(), &[Limit::at_most("budget", 0, budget)]).unwrap()
    }

    /// The price that spends [`EACH`] on average.
    pub fn price(&self) -> f64 {
        self.best(self.budget()).limits[0].price
    }

    /// The best with hindsight that spends alike in each of `parts`.
    pub fn even(&self, parts: usize) -> f64 {
        let chunks = self.rows.chunks(self.rows.len() / parts).map(|rows| Stream { rows: rows.to_vec() });
        chunks.map(|part| part.best(part.budget()).value).sum()
    }

    /// (value, spend) of a pacer over the stream.
    pub fn pace(&self, mut pacer: Pacer) -> (f64, f64) {
        let (mut value, mut spend) = (0.0, 0.0);
        for (values, costs) in &self.rows {
            let option = pacer.decide(values, costs).unwrap();
            pacer.charge(costs[option]).unwrap();
            value += values[option];
            spend += costs[option];
        }
        (value, spend)
    }

    /// The best values at 1/20th, 2/20ths ... 39/20ths of the budget, to within the steps of a fine grid of prices.
    fn curve(&self) -> Vec<f64> {
        let start = self.price();
        let prices: Vec<f64> = (-150..=150).map(|k| start * (f64::from(k) / 50.0).exp()).collect();
        let points = Frontier::at_prices(&self.batches(), &Limit::at_most("budget", 0, 1.0), &prices).unwrap().points;
        let value = |budget: f64| {
            let k = points.partition_point(|p| p.spend <= budget);
            match (k.checked_sub(1).map(|k| points[k]), points.get(k)) {
                (Some(a), Some(b)) => a.value + (budget - a.spend) / (b.spend - a.spend) * (b.value - a.value),
                (Some(all), None) => all.value,
                (None, _) => points[0].value * budget / points[0].spend,
            }
        };
        (1..40).map(|k| value(self.budget() * f64::from(k) / 20.0)).collect()
    }
}

/// What the best rule could get that sees the first half of a stream beforehand, and the second as soon as it begins, but
/// not beforehand by how much worth and cost jump in between: of the part of hindsight's value over `jumps` draws of the
/// jump, (the largest mean, the largest minimum) that some share of the budget for the first half gives.
pub fn unknowable(draws: &mut Draws, half: usize, jumps: usize) -> (f64, f64) {
    let [slope, dear, ..] = bends(draws, 1.0);
    let trend = move |at: f64| Moment { worth: slope * (at - 0.5), dear: dear * (at - 0.5), keen: 0.0 };
    let first = stream(draws, half, 0.5, |at| trend(at / 2.0)).curve();
    let mut parts: Vec<Vec<f64>> = Vec::new();
    for _ in 0..jumps {
        let [.., jump, dear_jump] = bends(draws, 1.0);
        let after = move |at: f64| {
            let now = trend(0.5 + at / 2.0);
            Moment { worth: now.worth + jump, dear: now.dear + dear_jump, keen: 0.0 }
        };
        let second = stream(draws, half, 0.5, after).curve();
        let all: Vec<f64> = (0..39).map(|k| first[k] + second[38 - k]).collect();
        let best = all.iter().copied().fold(f64::MIN, f64::max);
        parts.push(all.into_iter().map(|value| value / best).collect());
    }
    let mean = |k: usize| parts.iter().map(|part| part[k]).sum::<f64>() / jumps as f64;
    let least = |k: usize| parts.iter().map(|part| part[k]).fold(f64::INFINITY, f64::min);
    let top = |f: &dyn Fn(usize) -> f64| (0..39).map(f).fold(f64::MIN, f64::max);
    (top(&mean), top(&least))
}

/// Mean and minimum of what is added.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    sum: f64,
    count: f64,
    pub least: f64,
}

impl Default for Parts {
    fn default() -> Self {
        Parts { sum: 0.0, count: 0.0, least: f64::INFINITY }
    }
}

impl Parts {
    pub fn add(&mut self, part: f64) {
        self.sum += part;
        self.count += 1.0;
        self.least = self.least.min(part);
    }

    pub fn mean(&self) -> f64 {
        self.sum / self.count
    }
}
