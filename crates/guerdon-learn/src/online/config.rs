//! What an online learner is made of, and the ones that have a name.

use super::features::Features;
use super::ridge::{Link, RidgeParameters};
use super::thompson::standard_error;
use guerdon_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// How Thompson sampling's chances are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ThompsonMethod {
    /// By integration: error below 10⁻⁵; see [`super::quadrature`].
    Quadrature,
    /// By counting winners among joint draws: standard error √(p(1 − p)/draws); see [`super::monte_carlo`].
    MonteCarlo {
        /// How many, 1 to 1,000,000.
        draws: usize,
    },
}

/// How often a member of an ensemble counts an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resample {
    /// Poisson(1) times: the online bootstrap (Oza & Russell 2001), as in bagging (Agarwal et al. 2014).
    Poisson,
    /// Never or twice, evenly: bootstrapped Thompson sampling (Eckles & Kaptein 2014).
    DoubleOrNothing,
}

/// How an arm is drawn. r̂ is an arm's estimated reward, m its linear prediction (r̂, or its log odds under the logistic
/// link), s the prediction's standard deviation in units of the noise's. Exact ties share evenly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Explorer {
    /// The best r̂; with chance ε any arm, evenly.
    EpsilonGreedy {
        /// ε, in [0, 1].
        epsilon: f64,
    },
    /// LinUCB with an arm's own weights (Li et al. 2010, alg. 1): the largest m + α s, for certain. Logs without other
    /// exploration support no other policy: add a floor where they are to be used.
    Ucb {
        /// α, at least 0.
        alpha: f64,
    },
    /// LinTS (Agrawal & Goyal 2013): the largest draw from N(m, (scale · s)²).
    Thompson {
        /// The paper's v, greater than 0.
        scale: f64,
        /// How the chances are found.
        method: ThompsonMethod,
    },
    /// Boltzmann: p ∝ exp(r̂ / temperature).
    Softmax {
        /// In the unit of rewards; greater than 0. VW's λ is 1 / temperature.
        temperature: f64,
    },
    /// SquareCB (Foster & Rakhlin 2020): 1 / (K + γ gap), γ = scale · t^exponent at the t-th step.
    SquareCb {
        /// γ at the first step, greater than 0.
        scale: f64,
        /// In [0, 1]; the paper's rate is 1/2.
        exponent: f64,
    },
    /// FastCB (Foster & Krishnamurthy 2021): SquareCB that adapts to a small best loss. Rewards lie in [0, 1].
    FastCb {
        /// γ at the first step, greater than 0.
        scale: f64,
        /// In [0, 1].
        exponent: f64,
    },
    /// RegCB by elimination (Foster et al. 2018): evenly among the arms that may still be the best, m ± α s.
    RegCb {
        /// α, at least 0.
        alpha: f64,
    },
    /// An ensemble votes: the chance is the share of members of whom the arm is the best. Bag with Poisson weights,
    /// bootstrapped Thompson sampling with double or nothing.
    Bag {
        /// 1 to 1,000.
        members: usize,
        /// How often each counts an observation.
        resample: Resample,
        /// Each member's θ₀ is drawn from N(0, prior_scale² / λ · I) (Osband et al. 2018), so that members differ before
        /// anything is seen. At least 0.
        prior_scale: f64,
    },
    /// Online Cover (Agarwal et al. 2014; Cover-NU of Bietti et al. 2021): policies that are rewarded for choosing
    /// what those before them do not. Doubly robust; identity link.
    Cover {
        /// Policies, 1 to 1,000.
        members: usize,
        /// ψ, what diversity counts, at least 0.
        psi: f64,
    },
}

