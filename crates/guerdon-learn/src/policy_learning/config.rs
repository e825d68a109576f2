//! Settings of the policy learner.

use crate::config::{Range, WINSORIZE};
use crate::encoding::Levels;
use guerdon_core::Result;
use serde::{Deserialize, Serialize};

/// What the policy is trained to maximise. In a file: `method = "dr"`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Inverse propensity scoring with a variance penalty (POEM; Swaminathan & Joachims 2015).
    Ips,
    /// Doubly robust with a variance penalty (Dudík et al. 2011), q̂ a ridge model cross-fitted by member.
    #[default]
    Dr,
    /// Self-normalised with a variance penalty (Norm-POEM; Swaminathan & Joachims 2015).
    Snips,
    /// Logarithmic smoothing (Sakhi et al. 2024).
    Ls,
    /// Advantage-weighted regression (Peng et al. 2019): mean of exp((r − V(x)) / β) / p · log π(A), where V(x) is the
    /// cross-fitted q̂ averaged over the log's mix of actions, and weights are at most 20 before 1/p.
    Awr,
    /// Weighted log-likelihood: mean of (r − least r) / p · log π(A). Left to itself it matches chances to net values,
    /// π(a) ∝ q(a) − least r, and so stays far from greedy: a baseline to compare with.
    Wll,
    /// No gradient: the best lower bound q̂(x, a) − κ · standard error, from a ridge model's posterior (the widths of
    /// LinUCB, Li et al. 2010, turned downwards).
    Pessimistic,
}

impl Method {
    /// As in a file.
    pub fn name(self) -> &'static str {
        match self {
            Method::Ips => "ips",
            Method::Dr => "dr",
            Method::Snips => "snips",
            Method::Ls => "ls",
            Method::Awr => "awr",
            Method::Wll => "wll",
            Method::Pessimistic => "pessimistic",
        }
    }
}

/// Where the gradient methods start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// At the uniform policy: all scores 0.
    Zero,
    /// At the softmax of a ridge model's net values over `temperature`. Hidden layers carry them through exactly, in
    /// units of their own: silu(z) − silu(−z) = z.
    #[default]
    Ridge,
    /// At the softmax of net values over `temperature`, learned beforehand by the policy's own network from the logged
    /// actions (squared error).
    Value,
}

/// The model behind the cross-fitted q̂(x, a).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QHat {
    /// Ridge per action ([`crate::CrossFit`]).
    #[default]
    Ridge,
    /// A network per fold, as the start `value` learns one. Costs `folds` trainings.
    Network,
}

/// What rewards are measured from before anything is learned; the unit is their standard deviation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// Their mean: an additive control variate, which leaves `ips` unbiased (importance weights average 1).
    #[default]
    Mean,
    /// The least of them: no reward is below 0, as Sakhi et al. (2024) have it.
    Worst,
    /// Nothing: 0 in money.
    Zero,
}

/// Settings of the policy learner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyConfig {
    /// What is maximised; default `dr`.
    pub method: Method,
    /// Widths of the hidden layers, at most 8 of 1 to 4,096 units; default none: scores linear in the context.
    pub hidden: Vec<usize>,
    /// Whether actions share score weights through kind, amount and timing; default true.
    pub share: bool,
    /// Where gradients start; default `ridge`.
    pub start: Start,
    /// Divides the standardised net values of the start, above 0; default 0.05. Small: close to greedy, and slow to move.
    pub temperature: f64,
    /// Share of decisions that any eligible action gets alike, in [0, 1); default 0.05. Part of the policy from the
    /// first gradient on, so that what is trained is what is served.
    pub floor: f64,
    /// M: importance ratios (for `awr` and `wll` 1/p) count at most this much; above 0; default 100.
    pub clip: f64,
    /// What rewards are measured from; default their mean.
    pub baseline: Baseline,
    /// λ of the variance penalty, in standard errors of the objective, to choose from (`ips`, `dr`, `snips`); each at
    /// least 0; default 0 and 1.
    pub variance: Vec<f64>,
    /// λ of logarithmic smoothing to choose from (`ls`), each above 0; default 0.01, 0.1.
    pub smoothing: Vec<f64>,
    /// β to choose from (`awr`), in standard deviations of net value, each above 0; default 0.5 and 2.
    pub beta: Vec<f64>,
    /// What the trained scores may be multiplied with in the end, each above 0; default 1, 2, 4 and 8. The floor stays.
    pub sharpness: Vec<f64>,
    /// The model behind q̂; default `ridge`.
    pub q_hat: QHat,
    /// Widths of its hidden layers where it is a network, 1 to 8 of 1 to 4,096; default 128, 128.
    pub q_hidden: Vec<usize>,
    /// κ to choose from (`pessimistic`), each at least 0; default 0, 0.25, 0.5, 1, 2.
    pub kappa: Vec<f64>,
    /// Highest learning rate, in (0, 1]; default 0.005.
    pub rate: f64,
    /// Highest learning rate of the start `value` and of a network behind q̂, in (0, 1]; default 0.004.
    pub value_rate: f64,
    /// Share of all steps that warm up, in [0, 0.9]; default 0.1.
    pub warm_up: f64,
    /// AdamW's weight decay for 100,000 fitting rows, scaled as the neural learner's, in [0, 10];
    /// default 0: it draws towards the uniform policy.
    pub weight_decay: f64,
    /// The same while the start `value` or a network behind q̂ is learned; default 0.5.
    pub value_decay: f64,
    /// Largest gradient norm of one parameter matrix; above 0; default 1.
    pub gradient_clip: f64,
    /// Rows of a batch, 1 to 65,536; default 512.
    pub batch: usize,
    /// Most epochs, 1 to 10,000; default 12 (and as many for the start `value`).
    pub epochs: usize,
    /// Stop after this many epochs without a better bound, at least 1; default 5.
    pub patience: usize,
    /// Share of the training members that judge, in [0, 0.5]; default 0.2. At 0 the last epoch and the middle of the
    /// strengths are kept.
    pub validation_share: f64,
    /// Standard errors that the judging members' value is lowered by, at least 0; default 1.
    pub caution: f64,
    /// Folds of the cross-fitted q̂, 2 to 100; default 5.
    pub folds: usize,
    /// Quantile at which revenue is winsorised, as for ridge; default 0.99.
    pub winsorize: f64,
    /// Slots of categories.
    pub levels: Levels,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        PolicyConfig {
            method: Method::Dr,
            hidden: vec![],
            share: true,
            start: Start::Ridge,
            temperature: 0.05,
            floor: 0.05,
            clip: 100.0,
            baseline: Baseline::Mean,
            variance: vec![0.0, 1.0],
            smoothing: vec![0.01, 0.1],
            beta: vec![0.5, 2.0],
            sharpness: vec![1.0, 2.0, 4.0, 8.0],
            q_hat: QHat::Ridge,
            q_hidden: vec![128, 128],
            kappa: vec![0.0, 0.25, 0.5, 1.0, 2.0],
            rate: 0.005,
            value_rate: 0.004,
            warm_up: 0.1,
            weight_decay: 0.0,
            value_decay: 0.5,
            gradient_clip: 1.0,
            batch: 512,
            epochs: 12,
            patience: 5,
            validation_share: 0.2,
            caution: 1.0,
            folds: 5,
            winsorize: WINSORIZE,
            levels: Levels::default(),
        }
    }
}

