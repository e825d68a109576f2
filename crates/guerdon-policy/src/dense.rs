//! A dense layer, in the order of operations that both vectorises and gives the same bits on every machine.

use guerdon_core::{Error, Result};
use pulp::Simd;

/// A dense layer: out = bias + x · weights.
///
/// # Shapes
/// `weights`: row-major `[inputs][outputs]`; `bias`: `[outputs]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    /// How many numbers go in.
    pub inputs: usize,
    /// How many come out.
    pub outputs: usize,
    /// `weights[i * outputs + j]` leads from input i to output j. Finite.
    pub weights: Vec<f32>,
    /// What each output starts from. Finite.
    pub bias: Vec<f32>,
}

impl Dense {
    /// Parameters held.
    pub fn parameters(&self) -> usize {
        self.weights.len() + self.bias.len()
    }

    /// Checks shapes and numbers; `key` names the layer in errors.
    pub(crate) fn check(&self, key: &str) -> Result<()> {
        let refused = |given: String, wanted: String| Err(Error::config("model", key, given, wanted));
        let wanted = self.inputs.checked_mul(self.outputs);
        if self.outputs == 0 || wanted != Some(self.weights.len()) || self.bias.len() != self.outputs {
            return refused(
                format!("{} weights and {} biases", self.weights.len(), self.bias.len()),
                format!("{} x {} weights and as many biases as outputs (at least 1)", self.inputs, self.outputs),
            );
        }
        match self.weights.iter().chain(&self.bias).position(|w| !w.is_finite()) {
            Some(place) => refused(format!("not finite at parameter {place}"), "finite parameters would do".into()),
            None => Ok(()),
        }
    }

    /// Writes bias + x · weights into `out`; `inputs` yields each input's place and value, in order.
    ///
    /// Outputs are worked on a few vector registers at a time: for each input, its value times its weights is added to
    /// the sums in the registers ("axpy order"). So each output adds its products one after the other in the order of
    /// the inputs, each product rounded by itself and never fused, and one lane or sixteen give the same bits. A caller
    /// may leave out inputs that are 0, to the same bits: weights are finite and no sum is ever −0 (+0 is added to the
    /// bias for that), so that adding 0 · w would change nothing.
    ///
    /// # Shapes
    /// `out`: `[outputs]`.
    #[inline(always)]
    pub(crate) fn forward<S: Simd>(
        &self,
        simd: S,
        inputs: impl Iterator<Item = (usize, f32)> + Clone,
        out: &mut [f32],
    ) {
        const { assert!(MOST_REGISTERS == 12) }
        let (vectors, _) = S::as_simd_f32s(&self.bias);
        let blocks = vectors.len().div_ceil(MOST_REGISTERS).max(1);
        // Blocks of even size, so that the last one is not left with too few sums to hide the latency of an addition.
        let size = vectors.len().div_ceil(blocks);
        let mut done = 0;
        while done < vectors.len() {
            let first = done * S::F32_LANES;
            let inputs = inputs.clone();
            let size = size.min(vectors.len() - done);
            match size {
                1 => self.block::<S, 1>(simd, inputs, first, out),
                2 => self.block::<S, 2>(simd, inputs, first, out),
                3 => self.block::<S, 3>(simd, inputs, first, out),
                4 => self.block::<S, 4>(simd, inputs, first, out),
                5 => self.block::<S, 5>(simd, inputs, first, out),
                6 => self.block::<S, 6>(simd, inputs, first, out),
                7 => self.block::<S, 7>(simd, inputs, first, out),
                8 => self.block::<S, 8>(simd, inputs, first, out),
                9 => self.block::<S, 9>(simd, inputs, first, out),
                10 => self.block::<S, 10>(simd, inputs, first, out),
                11 => self.block::<S, 11>(simd, inputs, first, out),
                _ => self.block::<S, MOST_REGISTERS>(simd, inputs, first, out),
            }
            done += size;
        }
        self.tail(inputs, vectors.len() * S::F32_LANES, out);
    }