/// An online learner's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnlineConfig {
    /// What is made of a context. Default [`Features::Linear`].
    #[serde(default = "linear")]
    pub features: Features,
    /// Each arm's regressor.
    #[serde(default)]
    pub ridge: RidgeParameters,
    /// How an arm is drawn.
    pub explorer: Explorer,
    /// Every arm's linear prediction before anything is seen. Above what arms bring, each of them gets tried (optimistic
    /// initial values, Sutton & Barto 2018, sec. 2.6). Finite; 0 unless features are linear. Default 0.
    #[serde(default)]
    pub initial: f64,
    /// The chance that is spread evenly over all eligible arms beforehand, in [0, 1]. Default 0.
    #[serde(default)]
    pub floor: f64,
}

fn linear() -> Features {
    Features::Linear
}

/// The names that [`OnlineConfig::named`] knows.
pub const NAMES: [&str; 14] = [
    "epsilon_greedy",
    "linucb",
    "lints",
    "softmax",
    "squarecb",
    "fastcb",
    "regcb",
    "bag",
    "bootstrap_ts",
    "cover",
    "kernel_ucb",
    "kernel_ts",
    "neural_linear_ts",
    "drift_ucb",
];

impl OnlineConfig {
    /// `explorer` on the context with an intercept, λ = 1, nothing forgotten, no floor.
    pub fn new(explorer: Explorer) -> OnlineConfig {
        OnlineConfig { features: linear(), ridge: RidgeParameters::default(), explorer, initial: 0.0, floor: 0.0 }
    }

    /// The documented default of each learner in [`NAMES`]. They suit rewards in [0, 1] and contexts whose numbers are of
    /// size 1.
    ///
    /// Rules that explore by estimates alone start them at 1. `kernel_ucb` is LinUCB and `kernel_ts` LinTS on 512 Fourier
    /// features of the context's direction, length scale 1/2, λ = 0.1. `neural_linear_ts` is LinTS on 64 hidden units of a
    /// network that is trained along the way, λ = 0.01. `drift_ucb` is LinUCB on the log odds that forgets with γ = 0.999,
    /// for rewards in [0, 1] in a world that changes.
    ///
    /// # Errors
    /// [`Error::Config`] for a name that there is not.
    pub fn named(name: &str) -> Result<OnlineConfig> {
        let bag = |resample| Explorer::Bag { members: 10, resample, prior_scale: 0.3 };
        let optimist = |explorer| OnlineConfig { initial: 1.0, ..OnlineConfig::new(explorer) };
        let thompson = Explorer::Thompson { scale: 0.2, method: ThompsonMethod::Quadrature };
        let fourier = |explorer| OnlineConfig {
            features: Features::Fourier { count: 512, length_scale: 0.5, unit: true },
            ridge: RidgeParameters { lambda: 0.1, ..RidgeParameters::default() },
            ..OnlineConfig::new(explorer)
        };
        Ok(match name {
            "epsilon_greedy" => optimist(Explorer::EpsilonGreedy { epsilon: 0.05 }),
            "linucb" => OnlineConfig::new(Explorer::Ucb { alpha: 0.3 }),
            "lints" => OnlineConfig::new(thompson),
            "softmax" => optimist(Explorer::Softmax { temperature: 0.05 }),
            "squarecb" => optimist(Explorer::SquareCb { scale: 10.0, exponent: 0.5 }),
            "fastcb" => optimist(Explorer::FastCb { scale: 10.0, exponent: 0.5 }),
            "regcb" => OnlineConfig::new(Explorer::RegCb { alpha: 0.3 }),
            "bag" => optimist(bag(Resample::Poisson)),
            "bootstrap_ts" => optimist(bag(Resample::DoubleOrNothing)),
            "cover" => optimist(Explorer::Cover { members: 4, psi: 0.1 }),
            "kernel_ucb" => fourier(Explorer::Ucb { alpha: 0.2 }),
            "kernel_ts" => fourier(Explorer::Thompson { scale: 0.1, method: ThompsonMethod::Quadrature }),
            "neural_linear_ts" => OnlineConfig {
                features: Features::Network { units: 64, first: 50 },
                ridge: RidgeParameters { lambda: 0.01, ..RidgeParameters::default() },
                ..OnlineConfig::new(Explorer::Thompson { scale: 0.1, method: ThompsonMethod::Quadrature })
            },
            "drift_ucb" => OnlineConfig {
                ridge: RidgeParameters { forgetting: 0.999, link: Link::Logistic, ..RidgeParameters::default() },
                ..OnlineConfig::new(Explorer::Ucb { alpha: 0.5 })
            },
            _ => return Err(refused("learner", format!("{name:?}"), &format!("one of {} would do", NAMES.join(", ")))),
        })
    }

