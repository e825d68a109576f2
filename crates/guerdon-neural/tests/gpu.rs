//! A GPU trains as the processor does: the same losses, epoch by epoch, and a network that says the same.

use guerdon_core::{NoProgress, Seed};
use guerdon_neural::{
    Dataset, Device, Fitted, HeadWeights, Hyperparameters, Layout, Run, Shape, Summary, links, read, tensor,
};

const ROWS: usize = 1200;
const INPUTS: usize = 6;

/// Rows of two stages, paid and revenue behind the second stage; every fifth is for validation.
fn data() -> Dataset {
    let mut data = Dataset::new(Layout { inputs: INPUTS, heads: 4, actions: 3, revenue_stage: Some(1) });
    for row in 0..ROWS {
        let x: Vec<f32> = (0..INPUTS).map(|k| (row as f32 * (0.37 + 0.11 * k as f32)).sin()).collect();
        let action = (row * 7 % 3) as u16;
        let draw = |name: &str| Seed(5).named(name).uniform_indexed(row as u64) as f32;
        let lift = 0.5 * x[usize::from(action)] + 0.3 * f32::from(action);
        let happened = |name: &str, z: f32| f32::from(u8::from(draw(name) < 1.0 / (1.0 + (-z).exp())));
        let bought = happened("bought", lift);
        data.targets.extend([happened("seen", 0.8 + x[3]), bought, happened("paid", lift - 0.5)]);
        data.targets.push(bought * (8.0 + 3.0 * x[4] + 2.0 * draw("spend")));
        data.x.extend(x);
        data.action.push(action);
        data.validation.push(row % 5 == 0);
        data.member.push(Seed(9).indexed(row as u64).0);
    }
    data
}

fn fit(data: &Dataset, device: Device) -> Fitted {
    let weights = HeadWeights { reach: 1.0, paid: 1.0, revenue: 2.0 };
    let hyper = Hyperparameters {
        rate: 0.01,
        warm_up: 0.1,
        weight_decay: 0.1,
        clip: 1.0,
        batch: 128,
        // Five passes: the log is short.
        epochs: 1,
        patience: 6,
        weights,
    };
    let shape = Shape {
        inputs: INPUTS,
        hidden: vec![24, 16],
        heads: 4,
        actions: 3,
        traits: vec![1.0, 0.0, 0.5, 0.5, 0.0, 1.0],
        revenue_stage: Some(1),
        ..Shape::default()
    };
    let run = Run {
        source: data,
        hyper: &hyper,
        shape: &shape,
        summary: &Summary::of(data, shape.revenue, false).unwrap(),
        name: device.to_string(),
        seed: Seed(3),
        device: device.open().unwrap(),
        sample: None,
        refit: None,
        checkpoint: None,
        session_epochs: None,
    };
    run.fit(&NoProgress).unwrap()
}

/// Log-odds and standardised revenue of all heads and actions for every row.
fn outcomes(data: &Dataset, fitted: &Fitted) -> Vec<f32> {
    let network = &fitted.network;
    let x = tensor(data.x.clone(), [ROWS, INPUTS], &network.parameters[0].device());
    let values = links::Pick::All.take(&network.shape, network.forward(x));
    read(links::heads(&network.shape, values)).unwrap()
}

#[test]
fn a_gpu_trains_as_the_processor_does() {
    let data = data();
    let (cpu, gpu) = (fit(&data, Device::Cpu), fit(&data, Device::Gpu));
    let losses = |fitted: &Fitted| -> Vec<f64> {
        fitted.metrics.iter().flat_map(|m| [m.training_loss, m.validation_loss]).flatten().collect()
    };
    let (on_cpu, on_gpu) = (losses(&cpu), losses(&gpu));
    println!("losses on the processor {on_cpu:?}\nlosses on the GPU       {on_gpu:?}");
    assert_eq!(on_cpu.len(), 10);
    assert!(on_cpu[9] < 0.95 * on_cpu[1], "five epochs should have learned something: {on_cpu:?}");
    for (cpu, gpu) in on_cpu.iter().zip(&on_gpu) {
        assert!((cpu - gpu).abs() <= 1e-4 * cpu.abs(), "cpu {cpu}, gpu {gpu}");
    }
    assert_eq!(cpu.epochs, gpu.epochs);
    for (cpu, gpu) in outcomes(&data, &cpu).iter().zip(outcomes(&data, &gpu)) {
        assert!((cpu - gpu).abs() <= 1e-3, "cpu {cpu}, gpu {gpu}");
    }
}
