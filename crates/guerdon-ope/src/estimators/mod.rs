//! The one-step estimators: which sums each is made of. All of them are ratios of sums, or two such ratios added, so that
//! one statistic serves all ([`crate::JointMoments`]) and any two have a covariance.

mod component;
mod level;
mod weights;

pub(crate) use component::Component;
pub use level::{Factors, Level};
pub(crate) use weights::Taming;

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An estimator of a policy's value from a log of another's decisions. Written `dr`, `switch_dr=20`, `mips=kind+amount`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Estimator {
    /// Direct method (Beygelzimer & Langford 2009): (1/n) Σ v̂(x). No variance from weights, biased by as much as q̂ is.
    Dm,
    /// Inverse propensity scoring (Horvitz & Thompson 1952; Strehl et al. 2010): (1/n) Σ w r. Unbiased under support.
    Ips,
    /// Self-normalised IPS (Swaminathan & Joachims 2015): Σ w r / Σ w. Never leaves the range of the observed rewards.
    Snips,
    /// Doubly robust (Dudík, Langford & Li 2011): (1/n) Σ [v̂ + w (r − q̂)]. Unbiased if propensities or q̂ are right.
    Dr,
    /// Self-normalised DR (Thomas & Brunskill 2016, one step): (1/n) Σ v̂ + Σ w (r − q̂) / Σ w.
    Sndr,
    /// DR learned for variance: (1/n) Σ [w r − β₁ (w − 1) − β₂ (w q̂ − v̂)] with the β of least variance on this log, that
    /// is the regression estimator with both zero-mean controls (Owen 2013, §8.9; Vlassis et al. 2019). DR is β = (0, 1),
    /// IPS β = (0, 0); asymptotically no worse than either, or than SNIPS.
    DrCv,
    /// IPS with weights clipped at τ (Ionides 2008; Bottou et al. 2013).
    IpsClip(Level),
    /// DR with weights clipped at τ.
    DrClip(Level),
    /// Switch-DR at τ (Wang, Agarwal & Dudík 2017): DR where w ≤ τ, the model alone elsewhere.
    SwitchDr(Level),
    /// DR with optimistic shrinkage λ (Su et al. 2020).
    Dros(Level),
    /// Sub-Gaussian IPS with λ in [0, 1] (Metelli, Russo & Restelli 2021).
    SgIps(Level),
    /// Sub-Gaussian DR with λ in [0, 1].
    SgDr(Level),
    /// Marginalised IPS over action factors (Saito & Joachims 2022): weights of the factors instead of the actions.
    /// Unbiased where the reward depends on the action through those factors only.
    Mips(Factors),
    /// Replay (Li, Chu, Langford & Wang 2011) for logs that took every action alike, in expectation over the target's
    /// draw: Σ π_e(a|x) r / Σ π_e(a|x).
    Replay,
}

/// An estimator as sums: numerator over denominator, and perhaps a second such ratio to add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Ratio(Component, Component),
    Sum([(Component, Component); 2]),
    /// [`Estimator::DrCv`].
    Controlled,
}

impl Estimator {
    /// Those that are reported unless others are asked for.
    pub const DEFAULT: [Estimator; 4] = [Estimator::Dm, Estimator::Ips, Estimator::Snips, Estimator::Dr];

