//! Settings of the neural learner.

use crate::config::{Range, WINSORIZE};
use crate::encoding::Levels;
use crate::members::MOST_MEMBERS;
use guerdon_core::Result;
use guerdon_neural::{HeadWeights, Hyperparameters};
use guerdon_policy::Exploration;
use serde::{Deserialize, Serialize};

/// Settings of the neural learner: a trunk that all actions share, and heads for every action.
///
/// With `share`, a head is the inner product of the member's side (the trunk's output) and the action's side (a row of
/// weights for each of its traits: kind, amount, timing and pairs of these), plus what is the action's own: two towers,
/// of which the action's is worked out once, when the policy is frozen. A new action's traits are known before its
/// outcomes are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NeuralConfig {
    /// Widths of the trunk's layers, 1 to 8 of 1 to 4,096 units; default 128, 128. One layer of 64 and 6 epochs are a
    /// quick start: bandit24's score is then 0.936 after some 3 CPU-seconds of training, with 64, 64 and 8 epochs 0.953
    /// after 7, with the defaults 0.960 after 24.
    pub hidden: Vec<usize>,
    /// Highest learning rate of the schedule (warm-up, then half a cosine), in (0, 1]; default 0.004.
    pub rate: f64,
    /// Share of all steps that warm up, in [0, 0.9]; default 0.1.
    pub warm_up: f64,
    /// AdamW's weight decay for 100,000 fitting rows, in [0, 10]; default 0.5. With n rows it is
    /// `weight_decay · √(100,000 / n)`, at most 2.5 times `weight_decay`: the fewer the rows, the more they are doubted. It does most of the
    /// work against overfitting: at 0.02 bandit24's score is 0.83 instead of 0.95, and at 1.6 0.75. Worth choosing by
    /// the log.
    pub weight_decay: f64,
    /// Largest gradient norm of one parameter matrix; above 0; default 1.
    pub clip: f64,
    /// Rows of a batch, 1 to 65,536; default 256.
    pub batch: usize,
    /// Most epochs for 30,000 fitting rows or more, 1 to 10,000; default 16. The schedule ends with the last of them. n fewer
    /// rows are passed over 30,000 / n times as often, at most five times, so that short logs get as many steps.
    pub epochs: usize,
    /// Stop after this many epochs (likewise more for fewer rows) without a better validation loss, at least 1; default 6.
    /// The best epoch is kept.
    pub patience: usize,
    /// Share of the training members whose loss stops the run, in [0, 0.5]. At 0, the default, all members are fitted
    /// and the last epoch is kept: weight decay and the schedule do the work. A share of 0.15 lowers bandit24's score
    /// from 0.960 to 0.955; on 10,000 of its rows, on Starbucks and on Hillstrom the difference is within the noise.
    pub validation_share: f64,
    /// Whether the validation members only choose the number of epochs, after which a second run of that length is
    /// fitted to all training members; default false. Doubles the work; needs a `validation_share`.
    pub refit: bool,
    /// Networks that are trained apart and averaged, 1 to 64; default 1. They train side by side, one thread each. Each
    /// has a seed of its own, for its first weights and its shuffles (a deep ensemble, Lakshminarayanan et al. 2017). It
    /// helps where rows are few: with 10,000 rows of bandit24 three networks score 0.796 where one scores 0.774; with
    /// 100,000 three smaller ones gained nothing.
    pub members: usize,
    /// Whether each network of several sees its own bootstrap sample: every training member's decisions, all together,
    /// as often as a Poisson(1) draw says; default false. For votes and intervals, not for better means: in the case
    /// above it takes the three networks from 0.796 to 0.729.
    pub bootstrap: bool,
    /// What the amount of a reward may do to what it brings; default free.
    pub amount: AmountResponse,
    /// How the chances of the funnel's stages hang together; default separate.
    pub funnel: FunnelModel,
    /// Draws from a Gaussian approximation to the posterior of the last layer, frozen as the policy's voters, 0 to 256;
    /// default 0: none (see [`NeuralConfig::posterior_precision`]). Needs one network, free amounts, separate stages and
    /// revenue by squared error.
    pub posterior_draws: usize,
    /// Precision of the last layer's prior, above 0; default 1. Neural-linear Thompson sampling (Riquelme, Tucker &
    /// Snoek 2018) with a last-layer Laplace approximation (Daxberger et al. 2021): the weights of action a's head are
    /// N(trained weights, (τI + Σ h φφᵀ)⁻¹) over the fitting rows with action a, where φ is the trunk's output and a 1,
    /// h = p(1 − p) for chances and 1/σ² for revenue.
    pub posterior_precision: f64,
    /// Whether actions share head weights through kind, amount and timing; default true. Without it the quick start of
    /// `hidden` scores 0.790 on bandit24 instead of 0.936.
    pub share: bool,
    /// Weight of the logistic loss of all stages together; at least 0; default 1.
    pub reach_weight: f64,
    /// Weight of the logistic loss of paying; at least 0; default 1.
    pub paid_weight: f64,
    /// Weight of revenue's loss, in units of its variance; above 0; default 2.
    pub revenue_weight: f64,
    /// How revenue is fitted, given its stage where the funnel has one that it waits for; default squared, and with
    /// concave amounts tweedie, by which they are concave in revenue too whatever the context.
    pub revenue: Option<RevenueFit>,
    /// The power p of Tweedie's variance φμ^p, 1 to 1.9; default 1.5. 1 is Poisson's: each unit of money counts alike; near 2,
    /// the gamma distribution's, each purchase does, in parts of its mean. Only `revenue = "tweedie"` looks at it.
    pub tweedie_power: f64,
    /// Most rows that are held in memory, at least 1,000; default 2,000,000. A log with more is read anew in every
    /// epoch, its row groups in an order drawn for the epoch; as many rows as this are held at a time (by all networks
    /// together) and shuffled among themselves.
    pub memory_rows: usize,
    /// Quantile at which revenue is winsorised, as for ridge; default 0.99.
    pub winsorize: f64,
    /// Slots of categories.
    pub levels: Levels,
    /// How scores become probabilities; greedy by default, or, with `posterior_draws`, the draws' vote.
    pub exploration: Option<Exploration>,
}

