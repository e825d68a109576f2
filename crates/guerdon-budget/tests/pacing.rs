//! Pacing against the offline optimum of the same arrivals: 50 streams with drift and a jump in the middle.

mod common;

use common::Draws;
use guerdon_budget::{Allocation, Batch, Forecast, Limit, Pacer};

const OPTIONS: usize = 6;

struct Stream {
    rows: Vec<([f64; OPTIONS], [f64; OPTIONS])>,
}

/// How worth and cost move: a slope over the whole stream and a jump in its middle of each, as logarithms. At drift 1 each
/// is drawn from ±0.5, so that what a unit buys may change by a factor of e² from one end to the other.
type Path = [f64; 4];

fn path(draws: &mut Draws, drift: f64) -> Path {
    std::array::from_fn(|_| drift * (draws.unit() - 0.5))
}

/// `drift` 0 gives arrivals that are all alike in law.
fn stream(draws: &mut Draws, arrivals: usize, drift: f64) -> Stream {
    let path = path(draws, drift);
    along(draws, arrivals, path)
}

fn along(draws: &mut Draws, arrivals: usize, [slope, dear, jump, dear_jump]: Path) -> Stream {
    let rows = (0..arrivals).map(|t| {
        let at = t as f64 / arrivals as f64;
        let after = f64::from(u8::from(at > 0.5));
        let worth = (slope * (at - 0.5) + jump * (after - 0.5)).exp();
        let price = (dear * (at - 0.5) + dear_jump * (after - 0.5)).exp();
        let taste = (0.6 * draws.normal()).exp();
        let (mut values, mut costs) = ([0.0; OPTIONS], [0.0; OPTIONS]);
        for a in 1..OPTIONS {
            costs[a] = (100.0 * a as f64 * price * (0.7 + 0.6 * draws.unit())).round();
            values[a] = worth * taste * 10.0 * (a as f64).sqrt() * (0.5 + draws.unit()) - 3.0;
        }
        (values, costs)
    });
    Stream { rows: rows.collect() }
}

impl Stream {
    fn batches(&self) -> Vec<Batch> {
        let mut batches = Vec::new();
        for rows in self.rows.chunks(1024) {
            let mut batch = Batch::new(OPTIONS, 1, rows.len());
            rows.iter().for_each(|(v, c)| batch.push(v, c, 0).unwrap());
            batches.push(batch);
        }
        batches
    }

    fn best(&self, budget: f64) -> Allocation {
        Allocation::solve(&self.batches(), &[Limit::at_most("budget", 0, budget)]).unwrap()
    }

    /// (value, spend) of a pacer over the stream.
    fn pace(&self, mut pacer: Pacer) -> (f64, f64) {
        let (mut value, mut spend) = (0.0, 0.0);
        for (values, costs) in &self.rows {
            let option = pacer.decide(values, costs).unwrap();
            pacer.charge(costs[option]).unwrap();
            value += values[option];
            spend += costs[option];
        }
        (value, spend)
    }
}

/// Runs 50 streams; (mean, minimum) of the part of hindsight's value that pacing got.
fn fifty(drift: f64, wrong: f64, seed: u64) -> (f64, f64) {
    let (mut sum, mut least) = (0.0, f64::INFINITY);
    for k in 0..50 {
        let mut draws = Draws::new(seed + k);
        let past = stream(&mut draws, 5_000, 0.0);
        // The real number of arrivals is off from the expected one by up to `wrong`.
        let arrivals = 20_000;
        let expected = (20_000.0 * (1.0 + wrong * (2.0 * draws.unit() - 1.0))) as u64;
        let now = stream(&mut draws, arrivals, drift);
        let budget = 80.0 * arrivals as f64;
        let start = past.best(80.0 * 5_000.0).limits[0].price;
        let hindsight = now.best(budget);
        assert!(hindsight.limits[0].price > 0.0, "the budget must bind");
        let (value, spend) = now.pace(Pacer::new(budget, expected, start).unwrap());
        assert!(spend <= budget, "stream {k}: {spend} of {budget}");
        let part = value / hindsight.value;
        sum += part;
        least = least.min(part);
    }
    println!("drift {drift}, expected arrivals off by {wrong}: mean {:.4}, minimum {least:.4}", sum / 50.0);
    (sum / 50.0, least)
}

#[test]
fn pacing_over_fifty_streams() {
    // (drift, arrivals off by, mean at least, minimum at least): what was reached, with a little room. 98 % on every stream
    // holds without drift; with half the drift only the mean holds it, with more not even that.
    for (drift, wrong, mean_least, each_least) in [
        (0.0, 0.0, 0.995, 0.99),
        (0.5, 0.0, 0.98, 0.96),
        (1.0, 0.0, 0.97, 0.88),
        (0.5, 0.1, 0.96, 0.92),
        (0.5, 0.3, 0.91, 0.83),
    ] {
        let (mean, least) = fifty(drift, wrong, 40_000);
        assert!(mean >= mean_least && least >= each_least, "drift {drift}, off {wrong}: {mean} {least}");
    }
}

