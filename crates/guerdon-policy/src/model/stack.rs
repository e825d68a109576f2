//! One pass through a stack of dense layers.

use crate::dense::Dense;
use crate::exp::silu;
use pulp::{Simd, WithSimd};

/// `layers` over `x`, with SiLU between them, into the first outputs of `out`. Without a layer, `out` stays as it is.
///
/// # Shapes
/// `x`: the first layer's inputs that are not 0, with their places, in order; `spare` and `out`: at least the widest
/// layer's outputs.
pub(crate) struct Stack<'a> {
    pub layers: &'a [Dense],
    pub x: &'a [(usize, f32)],
    pub spare: &'a mut Vec<f32>,
    pub out: &'a mut Vec<f32>,
    /// Whether SiLU follows the last layer too.
    pub activate: bool,
}

impl WithSimd for Stack<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Stack { layers, x, spare, out, activate } = self;
        let Some((first, others)) = layers.split_first() else { return };
        first.forward(simd, x.iter().copied(), sized(out, first.outputs));
        for layer in others {
            std::mem::swap(spare, out);
            let hidden = sized(spare, layer.inputs);
            hidden.iter_mut().for_each(|h| *h = silu(*h));
            layer.forward(simd, hidden.iter().copied().enumerate(), sized(out, layer.outputs));
        }
        if activate {
            let outputs = layers.last().map_or(0, |layer| layer.outputs);
            sized(out, outputs).iter_mut().for_each(|h| *h = silu(*h));
        }
    }
}

/// The inputs that are not 0, with their places, in the front of `non_zero`. Written without a branch:
/// which ones they are can't be predicted.
#[inline(always)]
pub(crate) fn gather<'a>(x: &[f32], non_zero: &'a mut [(usize, f32)]) -> &'a [(usize, f32)] {
    let mut found = 0;
    for input in x.iter().copied().enumerate() {
        if let Some(place) = non_zero.get_mut(found) {
            *place = input;
        }
        found += usize::from(input.1 != 0.0);
    }
    non_zero.get(..found).unwrap_or_default()
}

/// The first `len` of `buffer`, or all of it where it is shorter.
#[inline(always)]
pub(crate) fn sized(buffer: &mut [f32], len: usize) -> &mut [f32] {
    let len = len.min(buffer.len());
    buffer.get_mut(..len).unwrap_or_default()
}
