//! Feature maps: from a context to what the regressors see.
//!
//! Random Fourier features (Rahimi & Recht 2007) make a linear learner one of the Gaussian kernel: KernelUCB (Valko et
//! al. 2013) from LinUCB, and Thompson sampling with a fixed random hidden layer from LinTS.

use super::linear_algebra::dot;
use super::network::Layer;
use super::normal::Normal;
use guerdon_core::{Error, Result, Seed};
use serde::{Deserialize, Serialize};

/// What is made of a context.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Features {
    /// An intercept of 1, then the context as it is.
    Linear,
    /// Pairs √(2/count) · (cos ωᵀx, sin ωᵀx), ω ~ N(0, I / length_scale²): inner products approach the kernel
    /// exp(−‖x − x'‖² / (2 length_scale²)) with error of order 1/√count. Frequencies are orthogonal in blocks of as many as
    /// the context has numbers (Yu et al. 2016), which makes one draw as good as another.
    Fourier {
        /// How many features; even, 2 to 65,536. Time and memory per arm grow with its square.
        count: usize,
        /// The kernel's width, in the unit of the context (of unit length if `unit`); greater than 0.
        length_scale: f64,
        /// Whether contexts are first scaled to Euclidean length 1, so that only their direction counts.
        unit: bool,
    },
    /// An intercept of 1, then the hidden units of a network that is trained anew on all that was seen, by squared error of
    /// the reward, when `first` rewards have come and whenever their number has grown by half; the regressors are then
    /// made anew from all that was seen. Before, the network is as it was drawn, and where its loss is not finite (numbers are
    /// enormous) it stays as it was. Keeps every observation in memory.
    Network {
        /// How many hidden units, 1 to 4,096.
        units: usize,
        /// Rewards before the first training, at least 1.
        first: u64,
    },
}

/// A feature map made ready.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct FeatureMap {
    features: Features,
    inputs: usize,
    /// `[count / 2][inputs]`.
    #[serde(with = "super::bits")]
    frequencies: Vec<f64>,
    pub(super) layer: Option<Layer>,
    #[serde(with = "super::bits")]
    context: Vec<f64>,
    #[serde(with = "super::bits")]
    pub(super) values: Vec<f64>,
}

impl FeatureMap {
    pub(super) fn new(features: Features, inputs: usize, seed: Seed) -> Result<FeatureMap> {
        let refused = |key: &str, given: String, wanted: &str| Err(Error::config("features", key, given, wanted));
        let mut layer = None;
        let (width, frequencies) = match features {
            Features::Linear => (inputs.saturating_add(1), vec![]),
            Features::Network { units, first } => {
                if !(1..=4096).contains(&units) {
                    return refused("units", units.to_string(), "a whole number from 1 to 4096 would do");
                }
                if first == 0 {
                    return refused("first", first.to_string(), "at least 1 would do");
                }
                layer = Some(Layer::initial(inputs, units, seed.named("network"))?);
                (units + 1, vec![])
            }
            Features::Fourier { count, length_scale, .. } => {
                if !(2..=1 << 16).contains(&count) || count % 2 == 1 {
                    return refused("count", count.to_string(), "an even number from 2 to 65536 would do");
                }
                if !(length_scale.is_finite() && length_scale > 0.0) {
                    return refused("length_scale", length_scale.to_string(), "a finite number above 0 would do");
                }
                let mut normal = Normal::new(seed.named("fourier"));
                let mut frequencies: Vec<f64> = (0..count / 2 * inputs).map(|_| normal.draw() / length_scale).collect();
                frequencies.chunks_mut((inputs * inputs).max(1)).for_each(|block| make_orthogonal(block, inputs));
                (count, frequencies)
            }
        };
        let (context, values) = (vec![0.0; inputs], vec![0.0; width]);
        Ok(FeatureMap { features, inputs, frequencies, layer, context, values })
    }

    pub(super) fn width(&self) -> usize {
        self.values.len()
    }

    /// Fills `values`. Refuses a context of another length or that is not finite.
    pub(super) fn map(&mut self, x: &[f32]) -> Result<()> {
        if x.len() != self.inputs {
            let wanted = format!("{} numbers would do", self.inputs);
            return Err(Error::config("online", "context", format!("{} numbers long", x.len()), wanted));
        }
        if let Some(place) = x.iter().position(|value| !value.is_finite()) {
            return Err(Error::config(
                "online",
                "context",
                format!("not finite at {place}"),
                "finite numbers would do",
            ));
        }
        self.context.iter_mut().zip(x).for_each(|(kept, given)| *kept = f64::from(*given));
        match self.features {
            Features::Linear => {
                for (value, given) in self.values.iter_mut().zip(std::iter::once(&1.0).chain(&self.context)) {
                    *value = *given;
                }
            }
            Features::Network { .. } => {
                if let (Some(layer), Some((intercept, units))) = (&self.layer, self.values.split_first_mut()) {
                    *intercept = 1.0;
                    layer.apply(&self.context, units);
                }
            }
            Features::Fourier { count, unit, .. } => {
                let length = dot(&self.context, &self.context).sqrt();
                let shrink = if unit && length > 0.0 { 1.0 / length } else { 1.0 };
                let scale = (2.0 / count as f64).sqrt();
                let pairs = self.values.as_chunks_mut::<2>().0.iter_mut();
                for ([cosine, sine], frequency) in pairs.zip(self.frequencies.chunks_exact(self.inputs.max(1))) {
                    let phase = shrink * dot(frequency, &self.context);
                    (*cosine, *sine) = (scale * phase.cos(), scale * phase.sin());
                }
            }
        }
        Ok(())
    }
}

/// Makes the rows of a block, at most `inputs` of them, orthogonal and leaves their lengths (modified Gram-Schmidt).
fn make_orthogonal(block: &mut [f64], inputs: usize) {
    let rows = block.len() / inputs.max(1);
    for row in 0..rows {
        let (before, from) = block.split_at_mut(row * inputs);
        let Some(current) = from.get_mut(..inputs) else { return };
        let length = dot(current, current).sqrt();
        for other in before.chunks_exact(inputs) {
            let share = dot(other, current) / dot(other, other).max(f64::MIN_POSITIVE);
            current.iter_mut().zip(other).for_each(|(value, other)| *value -= share * other);
        }
        let left = dot(current, current).sqrt();
        if left > 0.0 {
            current.iter_mut().for_each(|value| *value *= length / left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_are_orthogonal_in_blocks_and_inner_products_near_the_kernel() {
        let features = Features::Fourier { count: 512, length_scale: 1.0, unit: false };
        let mut map = FeatureMap::new(features, 16, Seed(3)).unwrap();
        let rows: Vec<&[f64]> = map.frequencies.chunks_exact(16).collect();
        assert!(dot(rows[0], rows[15]).abs() < 1e-9 && dot(rows[17], rows[30]).abs() < 1e-9);
        assert!(dot(rows[0], rows[16]).abs() > 1e-3, "blocks are drawn apart");
        let (a, b) = ([0.1f32; 16], [0.3f32; 16]);
        map.map(&a).unwrap();
        let first = map.values.clone();
        map.map(&b).unwrap();
        let kernel = (-16.0 * 0.04f64 / 2.0).exp();
        assert!((dot(&first, &map.values) - kernel).abs() < 0.02, "{kernel}");
    }
}
