//! Cells of (w, r): merging in any way gives the whole, few cells give what the rows give, and memory has a bound.

use guerdon_ope::bounds::{RewardRange, WeightRange, WeightedCells};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn cells(log: &[(f64, f64)], most: usize) -> WeightedCells {
    let mut cells = WeightedCells::new(most);
    log.iter().for_each(|(w, r)| cells.push(*w, *r).unwrap());
    cells
}

/// Points and ends of both likelihoods.
fn numbers(cells: &WeightedCells, rewards: &RewardRange) -> [f64; 6] {
    let open = WeightRange::NON_NEGATIVE;
    let seen = cells.empirical_likelihood_interval(0.05).unwrap();
    let cautious = cells.cautious_likelihood_interval(&open, rewards, 0.05).unwrap();
    [
        cells.empirical_likelihood().unwrap(),
        cells.cautious_likelihood(&open).unwrap(),
        seen.lower,
        seen.upper,
        cautious.lower,
        cautious.upper,
    ]
}

/// Weights of mean one whose tail index is 2.5, so without a third moment, and rewards that grow with them.
fn heavy_tailed(seed: u64, rows: usize, binary: bool) -> Vec<(f64, f64)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let draw = |_| {
        let w = 0.6 * (1.0 - rng.random::<f64>()).powf(-1.0 / 2.5);
        let q = 0.2 + 0.5 * w / (1.0 + w);
        let u: f64 = rng.random();
        (w, if binary { f64::from(u8::from(u < q)) } else { q * (0.5 + u) })
    };
    (0..rows).map(draw).collect()
}

#[test]
fn few_cells_give_what_the_rows_give_on_heavy_tailed_weights() {
    let rewards = RewardRange::new(0.0, 1.2).unwrap();
    for binary in [true, false] {
        let log = heavy_tailed(3, 20_000, binary);
        let by_row = numbers(&cells(&log, 65_536), &rewards);
        let few = cells(&log, 4_096);
        assert!(few.width() > 0.0 && few.cells() <= 4_096, "{} {}", few.width(), few.cells());
        let off = numbers(&few, &rewards).into_iter().zip(by_row).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        println!("binary {binary}: {} cells of width {:.1e} are off by {off:.1e}", few.cells(), few.width());
        assert!(off < 1e-6, "{off}");
    }
}

#[test]
fn however_long_the_log_the_cells_stay_as_few_as_was_asked() {
    let mut all = WeightedCells::new(1_000);
    for part in 0..20 {
        all.merge(&cells(&heavy_tailed(100 + part, 10_000, false), 1_000));
        assert!(all.cells() <= 1_000, "{}", all.cells());
    }
    assert_eq!(all.events(), 200_000);
    assert!(all.empirical_likelihood_interval(0.05).unwrap().width() > 0.0);
}

#[test]
fn zeros_of_both_signs_are_one_pair_and_pairs_seen_again_cost_no_cell() {
    let few = cells(&[(0.5, 0.0), (0.5, -0.0), (1.5, 1.0), (1.5, 1.0)], 64);
    assert_eq!((few.cells(), few.events(), few.width()), (2, 4, 0.0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn merging_in_any_order_and_in_any_parts_gives_the_whole(
        log in prop::collection::vec((0.01f64..8.0, -3.0f64..7.0), 90..400),
        cuts in prop::collection::vec(0.0f64..1.0, 1..6),
        turn in 0.0f64..1.0,
    ) {
        let mut log = log;
        log.extend([(0.5, 0.0), (1.5, 1.0)]);
        let most = 80;
        let whole = cells(&log, most);
        let mut places: Vec<usize> = cuts.iter().map(|cut| (cut * log.len() as f64) as usize).collect();
        places.extend([0, log.len()]);
        places.sort_unstable();
        let mut parts: Vec<WeightedCells> = places.windows(2).map(|ends| cells(&log[ends[0]..ends[1]], most)).collect();
        let shift = (turn * parts.len() as f64) as usize;
        parts.rotate_left(shift);
        let mut merged = WeightedCells::new(most);
        parts.iter().for_each(|part| merged.merge(part));
        prop_assert_eq!(merged.cells(), whole.cells());
        prop_assert_eq!(merged.width(), whole.width());
        let rewards = RewardRange::new(-3.5, 7.5).unwrap();
        for (a, b) in numbers(&merged, &rewards).into_iter().zip(numbers(&whole, &rewards)) {
            prop_assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "{a} {b}");
        }
    }
}
