//! What the simulations of `examples/study` show, on fewer logs: coverage, and the automatic choice.

#[path = "../examples/study/world.rs"]
mod world;

use guerdon_ope::{Estimator, Evaluation, Wanted};
use world::{ACTIONS, LIKE_BANDIT24, WORLDS, World, open};

#[test]
fn asymptotic_intervals_cover_as_they_claim_and_no_wider_than_the_peers() {
    let truth = LIKE_BANDIT24.truth(200_000);
    // Mean widths of obp's intervals on 200 logs of 2,000 rows from such a world; its SNIPS is not re-normalised inside the
    // resample, so there twice 1.96 times the RMSE, and a tenth.
    let widest = [("ips", 0.153), ("snips", 0.114), ("dr", 0.096), ("sndr", 0.096), ("dr_cv", 0.096)];
    let estimators: Vec<Estimator> = widest.iter().map(|(name, _)| name.parse().unwrap()).collect();
    let (mut inside, mut width) = ([0.0; 5], [0.0; 5]);
    let logs = 400;
    for seed in 1..=logs {
        let evaluation = Evaluation::new(&estimators, ACTIONS).with_gates(open());
        for (place, estimate) in LIKE_BANDIT24.evaluate(seed, evaluation).estimates(0.95).iter().enumerate() {
            let (lower, upper) = (estimate.lower.unwrap(), estimate.upper.unwrap());
            inside[place] += f64::from(u8::from((lower..=upper).contains(&truth))) / logs as f64;
            width[place] += (upper - lower) / logs as f64;
        }
    }
    for (place, (name, widest)) in widest.iter().enumerate() {
        println!("{name}: covers {:.3}, mean width {:.4}", inside[place], width[place]);
        // Two standard errors of 400 logs around what 1,000 logs must show.
        assert!((0.915..=0.985).contains(&inside[place]), "{name}: {}", inside[place]);
        assert!(width[place] <= 1.02 * widest, "{name}: {} against {widest}", width[place]);
    }
}

#[test]
fn the_automatic_choice_beats_every_fixed_estimator_on_average_over_the_worlds() {
    let fixed = [
        "dm",
        "ips",
        "snips",
        "dr",
        "sndr",
        "dr_cv",
        "switch_dr=10",
        "switch_dr=20",
        "switch_dr=50",
        "dros=100",
        "dros=1000",
        "dros=10000",
        "dr_clip=10",
        "sg_dr=0.01",
        "sg_dr=0.05",
        "switch_dr",
        "dros",
    ];
    let mut wanted = vec![Wanted::Automatic];
    wanted.extend(fixed.map(|name| name.parse::<Wanted>().unwrap()));
    let mut mean = vec![0.0; wanted.len()];
    for world in WORLDS {
        let truth = world.truth(100_000);
        let errors = errors(&world, &wanted, 60, truth);
        println!("{}: {:.1} by auto", world.name, 1000.0 * errors[0]);
        for (mean, error) in mean.iter_mut().zip(errors) {
            *mean += error / WORLDS.len() as f64;
        }
    }
    for (wanted, error) in wanted.iter().zip(&mean).skip(1) {
        assert!(mean[0] < *error, "auto {} against {wanted} {error}", mean[0]);
    }
}

fn errors(world: &World, wanted: &[Wanted], logs: u64, truth: f64) -> Vec<f64> {
    let mut squares = vec![0.0; wanted.len()];
    for seed in 1..=logs {
        let evaluation = Evaluation::wanting(wanted, true, ACTIONS).with_gates(open());
        let answers = world.evaluate(seed, evaluation).answers(wanted, 0.95);
        for (square, estimate) in squares.iter_mut().zip(&answers) {
            *square += (estimate.value.unwrap() - truth).powi(2);
        }
    }
    squares.into_iter().map(|sum| (sum / logs as f64).sqrt()).collect()
}
