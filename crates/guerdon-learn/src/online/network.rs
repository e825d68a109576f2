//! A hidden layer that is trained on what was seen so far: the features of neural-linear bandits (Riquelme, Tucker & Snoek
//! 2018, sec. 4).

use guerdon_core::{NoProgress, Result, Seed};
use guerdon_neural::{
    Dataset, Device, HeadWeights, Hyperparameters, Layout, Network, RevenueLoss, Run, Shape, Summary,
};
use guerdon_policy::Dense;
use serde::{Deserialize, Serialize};

/// One decision whose reward was learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    pub x: Vec<f32>,
    pub action: usize,
    #[serde(with = "super::bits::one")]
    pub propensity: f64,
    #[serde(with = "super::bits::one")]
    pub reward: f64,
}

/// SiLU(xᵀW + b).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Layer {
    /// `[inputs][units]`.
    pub weights: Vec<f32>,
    /// `[units]`.
    pub bias: Vec<f32>,
}

/// A network of `units` hidden units that predicts the reward of each of `actions` arms.
fn shape(inputs: usize, units: usize, actions: usize) -> Shape {
    // Heads are "paid", which nothing is learned of, and the reward.
    Shape { inputs, hidden: vec![units], heads: 2, actions, ..Shape::default() }
}

impl Layer {
    /// The layer of a network that was not trained yet.
    pub fn initial(inputs: usize, units: usize, seed: Seed) -> Result<Layer> {
        let device = Device::Cpu.open()?;
        Layer::of(&Network::initial(shape(inputs, units, 1), &[0.0; 2], seed.named("weights"), &device))
    }

    /// The layer of a network that was trained on all of `seen`.
    ///
    /// # Errors
    /// [`guerdon_core::Error::Training`] for a loss that is not finite.
    pub fn trained(seen: &[Seen], units: usize, actions: usize, seed: Seed) -> Result<Layer> {
        let inputs = seen.first().map_or(0, |seen| seen.x.len());
        let mut data = Dataset::new(Layout { inputs, heads: 2, actions, revenue_stage: None });
        for (row, Seen { x, action, reward, .. }) in seen.iter().enumerate() {
            data.x.extend(x);
            data.action.push(*action as u16);
            data.targets.extend([0.0, *reward as f32]);
            data.validation.push(false);
            data.member.push(row as u64);
        }
        let hyper = Hyperparameters {
            rate: 0.01,
            warm_up: 0.1,
            weight_decay: 0.05,
            clip: 1.0,
            batch: 32,
            epochs: 8,
            patience: 8,
            weights: HeadWeights { reach: 0.0, paid: 0.0, revenue: 1.0 },
        };
        let run = Run {
            source: &data,
            hyper: &hyper,
            shape: &shape(inputs, units, actions),
            summary: &Summary::of(&data, RevenueLoss::Squared, true)?,
            name: "neural features".into(),
            seed: seed.indexed(seen.len() as u64),
            device: Device::Cpu.open()?,
            sample: None,
            refit: Some(usize::MAX),
            checkpoint: None,
            session_epochs: None,
        };
        Layer::of(&run.fit(&NoProgress)?.network)
    }

    fn of(network: &Network) -> Result<Layer> {
        let mut values = network.values()?.into_iter();
        let mut next = || values.next().unwrap_or_default();
        Ok(Layer { weights: next(), bias: next() })
    }

    /// The layer as a bundle has it.
    pub fn dense(&self) -> Dense {
        let outputs = self.bias.len();
        let inputs = self.weights.len() / outputs.max(1);
        Dense { inputs, outputs, weights: self.weights.clone(), bias: self.bias.clone() }
    }

    /// Writes the units at `x`.
    pub fn apply(&self, x: &[f64], out: &mut [f64]) {
        out.iter_mut().zip(&self.bias).for_each(|(unit, bias)| *unit = f64::from(*bias));
        for (x, weights) in x.iter().zip(self.weights.chunks_exact(self.bias.len().max(1))) {
            out.iter_mut().zip(weights).for_each(|(unit, weight)| *unit += x * f64::from(*weight));
        }
        out.iter_mut().for_each(|unit| *unit /= 1.0 + (-*unit).exp());
    }
}