/// What the amount of a reward may do to what it brings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AmountResponse {
    /// Anything.
    #[default]
    Free,
    /// Among actions that differ in nothing but their amount, more never brings less, and each further unit brings no
    /// more than the one before: holds by construction for every stage's chance, the chance of paying and revenue (with
    /// `revenue = "squared"` and a stage that brings revenue only where this is not predicted to be negative). With
    /// `funnel = "chain"` a stage's chance is a product of such chances, and only "never less" is certain. Leave it off
    /// where a larger reward may put members off: in bandit24, where more is never less for 31 % of members and offers
    /// only, it takes the quick start's score from 0.936 to 0.578, and one network's on 10,000 rows from 0.77 to 0.53.
    Concave,
}

/// How revenue is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevenueFit {
    /// By half the squared error; a prediction may be negative.
    Squared,
    /// By half the deviance of a Tweedie distribution (Jørgensen 1987) through a log link: what acts on revenue multiplies it
    /// (a concave amount without a hurdle adds to it), a prediction is never negative and never above the largest revenue
    /// that was learned from, and a difference counts the less the larger the prediction is. Refuses logs in which revenue is
    /// negative; not with `posterior_draws`.
    Tweedie,
}

/// How the chances of the funnel's stages hang together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FunnelModel {
    /// Each stage has a chance of its own.
    #[default]
    Separate,
    /// The chance of a stage is that of the stage that it follows times that of going on (ESMM, Ma et al. 2018): fitted
    /// to what happened to all decisions, never only to those that got so far. A stage follows the last one before it
    /// without which no training member ever reached it, and stands by itself where there is none (buying, say, where
    /// members also buy without an offer); training says which follows which.
    Chain,
}

impl Default for NeuralConfig {
    fn default() -> Self {
        NeuralConfig {
            hidden: vec![128, 128],
            rate: 0.004,
            warm_up: 0.1,
            weight_decay: 0.5,
            clip: 1.0,
            batch: 256,
            epochs: 16,
            patience: 6,
            validation_share: 0.0,
            refit: false,
            members: 1,
            bootstrap: false,
            amount: AmountResponse::Free,
            funnel: FunnelModel::Separate,
            posterior_draws: 0,
            posterior_precision: 1.0,
            share: true,
            reach_weight: 1.0,
            paid_weight: 1.0,
            revenue_weight: 2.0,
            revenue: None,
            tweedie_power: 1.5,
            memory_rows: 2_000_000,
            winsorize: WINSORIZE,
            levels: Levels::default(),
            exploration: None,
        }
    }
}