    /// The outputs of `N` vector registers, from output `first` on.
    #[inline(always)]
    fn block<S: Simd, const N: usize>(
        &self,
        simd: S,
        inputs: impl Iterator<Item = (usize, f32)>,
        first: usize,
        out: &mut [f32],
    ) {
        let zero = simd.splat_f32s(0.0);
        let bias = self.bias.get(first..).map(|bias| S::as_simd_f32s(bias).0);
        let Some(bias) = bias.and_then(|bias| bias.first_chunk::<N>()) else { return };
        let mut sums = bias.map(|bias| simd.add_f32s(bias, zero));
        for (i, x) in inputs {
            let row = self.weights.get(i * self.outputs + first..).map(|row| S::as_simd_f32s(row).0);
            let Some(row) = row.and_then(|row| row.first_chunk::<N>()) else { return };
            let x = simd.splat_f32s(x);
            for (sum, w) in sums.iter_mut().zip(row) {
                *sum = simd.add_f32s(*sum, simd.mul_f32s(x, *w));
            }
        }
        let out = out.get_mut(first..).map(|out| S::as_mut_simd_f32s(out).0);
        if let Some(out) = out.and_then(|out| out.first_chunk_mut::<N>()) {
            *out = sums;
        }
    }

    /// The outputs from `first` on, fewer than a register holds.
    #[inline(always)]
    fn tail(&self, inputs: impl Iterator<Item = (usize, f32)>, first: usize, out: &mut [f32]) {
        let (Some(out), Some(bias)) = (out.get_mut(first..), self.bias.get(first..)) else { return };
        if out.is_empty() {
            return;
        }
        for (sum, bias) in out.iter_mut().zip(bias) {
            *sum = bias + 0.0;
        }
        for (i, x) in inputs {
            let Some(row) = self.weights.get(i * self.outputs + first..) else { return };
            for (sum, w) in out.iter_mut().zip(row) {
                *sum += x * w;
            }
        }
    }
}

/// Most vector registers of sums; AVX2 has 16 in all.
const MOST_REGISTERS: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use guerdon_core::Seed;
    use pulp::{Arch, WithSimd};

    struct Run<'a>(&'a Dense, &'a [f32], &'a [usize], &'a mut [f32]);

    impl WithSimd for Run<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            self.0.forward(simd, self.2.iter().map(|i| (*i, self.1[*i])), self.3);
        }
    }

    /// The definition, to be read rather than run.
    fn plain(layer: &Dense, x: &[f32]) -> Vec<f32> {
        (0..layer.outputs)
            .map(|j| {
                (0..layer.inputs).fold(layer.bias[j] + 0.0, |sum, i| sum + x[i] * layer.weights[i * layer.outputs + j])
            })
            .collect()
    }

    #[test]
    fn every_instruction_set_gives_the_bits_of_the_plain_loop() {
        let mut next = 0;
        let mut draw = || {
            next += 1;
            (Seed(5).uniform_indexed(next) * 4.0 - 2.0) as f32
        };
        for (inputs, outputs) in
            [(0, 3), (1, 1), (13, 7), (64, 144), (64, 128), (31, 97), (5, 96), (7, 200), (3, 9), (40, 33)]
        {
            let weights = (0..inputs * outputs).map(|_| draw()).collect();
            let bias = (0..outputs).map(|j| if j % 3 == 0 { -0.0 } else { draw() }).collect();
            let layer = Dense { inputs, outputs, weights, bias };
            layer.check("layer").unwrap();
            let x: Vec<f32> = (0..inputs).map(|i| [draw(), 0.0, -0.0, draw()][i % 4]).collect();
            let bits = |out: &[f32]| out.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            let all: Vec<usize> = (0..inputs).collect();
            let non_zero: Vec<usize> = (0..inputs).filter(|i| x[*i] != 0.0).collect();
            for arch in [Arch::Scalar, Arch::new()] {
                for rows in [&all, &non_zero] {
                    let mut out = vec![f32::NAN; outputs];
                    arch.dispatch(Run(&layer, &x, rows, &mut out));
                    assert_eq!(bits(&out), bits(&plain(&layer, &x)), "{inputs} x {outputs}, {arch:?}");
                }
            }
        }
    }
}
