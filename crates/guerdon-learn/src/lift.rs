//! Random features: a fixed random layer before the linear learners, so that what they fit in closed form need not be
//! linear in the context.

use guerdon_core::{Error, Result, Seed, Value};
use guerdon_data::LogBatch;
use guerdon_policy::{Dense, Encoder};
use rand::SeedableRng;
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::online::normal::Normal;

/// What turns a context into a linear learner's inputs.
pub(crate) trait Encode {
    /// How many inputs a context becomes.
    fn width(&self) -> usize;

    /// Writes them. `out`: `[width]`.
    fn encode(&self, context: &[Value], out: &mut [f32]);

    /// Writes those of several rows of a batch. `out`: `[rows][width]`.
    fn encode_rows(&self, batch: &LogBatch, rows: &[usize], out: &mut [f32]);
}

/// Encodes rows of a batch into the starts of rows of `out`, `[rows][stride]`.
fn encode_rows(encoder: &Encoder, batch: &LogBatch, rows: &[usize], stride: usize, out: &mut [f32]) {
    for feature in 0..encoder.features() {
        match batch.numbers(feature) {
            Some(column) => encoder.encode_numbers(feature, rows.iter().map(|row| column[*row]), stride, out),
            None => encoder.encode_feature(feature, rows.iter().map(|row| batch.value(*row, feature)), stride, out),
        }
    }
}

impl Encode for Encoder {
    fn width(&self) -> usize {
        self.width()
    }

    fn encode(&self, context: &[Value], out: &mut [f32]) {
        self.encode(context, out);
    }

    fn encode_rows(&self, batch: &LogBatch, rows: &[usize], out: &mut [f32]) {
        encode_rows(self, batch, rows, self.width(), out);
    }
}

/// Random features of a linear learner ("random kitchen sinks", Rahimi & Recht 2008): units SiLU(b + w·x), each of a few
/// of the context's features, drawn once and never trained, stand beside the encoded context. A cheap way to curves and
/// interactions: what is fitted stays linear, in closed form.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RandomFeatures {
    /// How many units, 0 to 4,096; default 0. The fit's time grows with the square of their number, then with its cube.
    pub count: usize,
    /// How many features of the context a unit looks at, 1 to 64; default 2, for interactions of pairs.
    pub at_once: usize,
    /// Deviation of w·x for standardised features; above 0, up to 100; default 3. Larger: sharper bends.
    pub scale: f64,
    /// Deviation of b, in [0, 100]; default 1.
    pub shift: f64,
}

impl Default for RandomFeatures {
    fn default() -> Self {
        RandomFeatures { count: 0, at_once: 2, scale: 3.0, shift: 1.0 }
    }
}

/// The units, drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lift {
    inputs: usize,
    units: Vec<Unit>,
}

#[derive(Debug, Clone, PartialEq)]
struct Unit {
    bias: f32,
    /// Slots of the encoded context and their weights.
    weights: Vec<(usize, f32)>,
}

impl Lift {
    /// Draws the units for the contexts that `encoder` encodes.
    pub fn draw(encoder: &Encoder, config: &RandomFeatures, seed: Seed) -> Self {
        let mut slots = vec![];
        let mut next = 0;
        for (_, encoding) in encoder.entries() {
            slots.push(next..next + encoding.width());
            next += encoding.width();
        }
        let mut order = ChaCha8Rng::seed_from_u64(seed.named("features").0);
        let mut normal = Normal::new(seed.named("weights"));
        let at_once = config.at_once.min(slots.len());
        let deviation = config.scale / (at_once.max(1) as f64).sqrt();
        let unit = |_| {
            let features = sample(&mut order, slots.len(), at_once);
            let slots = features.into_iter().flat_map(|feature| slots[feature].clone());
            let weights = slots.map(|slot| (slot, (normal.draw() * deviation) as f32)).collect();
            Unit { bias: (normal.draw() * config.shift) as f32, weights }
        };
        Lift { inputs: next, units: (0..config.count).map(unit).collect() }
    }

    /// How many numbers come out: the encoded context, then the units.
    pub fn width(&self) -> usize {
        self.inputs + self.units.len()
    }

    /// Writes the units of an encoded context into `out`, which starts with it.
    pub fn apply(&self, out: &mut [f32]) {
        let (x, out) = out.split_at_mut(self.inputs);
        for (unit, out) in self.units.iter().zip(out) {
            let sum = unit.weights.iter().fold(unit.bias, |sum, (slot, weight)| sum + x[*slot] * weight);
            *out = sum / (1.0 + (-sum).exp());
        }
    }

