//! AdamW over a network's parameters: burn's update rule, with the moments where a checkpoint can reach them.

use crate::network::{Network, read, tensor};
use burn::grad_clipping::GradientClipping;
use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer};
use burn::tensor::{Device, Gradients};
use guerdon_core::Result;

/// AdamW (Loshchilov & Hutter 2019) with β = (0.9, 0.999), ε = 1e-8; weights decay, biases don't. The gradient of each
/// parameter is clipped to norm `clip`.
pub struct Optimiser {
    weights: AdamW,
    biases: AdamW,
    clip: GradientClipping,
    states: Vec<Option<AdamWState<2>>>,
}

/// The moments of one parameter as numbers: first, second, and how many steps they hold.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedMoments {
    pub first: Vec<f32>,
    pub second: Vec<f32>,
    pub steps: usize,
}

impl Optimiser {
    /// Without any step taken.
    pub fn new(parameters: usize, weight_decay: f32, clip: f32) -> Self {
        let config = AdamWConfig::new().with_epsilon(1e-8);
        Optimiser {
            weights: config.clone().with_weight_decay(weight_decay).build(),
            biases: config.with_weight_decay(0.0).build(),
            clip: GradientClipping::Norm(clip),
            states: vec![None; parameters],
        }
    }

    /// One step: the network after moving each parameter against its gradient. `tracked` is the network that the
    /// gradients were recorded on.
    pub fn step(&mut self, rate: f64, tracked: &Network, gradients: &mut Gradients) -> Network {
        let mut parameters = Vec::with_capacity(tracked.parameters.len());
        for (i, parameter) in tracked.parameters.iter().enumerate() {
            let Some(gradient) = parameter.grad_remove(gradients) else {
                parameters.push(parameter.clone().inner());
                continue;
            };
            let rule = if i % 2 == 0 { &self.weights } else { &self.biases };
            let gradient = self.clip.clip_gradient(gradient);
            let (next, state) = rule.step(rate, parameter.clone().inner(), gradient, self.states[i].take());
            self.states[i] = state;
            parameters.push(next);
        }
        Network { shape: tracked.shape.clone(), parameters }
    }

    /// The moments, read back from the device; `None` for a parameter that has not moved yet.
    pub fn save(&self) -> Result<Vec<Option<SavedMoments>>> {
        let save = |state: &AdamWState<2>| -> Result<SavedMoments> {
            Ok(SavedMoments {
                first: read(state.momentum.moment_1.clone())?,
                second: read(state.momentum.moment_2.clone())?,
                steps: state.momentum.time,
            })
        };
        self.states.iter().map(|state| state.as_ref().map(save).transpose()).collect()
    }

    /// Puts saved moments back; `sizes` as [`crate::network::Shape::parameters`].
    pub fn restore(&mut self, saved: Vec<Option<SavedMoments>>, sizes: &[[usize; 2]], device: &Device) {
        let restore = |(saved, &size): (Option<SavedMoments>, &[usize; 2])| {
            saved.map(|saved| {
                let first = tensor(saved.first, size, device);
                let second = tensor(saved.second, size, device);
                AdamWState::new(AdaptiveMomentumState::new(saved.steps, first, second))
            })
        };
        self.states = saved.into_iter().zip(sizes).map(restore).collect();
    }
}

/// The step size at `step` of `total`: linear warm-up over the first `warm_up` share, then half a cosine down to a
/// hundredth of `peak`.
pub fn rate_at(step: usize, total: usize, peak: f64, warm_up: f64) -> f64 {
    let at = (step as f64 + 1.0) / total.max(1) as f64;
    if at < warm_up {
        return peak * at / warm_up;
    }
    let rest = ((at - warm_up) / (1.0 - warm_up).max(1e-9)).min(1.0);
    let low = peak * 0.01;
    low + (peak - low) * 0.5 * (1.0 + (std::f64::consts::PI * rest).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_climbs_to_its_peak_and_falls_to_a_hundredth() {
        assert!((rate_at(4, 100, 1.0, 0.1) - 0.5).abs() < 1e-12);
        assert!((rate_at(9, 100, 1.0, 0.1) - 1.0).abs() < 1e-12);
        assert!((rate_at(99, 100, 1.0, 0.1) - 0.01).abs() < 1e-12);
    }
}
