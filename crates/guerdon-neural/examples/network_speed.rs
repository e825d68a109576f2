//! How fast an ensemble trains: `network_speed [ROWS] [EPOCHS] [MEMBERS] [THREADS]` trains networks side by side on made-up
//! rows (64 inputs, 128 and 128 units, 3 heads of 24 actions that share 20 traits, batches of 256) and prints wall
//! seconds. `benches/peers/network_speed.py` does the same work in PyTorch.

use guerdon_core::{Error, NoProgress, Result, Seed};
use guerdon_neural::{Dataset, Device, HeadWeights, Hyperparameters, Layout, Run, Shape, Summary, fit_all};
use std::time::Instant;

const INPUTS: usize = 64;
const ACTIONS: usize = 24;
const HEADS: usize = 3;
const TRAITS: usize = 20;

fn data(rows: usize) -> Dataset {
    let mut data = Dataset::new(Layout { inputs: INPUTS, heads: HEADS, actions: ACTIONS, revenue_stage: None });
    let draws = Seed(1).named("rows");
    for row in 0..rows {
        let draw = draws.indexed(row as u64);
        let mut uniform = (0..).map(|place| draw.uniform_indexed(place) as f32);
        let mut next = || uniform.next().unwrap_or_default();
        data.x.extend((0..INPUTS).map(|_| 2.0 * next() - 1.0));
        data.action.push((next() * ACTIONS as f32) as u16);
        data.targets.extend([f32::from(u8::from(next() < 0.3)), f32::from(u8::from(next() < 0.1)), 10.0 * next()]);
        data.validation.push(false);
        data.member.push(draw.0);
    }
    data
}

fn main() -> Result<()> {
    let mut sizes = [51_200, 2, 5, 2];
    for (size, given) in sizes.iter_mut().zip(std::env::args().skip(1)) {
        *size = given.parse().map_err(|_| Error::config("network_speed", "argument", &given, "a whole number"))?;
    }
    let [rows, epochs, members, threads] = sizes;
    let data = data(rows);
    let hyper = Hyperparameters {
        rate: 0.004,
        warm_up: 0.1,
        weight_decay: 0.5,
        clip: 1.0,
        batch: 256,
        epochs,
        patience: 6,
        weights: HeadWeights { reach: 1.0, paid: 1.0, revenue: 1.0 },
    };
    let shape = Shape {
        inputs: INPUTS,
        hidden: vec![128, 128],
        heads: HEADS,
        actions: ACTIONS,
        traits: (0..ACTIONS * TRAITS).map(|place| f32::from(u8::from(place % 7 == 0))).collect(),
        ..Shape::default()
    };
    let summary = Summary::of(&data, shape.revenue, true)?;
    let runs: Vec<Run> = (0..members)
        .map(|member| {
            Ok(Run {
                source: &data,
                hyper: &hyper,
                shape: &shape,
                summary: &summary,
                name: format!("network {member}"),
                seed: Seed(2).indexed(member as u64),
                device: Device::Cpu.open()?,
                sample: None,
                refit: Some(epochs),
                checkpoint: None,
                session_epochs: None,
            })
        })
        .collect::<Result<_>>()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| Error::Internal(error.to_string()))?;
    let started = Instant::now();
    pool.install(|| fit_all(&runs, &NoProgress))?;
    let wall = started.elapsed().as_secs_f64();
    let steps = (rows.div_ceil(256) * epochs * members) as f64;
    println!(
        "{members} networks, {rows} rows, {epochs} epochs, {threads} threads: {wall:.3} s, {:.3} ms a step and network",
        1e3 * wall / steps
    );
    Ok(())
}