impl NeuralConfig {
    pub(crate) fn check(&self, range: &Range) -> Result<()> {
        let widths = !self.hidden.is_empty()
            && self.hidden.len() <= 8
            && self.hidden.iter().all(|width| (1..=4096).contains(width));
        range.hold("hidden", format!("{:?}", self.hidden), widths, "1 to 8 widths of 1 to 4096")?;
        range.hold("rate", self.rate, self.rate > 0.0 && self.rate <= 1.0, "a number above 0, up to 1,")?;
        range.within("warm_up", self.warm_up, 0.0, 0.9)?;
        range.within("weight_decay", self.weight_decay, 0.0, 10.0)?;
        range.hold("clip", self.clip, self.clip > 0.0 && self.clip.is_finite(), "a finite number above 0")?;
        range.count("batch", self.batch, 1, 65_536)?;
        range.count("epochs", self.epochs, 1, 10_000)?;
        range.count("patience", self.patience, 1, 10_000)?;
        range.within("validation_share", self.validation_share, 0.0, 0.5)?;
        let refits = !self.refit || self.validation_share > 0.0;
        range.hold("refit", self.refit, refits, "false, or a validation_share above 0,")?;
        range.count("members", self.members, 1, MOST_MEMBERS)?;
        self.check_posterior(range)?;
        range.within("reach_weight", self.reach_weight, 0.0, 1e6)?;
        range.within("paid_weight", self.paid_weight, 0.0, 1e6)?;
        let positive = self.revenue_weight > 0.0 && self.revenue_weight <= 1e6;
        range.hold("revenue_weight", self.revenue_weight, positive, "a number above 0, up to 1e6,")?;
        range.within("tweedie_power", self.tweedie_power, 1.0, 1.9)?;
        range.count("memory_rows", self.memory_rows, 1000, usize::MAX)?;
        range.winsorize(self.winsorize)?;
        range.levels(&self.levels)?;
        self.exploration.iter().try_for_each(|exploration| range.exploration(exploration))
    }

    /// What steers the training of each network.
    pub(crate) fn hyperparameters(&self) -> Hyperparameters {
        let weights = HeadWeights {
            reach: self.reach_weight as f32,
            paid: self.paid_weight as f32,
            revenue: self.revenue_weight as f32,
        };
        Hyperparameters {
            rate: self.rate,
            warm_up: self.warm_up,
            weight_decay: self.weight_decay,
            clip: self.clip,
            batch: self.batch,
            epochs: self.epochs,
            patience: self.patience,
            weights,
        }
    }

    /// The exploration that was asked for, or the default.
    pub fn exploration(&self) -> Exploration {
        let default = if self.posterior_draws > 0 { Exploration::Vote { floor: 0.0 } } else { Exploration::Greedy };
        self.exploration.unwrap_or(default)
    }

    /// How revenue is to be fitted: as asked for, or the default.
    pub fn revenue(&self) -> RevenueFit {
        self.revenue.unwrap_or(match self.amount {
            AmountResponse::Free => RevenueFit::Squared,
            AmountResponse::Concave => RevenueFit::Tweedie,
        })
    }

    fn check_posterior(&self, range: &Range) -> Result<()> {
        range.count("posterior_draws", self.posterior_draws, 0, 256)?;
        let plain = self.members == 1
            && self.amount == AmountResponse::Free
            && self.funnel == FunnelModel::Separate
            && self.revenue() == RevenueFit::Squared;
        let wanted = "0, or members = 1, amount = \"free\", funnel = \"separate\" and revenue = \"squared\",";
        range.hold("posterior_draws", self.posterior_draws, self.posterior_draws == 0 || plain, wanted)?;
        let precision = self.posterior_precision;
        let usable = precision > 0.0 && precision.is_finite();
        range.hold("posterior_precision", precision, usable, "a finite number above 0")
    }
}