impl PolicyConfig {
    /// What the method chooses from: λ, β or κ. The likelihood has nothing to choose.
    pub(crate) fn strengths(&self) -> &[f64] {
        match self.method {
            Method::Ips | Method::Dr | Method::Snips => &self.variance,
            Method::Ls => &self.smoothing,
            Method::Awr => &self.beta,
            Method::Wll => &[0.0],
            Method::Pessimistic => &self.kappa,
        }
    }

    pub(crate) fn check(&self, range: &Range) -> Result<()> {
        let widths = self.hidden.len() <= 8 && self.hidden.iter().all(|width| (1..=4096).contains(width));
        range.hold("hidden", format!("{:?}", self.hidden), widths, "at most 8 widths of 1 to 4096")?;
        let q_widths = self.q_hidden.len() <= 8 && self.q_hidden.iter().all(|width| (1..=4096).contains(width));
        range.hold("q_hidden", format!("{:?}", self.q_hidden), q_widths, "at most 8 widths of 1 to 4096")?;
        range.hold("floor", self.floor, (0.0..1.0).contains(&self.floor), "a number from 0 to below 1")?;
        for (key, value) in [("rate", self.rate), ("value_rate", self.value_rate)] {
            range.hold(key, value, value > 0.0 && value <= 1.0, "a number above 0, up to 1,")?;
        }
        let positive = |value: f64| value > 0.0 && value.is_finite();
        for (key, value) in
            [("temperature", self.temperature), ("clip", self.clip), ("gradient_clip", self.gradient_clip)]
        {
            range.hold(key, value, positive(value), "a finite number above 0")?;
        }
        let natural = |value: f64| value >= 0.0 && value.is_finite();
        for (key, values) in [("variance", &self.variance), ("kappa", &self.kappa)] {
            let holds = !values.is_empty() && values.iter().all(|value| natural(*value));
            range.hold(key, format!("{values:?}"), holds, "one or more finite numbers of at least 0")?;
        }
        for (key, values) in [("smoothing", &self.smoothing), ("beta", &self.beta), ("sharpness", &self.sharpness)] {
            let holds = !values.is_empty() && values.iter().all(|value| positive(*value));
            range.hold(key, format!("{values:?}"), holds, "one or more finite numbers above 0")?;
        }
        range.within("warm_up", self.warm_up, 0.0, 0.9)?;
        range.within("weight_decay", self.weight_decay, 0.0, 10.0)?;
        range.within("value_decay", self.value_decay, 0.0, 10.0)?;
        range.count("batch", self.batch, 1, 65_536)?;
        range.count("epochs", self.epochs, 1, 10_000)?;
        range.count("patience", self.patience, 1, 10_000)?;
        range.within("validation_share", self.validation_share, 0.0, 0.5)?;
        range.within("caution", self.caution, 0.0, 100.0)?;
        range.count("folds", self.folds, 2, 100)?;
        range.winsorize(self.winsorize)?;
        range.levels(&self.levels)
    }
}
