//! Synthetic worlds with known truth: 24 actions of three kinds, four amounts and two timings, a reward whose mean depends
//! on the member through linear, product, sine and gated terms, and how well the log covers the target, how noisy rewards
//! are and how good q̂ is as dials.

use guerdon_ope::{Classes, Evaluation, Factors, Gates, Row};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Actions: kind · 8 + amount · 2 + timing.
pub const ACTIONS: usize = 24;

const FEATURES: usize = 8;

/// How rewards scatter around their mean q(x, a).
#[derive(Debug, Clone, Copy)]
pub enum Noise {
    /// 1 with probability q, else 0.
    Binary,
    /// q plus a normal with this standard deviation.
    Normal(f64),
    /// With probability ½ a log-normal of mean 2q and this σ, else 0: spend.
    Spend(f64),
}

/// How q̂ differs from q.
#[derive(Debug, Clone, Copy)]
pub enum Model {
    /// Shrunk to ½ by this share, with a fixed error of this size per action, and a normal error of this size per row.
    Wrong { shrunk: f64, by_action: f64, by_row: f64 },
    /// The same number everywhere.
    Constant(f64),
}

/// A world's dials.
#[derive(Debug, Clone, Copy)]
pub struct World {
    /// A name for tables.
    pub name: &'static str,
    /// Rows of a log.
    pub rows: usize,
    /// How sharply the logging policy prefers what it prefers; 0 is uniform.
    pub logging: f64,
    /// How sharply the target prefers high q.
    pub target: f64,
    /// How much the logging policy's preferences are those of q; −1 to 1.
    pub agreement: f64,
    /// Scatter of rewards.
    pub noise: Noise,
    /// Quality of q̂.
    pub model: Model,
}

/// What of a context matters.
struct Scene {
    q: [f64; ACTIONS],
    logging: [f64; ACTIONS],
    target: [f64; ACTIONS],
}

impl World {
    /// Pushes a log of the world into `evaluation`.
    pub fn evaluate(&self, seed: u64, evaluation: Evaluation) -> Evaluation {
        let mut evaluation = evaluation.with_classes(classes());
        self.each_row(seed, |index, row| evaluation.push(index, row));
        evaluation
    }