/// The scenario of the claim: arrivals drift at full strength (see [`Path`]), and the pacer knows last season: a quarter as
/// many arrivals of other members, which drifted alike but for each slope and jump being off by up to `off` of the ±0.5 that
/// they are drawn from. At `off` 1 last season says nothing of this one's direction.
fn seasons(off: f64) -> (f64, f64) {
    let (mut sum, mut least) = (0.0, f64::INFINITY);
    for k in 0..50 {
        let mut draws = Draws::new(50_000 + k);
        let now = path(&mut draws, 1.0);
        let before = now.map(|x| x + off * (draws.unit() - 0.5));
        let past = along(&mut draws, 5_000, before);
        let now = along(&mut draws, 20_000, now);
        let forecast = Forecast::of(&past.batches(), &Limit::at_most("budget", 0, 80.0 * 5_000.0), 20).unwrap();
        let budget = 80.0 * 20_000.0;
        let (value, spend) = now.pace(Pacer::following(budget, 20_000, &forecast).unwrap());
        assert!(spend <= budget, "stream {k}: {spend} of {budget}");
        let part = value / now.best(budget).value;
        sum += part;
        least = least.min(part);
    }
    println!("full drift, last season off by {off}: mean {:.4}, minimum {least:.4}", sum / 50.0);
    (sum / 50.0, least)
}

#[test]
fn with_last_season_for_a_forecast_every_shifting_stream_gets_98_percent_of_hindsight() {
    // (off by, minimum at least): what was reached, with a little room.
    for (off, each_least) in [(0.0, 0.99), (0.25, 0.98), (0.5, 0.965)] {
        let (mean, least) = seasons(off);
        assert!(mean >= 0.985 && least >= each_least, "off {off}: {mean} {least}");
    }
}

/// Why a forecast is needed: with all the hindsight in the world, spending half the budget in each half loses as much.
#[test]
fn spending_evenly_costs_what_pacing_without_a_forecast_costs() {
    let (mut even, mut paced, mut whole) = (0.0, 0.0, 0.0);
    for k in 0..50 {
        let mut draws = Draws::new(60_000 + k);
        let start = stream(&mut draws, 5_000, 0.0).best(80.0 * 5_000.0).limits[0].price;
        let now = stream(&mut draws, 20_000, 1.0);
        let halves = now.rows.chunks(10_000).map(|rows| Stream { rows: rows.to_vec() }.best(800_000.0).value);
        let best = now.best(1_600_000.0).value;
        even += halves.sum::<f64>() / best;
        paced += now.pace(Pacer::new(1_600_000.0, 20_000, start).unwrap()).0 / best;
        whole += 1.0;
    }
    let (even, paced) = (even / whole, paced / whole);
    println!("full drift, no forecast: paced {paced:.4}, best with half the budget in each half {even:.4}");
    assert!(even < 0.99 && paced > even - 0.01, "{even} {paced}");
}

#[test]
fn a_wrong_first_price_is_left_behind() {
    let mut draws = Draws::new(8);
    let now = stream(&mut draws, 20_000, 0.0);
    let best = now.best(1_600_000.0);
    for factor in [0.1, 10.0] {
        let pacer = Pacer::new(1_600_000.0, 20_000, best.limits[0].price * factor).unwrap();
        let (value, _) = now.pace(pacer);
        println!("first price x {factor}: {:.4} of hindsight", value / best.value);
        assert!(value >= 0.9 * best.value);
    }
}

#[test]
fn a_stored_pacer_goes_on_where_it_stood() {
    let now = stream(&mut Draws::new(9), 400, 0.3);
    let mut pacer = Pacer::new(20_000.0, 400, 0.1).unwrap();
    for (values, costs) in &now.rows[..200] {
        let option = pacer.decide(values, costs).unwrap();
        pacer.charge(costs[option]).unwrap();
    }
    let stored: Pacer = serde_json::from_str(&serde_json::to_string(&pacer).unwrap()).unwrap();
    assert_eq!(stored, pacer);
    let rest = Stream { rows: now.rows[200..].to_vec() };
    assert_eq!(rest.pace(stored), rest.pace(pacer));
}

#[test]
fn nothing_is_spent_beyond_the_budget_whatever_is_asked() {
    let now = stream(&mut Draws::new(10), 3_000, 1.0);
    for budget in [0.0, 1.0, 99.0, 5_000.0] {
        for price in [1e-9, 1.0] {
            let (value, spend) = now.pace(Pacer::new(budget, 10, price).unwrap());
            assert!(spend <= budget && value >= 0.0);
        }
    }
}