    const PLAIN: [(&'static str, Estimator); 7] = [
        ("dm", Estimator::Dm),
        ("ips", Estimator::Ips),
        ("snips", Estimator::Snips),
        ("dr", Estimator::Dr),
        ("sndr", Estimator::Sndr),
        ("dr_cv", Estimator::DrCv),
        ("replay", Estimator::Replay),
    ];

    /// Whether it needs q̂.
    pub fn needs_model(self) -> bool {
        !matches!(
            self,
            Estimator::Ips
                | Estimator::Snips
                | Estimator::IpsClip(_)
                | Estimator::SgIps(_)
                | Estimator::Mips(_)
                | Estimator::Replay
        )
    }

    pub(crate) fn form(self) -> Form {
        use Component::{Chance, ChanceReward, Factor, Model, One, Residual, Reward, Weight};
        let doubly = |taming| Form::Sum([(Model, One), (Residual(taming), One)]);
        match self {
            Estimator::Dm => Form::Ratio(Model, One),
            Estimator::Ips => Form::Ratio(Reward(Taming::None), One),
            Estimator::Snips => Form::Ratio(Reward(Taming::None), Weight),
            Estimator::Dr => doubly(Taming::None),
            Estimator::Sndr => Form::Sum([(Model, One), (Residual(Taming::None), Weight)]),
            Estimator::DrCv => Form::Controlled,
            Estimator::IpsClip(level) => Form::Ratio(Reward(Taming::Clip(level)), One),
            Estimator::DrClip(level) => doubly(Taming::Clip(level)),
            Estimator::SwitchDr(level) => doubly(Taming::Switch(level)),
            Estimator::Dros(level) => doubly(Taming::Shrink(level)),
            Estimator::SgIps(level) => Form::Ratio(Reward(Taming::SubGaussian(level)), One),
            Estimator::SgDr(level) => doubly(Taming::SubGaussian(level)),
            Estimator::Mips(factors) => Form::Ratio(Factor(factors), One),
            Estimator::Replay => Form::Ratio(ChanceReward, Chance),
        }
    }

    /// The components whose sums it needs.
    pub(crate) fn components(self) -> Vec<Component> {
        match self.form() {
            Form::Ratio(above, below) => vec![above, below],
            Form::Sum(ratios) => ratios.into_iter().flat_map(|(above, below)| [above, below]).collect(),
            Form::Controlled => {
                vec![Component::Reward(Taming::None), Component::Weight, Component::Control, Component::One]
            }
        }
    }
}

impl fmt::Display for Estimator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Estimator::IpsClip(level) => format!("ips_clip={level}"),
            Estimator::DrClip(level) => format!("dr_clip={level}"),
            Estimator::SwitchDr(level) => format!("switch_dr={level}"),
            Estimator::Dros(level) => format!("dros={level}"),
            Estimator::SgIps(level) => format!("sg_ips={level}"),
            Estimator::SgDr(level) => format!("sg_dr={level}"),
            Estimator::Mips(factors) => format!("mips={factors}"),
            plain => Estimator::PLAIN
                .iter()
                .find(|(_, estimator)| estimator == plain)
                .map_or(String::new(), |(name, _)| (*name).to_owned()),
        };
        f.pad(&text)
    }
}

impl FromStr for Estimator {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some((_, estimator)) = Estimator::PLAIN.iter().find(|(name, _)| *name == text) {
            return Ok(*estimator);
        }
        let Some((name, value)) = text.split_once('=') else { return Err(unknown(text)) };
        if name == "mips" {
            return Ok(Estimator::Mips(value.parse()?));
        }
        let level = value.parse::<f64>().ok().and_then(Level::new);
        let level =
            level.ok_or_else(|| format!("{value:?} in {text:?} is no level; a number of at least 0 would do"))?;
        let share = matches!(name, "sg_ips" | "sg_dr");
        if share && level.get() > 1.0 {
            return Err(format!("{value} in {text:?} is too large; {name} takes a number from 0 to 1"));
        }
        match name {
            "ips_clip" => Ok(Estimator::IpsClip(level)),
            "dr_clip" => Ok(Estimator::DrClip(level)),
            "switch_dr" => Ok(Estimator::SwitchDr(level)),
            "dros" => Ok(Estimator::Dros(level)),
            "sg_ips" => Ok(Estimator::SgIps(level)),
            "sg_dr" => Ok(Estimator::SgDr(level)),
            _ => Err(unknown(text)),
        }
    }
}

fn unknown(text: &str) -> String {
    format!(
        "no estimator is called {text:?}; there are {}, and with a level ips_clip=5, dr_clip=5, switch_dr=10, dros=100, \
         sg_ips=0.05, sg_dr=0.05, mips=kind+amount",
        Estimator::PLAIN.map(|(name, _)| name).join(", ")
    )
}

impl From<Estimator> for String {
    fn from(estimator: Estimator) -> String {
        estimator.to_string()
    }
}

impl TryFrom<String> for Estimator {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_as_what_it_names() {
        for text in [
            "dm",
            "ips",
            "snips",
            "dr",
            "sndr",
            "dr_cv",
            "replay",
            "ips_clip=5",
            "dr_clip=2.5",
            "switch_dr=10",
            "dros=100",
            "sg_ips=0.05",
            "sg_dr=0",
            "mips=kind",
            "mips=kind+amount+timing",
        ] {
            let estimator: Estimator = text.parse().unwrap();
            assert_eq!(estimator.to_string(), text);
            let json = serde_json_like(estimator);
            assert_eq!(Estimator::try_from(json).unwrap(), estimator);
        }
    }

    fn serde_json_like(estimator: Estimator) -> String {
        estimator.into()
    }

    #[test]
    fn what_is_no_estimator_is_named_in_the_error() {
        for (text, part) in [
            ("drr", "no estimator is called \"drr\""),
            ("dros=-1", "\"-1\" in \"dros=-1\""),
            ("sg_dr=2", "from 0 to 1"),
            ("mips=price", "\"price\" is no factor"),
            ("switch_dr=", "is no level"),
        ] {
            let error = text.parse::<Estimator>().unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