    /// Shows every row of a log to `see`.
    pub fn each_row(&self, seed: u64, mut see: impl FnMut(u64, &Row<'_>)) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let errors = self.errors();
        for index in 0..self.rows {
            let scene = self.scene(&mut rng);
            let action = pick(&scene.logging, rng.random());
            let q_hat: [f64; ACTIONS] = std::array::from_fn(|a| match self.model {
                Model::Wrong { shrunk, by_row, .. } => {
                    scene.q[a] + shrunk * (0.5 - scene.q[a]) + errors[a] + by_row * normal(&mut rng)
                }
                Model::Constant(value) => value,
            });
            let mean = scene.q[action];
            let reward = match self.noise {
                Noise::Binary => f64::from(u8::from(rng.random::<f64>() < mean)),
                Noise::Normal(sd) => mean + sd * normal(&mut rng),
                Noise::Spend(sigma) => {
                    let spends = rng.random::<f64>() < 0.5;
                    let amount = 2.0 * mean * (sigma * normal(&mut rng) - sigma * sigma / 2.0).exp();
                    if spends { amount } else { 0.0 }
                }
            };
            let row = Row {
                reward,
                propensity: scene.logging[action],
                action,
                target: &scene.target,
                q_hat: Some(&q_hat),
                eligible: None,
                logging: Some(&scene.logging),
            };
            see(index as u64, &row);
        }
    }

    /// V(π_e), averaged over this many contexts.
    pub fn truth(&self, contexts: usize) -> f64 {
        let mut rng = ChaCha8Rng::seed_from_u64(0x7275_7468);
        let value = |scene: Scene| scene.q.iter().zip(scene.target).map(|(q, p)| q * p).sum::<f64>();
        (0..contexts).map(|_| value(self.scene(&mut rng))).sum::<f64>() / contexts as f64
    }

    /// q̂'s error by action, the same in every log of the world.
    fn errors(&self) -> [f64; ACTIONS] {
        let mut rng = ChaCha8Rng::seed_from_u64(17);
        let size = if let Model::Wrong { by_action, .. } = self.model { by_action } else { 0.0 };
        std::array::from_fn(|_| size * normal(&mut rng))
    }

    fn scene(&self, rng: &mut ChaCha8Rng) -> Scene {
        let x: [f64; FEATURES] = std::array::from_fn(|_| normal(rng));
        let score: [f64; ACTIONS] = std::array::from_fn(|a| score(&x, a));
        let other: [f64; ACTIONS] = std::array::from_fn(|a| elsewhere(&x, a));
        let liked: [f64; ACTIONS] = std::array::from_fn(|a| {
            self.logging * (self.agreement * score[a] + (1.0 - self.agreement.abs()) * other[a])
        });
        let mut logging = softmax(liked);
        // A floor of exploration, as any log that can be valued has.
        logging.iter_mut().for_each(|p| *p = 0.9 * *p + 0.1 / ACTIONS as f64);
        let target = softmax(score.map(|score| self.target * score));
        Scene { q: score.map(|score| 1.0 / (1.0 + (-score).exp())), logging, target }
    }
}

/// The logit of q(x, a).
fn score(x: &[f64; FEATURES], action: usize) -> f64 {
    let (kind, amount, timing) = (action / 8, (action / 2) % 4, action % 2);
    let m = amount as f64 / 3.0;
    let of_kind = [0.7 * x[0] - 0.3, 0.7 * x[1] * x[2], 0.6 * (2.0 * x[3]).sin()][kind];
    let of_amount = (1.2 + 0.5 * x[4]) * m - 0.6 * m * m;
    let when = if (x[5] > 0.0) == (timing == 1) { 0.3 } else { -0.3 };
    let gate = if x[6] > 0.5 && kind == 1 { 0.5 * m } else { 0.0 };
    -0.9 + of_kind + of_amount + when + gate + 0.2 * x[7].abs()
}

/// What a logging policy likes that does not know q.
fn elsewhere(x: &[f64; FEATURES], action: usize) -> f64 {
    let (kind, amount, timing) = (action / 8, (action / 2) % 4, action % 2);
    let of_kind = [0.5 * x[1], -0.5 * x[0], 0.4][kind];
    of_kind - 0.3 * amount as f64 + 0.4 * (timing as f64 - 0.5) * x[2]
}

fn softmax(scores: [f64; ACTIONS]) -> [f64; ACTIONS] {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let raised = scores.map(|score| (score - most).exp());
    let sum: f64 = raised.iter().sum();
    raised.map(|value| value / sum)
}

fn pick(chances: &[f64], mut u: f64) -> usize {
    for (action, chance) in chances.iter().enumerate() {
        if u < *chance {
            return action;
        }
        u -= chance;
    }
    chances.len() - 1
}

/// A standard normal, by Box and Muller.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// Gates that let every log through, so that every one counts.
pub fn open() -> Gates {
    Gates { least_ess: 0.0, largest_share: 1.0, mean_weight_off: 1e9, ..Gates::default() }
}

/// Classes of actions for MIPS.
pub fn classes() -> Classes {
    let of = |class: fn(u32) -> u32| (0..ACTIONS as u32).map(class).collect();
    Classes::default()
        .with(Factors::KIND, of(|action| action / 8))
        .with(Factors::KIND.and(Factors::AMOUNT), of(|action| action / 2))
}

const USUAL: Model = Model::Wrong { shrunk: 0.5, by_action: 0.08, by_row: 0.05 };

/// The world of the coverage study: overlap, noise and q̂ like those of the bandit24 log.
pub const LIKE_BANDIT24: World = World {
    name: "like bandit24",
    rows: 2_000,
    logging: 1.0,
    target: 2.6,
    agreement: 0.0,
    noise: Noise::Binary,
    model: USUAL,
};

/// The worlds of the study of the automatic choice.
pub const WORLDS: [World; 11] = [
    LIKE_BANDIT24,
    World { name: "poor overlap", logging: 2.0, target: 4.0, agreement: -0.5, ..LIKE_BANDIT24 },
    World { name: "good overlap", logging: 1.0, target: 1.5, agreement: 0.8, ..LIKE_BANDIT24 },
    World { name: "uniform log", logging: 0.0, target: 2.0, ..LIKE_BANDIT24 },
    World { name: "exact model", model: Model::Wrong { shrunk: 0.0, by_action: 0.0, by_row: 0.02 }, ..LIKE_BANDIT24 },
    World { name: "useless model", model: Model::Constant(0.0), ..LIKE_BANDIT24 },
    World {
        name: "misleading model",
        model: Model::Wrong { shrunk: 1.6, by_action: 0.3, by_row: 0.3 },
        ..LIKE_BANDIT24
    },
    World { name: "small log", rows: 400, ..LIKE_BANDIT24 },
    World { name: "large log", rows: 10_000, ..LIKE_BANDIT24 },
    World { name: "noisy rewards", noise: Noise::Normal(1.0), ..LIKE_BANDIT24 },
    World { name: "heavy spend", noise: Noise::Spend(1.2), ..LIKE_BANDIT24 },
];