    /// As a layer that SiLU follows: x and −x for every input, then the units.
    pub fn layer(&self) -> Dense {
        let outputs = 2 * self.inputs + self.units.len();
        let mut layer =
            Dense { inputs: self.inputs, outputs, weights: vec![0.0; self.inputs * outputs], bias: vec![0.0; outputs] };
        for i in 0..self.inputs {
            layer.weights[i * outputs + i] = 1.0;
            layer.weights[i * outputs + self.inputs + i] = -1.0;
        }
        for (place, unit) in self.units.iter().enumerate() {
            layer.bias[2 * self.inputs + place] = unit.bias;
            for (slot, weight) in &unit.weights {
                layer.weights[slot * outputs + 2 * self.inputs + place] = *weight;
            }
        }
        layer
    }

    /// `head`, which is over [`Lift::width`] inputs, over the outputs of [`Lift::layer`] instead: as
    /// SiLU(x) − SiLU(−x) = x, an input's weight stands there twice, with either sign.
    pub fn above(&self, head: &Dense) -> Dense {
        let (own, units) = head.weights.split_at(self.inputs * head.outputs);
        let negative = own.iter().map(|weight| -weight);
        let weights = own.iter().copied().chain(negative).chain(units.iter().copied()).collect();
        Dense { inputs: self.width() + self.inputs, outputs: head.outputs, weights, bias: head.bias.clone() }
    }
}

/// An encoder and the units above it.
pub(crate) struct Lifted<'a> {
    pub encoder: &'a Encoder,
    pub lift: &'a Lift,
}

impl Encode for Lifted<'_> {
    fn width(&self) -> usize {
        self.lift.width()
    }

    fn encode(&self, context: &[Value], out: &mut [f32]) {
        self.encoder.encode(context, out);
        self.lift.apply(out);
    }

    fn encode_rows(&self, batch: &LogBatch, rows: &[usize], out: &mut [f32]) {
        let width = self.width();
        encode_rows(self.encoder, batch, rows, width, out);
        out.chunks_exact_mut(width.max(1)).for_each(|row| self.lift.apply(row));
    }
}

impl RandomFeatures {
    /// Checks the ranges; `file` names the source in errors.
    pub(crate) fn check(&self, file: &str) -> Result<()> {
        let refused = |key: &str, given: String, wanted: &str| {
            Err(Error::config(file, format!("random_features.{key}"), given, format!("{wanted} would do")))
        };
        if self.count > 4096 {
            return refused("count", self.count.to_string(), "a whole number from 0 to 4096");
        }
        if !(1..=64).contains(&self.at_once) {
            return refused("at_once", self.at_once.to_string(), "a whole number from 1 to 64");
        }
        if !(self.scale > 0.0 && self.scale <= 100.0) {
            return refused("scale", self.scale.to_string(), "a number above 0, up to 100,");
        }
        if !(0.0..=100.0).contains(&self.shift) {
            return refused("shift", self.shift.to_string(), "a number from 0 to 100");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guerdon_core::FeatureType;
    use guerdon_policy::{Encoding, FeatureSchema};

    fn lift() -> Lift {
        let number = |name: &str| {
            let schema = FeatureSchema { name: name.into(), r#type: FeatureType::Number };
            (schema, Encoding::Number { mean: 0.0, std: 1.0 })
        };
        let encoder = Encoder::new(vec![number("a"), number("b"), number("c")]).unwrap();
        Lift::draw(&encoder, &RandomFeatures { count: 5, ..RandomFeatures::default() }, Seed(1))
    }

    #[test]
    fn a_unit_looks_at_as_many_features_as_it_should() {
        for unit in lift().units {
            let mut features: Vec<usize> = unit.weights.iter().map(|(slot, _)| slot / 2).collect();
            features.dedup();
            assert_eq!((unit.weights.len(), features.len()), (4, 2));
        }
    }

    #[test]
    fn the_layer_and_the_head_above_it_say_what_the_lifted_head_says() {
        let lift = lift();
        let head = Dense {
            inputs: lift.width(),
            outputs: 2,
            weights: (0..2 * lift.width()).map(|i| (i as f32).sin()).collect(),
            bias: vec![0.1, -0.2],
        };
        let mut x = vec![0.5, 0.0, -2.0, 0.0, 3.0, 1.0];
        let apply = |layer: &Dense, x: &[f32]| -> Vec<f32> {
            let sum = |j: usize| (0..layer.inputs).map(|i| x[i] * layer.weights[i * layer.outputs + j]).sum::<f32>();
            (0..layer.outputs).map(|j| layer.bias[j] + sum(j)).collect()
        };
        let hidden: Vec<f32> = apply(&lift.layer(), &x).iter().map(|v| v / (1.0 + (-v).exp())).collect();
        let above = apply(&lift.above(&head), &hidden);
        x.resize(lift.width(), 0.0);
        lift.apply(&mut x);
        let plain = apply(&head, &x);
        above.iter().zip(&plain).for_each(|(a, b)| assert!((a - b).abs() < 1e-5, "{above:?} {plain:?}"));
    }
}