    /// The range that rewards must lie in, if there is one.
    pub fn reward_range(&self) -> Option<(f64, f64)> {
        let bounded = self.ridge.link == Link::Logistic || matches!(self.explorer, Explorer::FastCb { .. });
        bounded.then_some((0.0, 1.0))
    }

    /// The largest standard error, against Thompson sampling's ideal chances, of propensities that are counted among draws;
    /// `None` where they are worked out. Either way an arm is drawn by the very chances that are given, so that what is
    /// logged is exact.
    pub fn propensity_error(&self) -> Option<f64> {
        match self.explorer {
            Explorer::Thompson { method: ThompsonMethod::MonteCarlo { draws }, .. } => Some(standard_error(0.5, draws)),
            _ => None,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        self.ridge.check()?;
        let chance = |value: f64| (0.0..=1.0).contains(&value);
        let at_least_0 = |value: f64| value.is_finite() && value >= 0.0;
        let above_0 = |value: f64| value.is_finite() && value > 0.0;
        let (key, value, holds, wanted) = match self.explorer {
            Explorer::EpsilonGreedy { epsilon } => ("epsilon", epsilon, chance(epsilon), "a chance in [0, 1] would do"),
            Explorer::Ucb { alpha } | Explorer::RegCb { alpha } => ("alpha", alpha, at_least_0(alpha), AT_LEAST_0),
            Explorer::Thompson { scale, .. } => ("scale", scale, above_0(scale), ABOVE_0),
            Explorer::Softmax { temperature } => ("temperature", temperature, above_0(temperature), ABOVE_0),
            Explorer::SquareCb { scale, exponent } | Explorer::FastCb { scale, exponent } => {
                if !chance(exponent) {
                    return Err(refused("exponent", exponent, "a number in [0, 1] would do"));
                }
                ("scale", scale, above_0(scale), ABOVE_0)
            }
            Explorer::Bag { prior_scale, .. } => ("prior_scale", prior_scale, at_least_0(prior_scale), AT_LEAST_0),
            Explorer::Cover { psi, .. } => ("psi", psi, at_least_0(psi), AT_LEAST_0),
        };
        if !holds {
            return Err(refused(key, value, wanted));
        }
        if !chance(self.floor) {
            return Err(refused("floor", self.floor, "a chance in [0, 1] would do"));
        }
        if !self.initial.is_finite() || (self.initial != 0.0 && self.features != Features::Linear) {
            return Err(refused("initial", self.initial, "a finite number, 0 unless features are linear, would do"));
        }
        match self.explorer {
            Explorer::Thompson { method: ThompsonMethod::MonteCarlo { draws }, .. }
                if draws == 0 || draws > 1_000_000 =>
            {
                Err(refused("draws", draws, "1 to 1000000 would do"))
            }
            Explorer::Bag { members, .. } | Explorer::Cover { members, .. } if members == 0 || members > 1_000 => {
                Err(refused("members", members, "1 to 1000 would do"))
            }
            Explorer::Cover { .. } if self.ridge.link != Link::Identity => {
                Err(refused("link", "logistic", "identity would do: cover learns from doubly robust rewards"))
            }
            _ => Ok(()),
        }
    }
}

const AT_LEAST_0: &str = "a finite number of at least 0 would do";
const ABOVE_0: &str = "a finite number above 0 would do";

fn refused(key: &str, given: impl ToString, wanted: &str) -> Error {
    Error::config("online", key, given, wanted)
}
