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
    /// Shrunk by this share towards a number, with a fixed error of this size per action, and a normal error of this size
    /// per row and action.
    Wrong { shrunk: f64, towards: f64, by_action: f64, by_row: f64 },
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
    /// Added to the logit of q: how common rewards are.
    pub level: f64,
    /// What the logit's dependence on context and action is multiplied by.
    pub spread: f64,
    /// How much the logit differs from member to member, alike for all actions.
    pub member: f64,
    /// Scatter of rewards.
    pub noise: Noise,
    /// Quality of q̂.
    pub model: Model,
}

/// Means of q for the uniform policy, π_b and π_e, moments of the weights with and without rewards, the error of q̂, and the
/// widths of 95 % intervals of 2,000 rows by IPS, SNIPS and DR whose variance is known.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    pub uniform: f64,
    pub logging: f64,
    pub target: f64,
    pub w2: f64,
    pub w2r: f64,
    pub w3: f64,
    pub w3r: f64,
    pub q_hat: f64,
    pub widths: [f64; 3],
}

impl Moments {
    /// Each with its name.
    pub fn each(&self) -> [(&'static str, f64); 11] {
        let [ips, snips, dr] = self.widths;
        [
            ("mean of q, uniform", self.uniform),
            ("mean of q, logging", self.logging),
            ("mean of q, target", self.target),
            ("E[w²]", self.w2),
            ("E[w²r]", self.w2r),
            ("E[w³]", self.w3),
            ("E[w³r]", self.w3r),
            ("error of q̂, root mean square", self.q_hat),
            ("width of IPS", ips),
            ("width of SNIPS", snips),
            ("width of DR", dr),
        ]
    }
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
            let q_hat = self.q_hat(&scene.q, &errors, &mut rng);
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

    fn q_hat(&self, q: &[f64; ACTIONS], errors: &[f64; ACTIONS], rng: &mut ChaCha8Rng) -> [f64; ACTIONS] {
        std::array::from_fn(|a| match self.model {
            Model::Wrong { shrunk, towards, by_row, .. } => {
                q[a] + shrunk * (towards - q[a]) + errors[a] + by_row * normal(rng)
            }
            Model::Constant(value) => value,
        })
    }

    /// What determines how wide intervals are, for binary rewards: expectations over actions and rewards in closed form,
    /// averaged over this many contexts.
    pub fn moments(&self, contexts: usize) -> Moments {
        let mut rng = ChaCha8Rng::seed_from_u64(0x6661_6374);
        let errors = self.errors();
        let mut sums = [0.0; 10];
        for _ in 0..contexts {
            let scene = self.scene(&mut rng);
            let q_hat = self.q_hat(&scene.q, &errors, &mut rng);
            let (mut mean, mut off, mut residual) = (0.0, 0.0, 0.0);
            for (a, q) in scene.q.into_iter().enumerate() {
                let (b, e) = (scene.logging[a], scene.target[a]);
                let (w, error) = (e / b, q - q_hat[a]);
                let terms = [q / ACTIONS as f64, b * q, e * q, e * w, e * w * q, e * w * w, e * w * w * q];
                sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
                (mean, off) = (mean + e * q, off + e * error);
                residual += e * w * (q * (1.0 - q) + error * error);
            }
            sums[7] += mean * mean;
            sums[8] += residual - off * off;
            sums[9] += scene.q.iter().zip(q_hat).map(|(q, q_hat)| (q - q_hat).powi(2)).sum::<f64>() / ACTIONS as f64;
        }
        let [uniform, logging, target, w2, w2r, w3, w3r, square, dr, error] = sums.map(|sum| sum / contexts as f64);
        let ips = w2r - target * target;
        let snips = w2r * (1.0 - 2.0 * target) + target * target * w2;
        Moments {
            uniform,
            logging,
            target,
            w2,
            w2r,
            w3,
            w3r,
            q_hat: error.sqrt(),
            widths: [ips, snips, dr + square - target * target].map(|v| 2.0 * 1.959_964 * (v / 2_000.0).sqrt()),
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
        let logit = score.map(|score| self.level + self.spread * score + self.member * x[7]);
        Scene { q: logit.map(|logit| 1.0 / (1.0 + (-logit).exp())), logging, target }
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

const USUAL: Model = Model::Wrong { shrunk: 0.5, towards: 0.5, by_action: 0.08, by_row: 0.05 };

/// A world of usual difficulty, which the others differ from.
const BASE: World = World {
    name: "usual",
    rows: 2_000,
    logging: 1.0,
    target: 2.6,
    agreement: 0.0,
    level: 0.0,
    spread: 1.0,
    member: 0.0,
    noise: Noise::Binary,
    model: USUAL,
};

/// The world of the coverage study, its dials set so that its [`Moments`] are those of the bandit24 log: see
/// [`BANDIT24`].
pub const LIKE_BANDIT24: World = World {
    name: "like bandit24",
    logging: 3.733,
    target: 2.279,
    agreement: 0.257,
    level: -0.42,
    spread: 1.437,
    member: 1.018,
    model: Model::Wrong { shrunk: 0.33, towards: 0.35, by_action: 0.013, by_row: 0.122 },
    ..BASE
};

/// The same of the bandit24 log itself. The first three as published with it (population and hold-out); the moments of w
/// from π_e and π_b over its 10,000 contexts; those with rewards, and the widths, with the true q, which was fitted to the
/// hold-out's (R² of the logits 0.99997 on rows left out; it gives V(π_e) of the log within 3e-5 of the published one).
pub const BANDIT24: Moments = Moments {
    uniform: 0.3224,
    logging: 0.3305,
    target: 0.4977,
    w2: 5.697,
    w2r: 3.409,
    w3: 97.7,
    w3r: 60.8,
    q_hat: 0.1467,
    widths: [0.1558, 0.1047, 0.0985],
};

/// The worlds of the study of the automatic choice.
pub const WORLDS: [World; 11] = [
    BASE,
    World { name: "poor overlap", logging: 2.0, target: 4.0, agreement: -0.5, ..BASE },
    World { name: "good overlap", logging: 1.0, target: 1.5, agreement: 0.8, ..BASE },
    World { name: "uniform log", logging: 0.0, target: 2.0, ..BASE },
    World {
        name: "exact model",
        model: Model::Wrong { shrunk: 0.0, towards: 0.5, by_action: 0.0, by_row: 0.02 },
        ..BASE
    },
    World { name: "useless model", model: Model::Constant(0.0), ..BASE },
    World {
        name: "misleading model",
        model: Model::Wrong { shrunk: 1.6, towards: 0.5, by_action: 0.3, by_row: 0.3 },
        ..BASE
    },
    World { name: "small log", rows: 400, ..BASE },
    World { name: "large log", rows: 10_000, ..BASE },
    World { name: "noisy rewards", noise: Noise::Normal(1.0), ..BASE },
    World { name: "heavy spend", noise: Noise::Spend(1.2), ..BASE },
];
