//! Algebra of many small symmetric matrices at once, one per action: eight of them go through the processor's vectors side
//! by side.

use pulp::{Arch, Simd, WithSimd};

/// Actions side by side.
pub(crate) const LANES: usize = 8;

/// One number of each of eight actions.
pub(crate) type Lane = [f64; LANES];

/// Rows that are worked on together, so that what they share is loaded once.
const TALL: usize = 4;

const ZERO: Lane = [0.0; LANES];

/// Vectors of all actions, `[actions][size]`, as `[actions / LANES][size]` lanes. Lanes without an action are 0.
pub(crate) fn side_by_side(v: &[f64], size: usize) -> Vec<Lane> {
    let mut out = vec![ZERO; (v.len() / size).div_ceil(LANES) * size];
    for (action, v) in v.chunks_exact(size).enumerate() {
        let group = &mut out[action / LANES * size..];
        group.iter_mut().zip(v).for_each(|(lanes, value)| lanes[action % LANES] = *value);
    }
    out
}

/// The inverse of [`side_by_side`].
pub(crate) fn one_by_one(v: &[Lane], size: usize, actions: usize) -> Vec<f64> {
    (0..actions).flat_map(|action| v[action / LANES * size..][..size].iter().map(move |v| v[action % LANES])).collect()
}

/// A symmetric matrix for each action, `[actions / LANES][size][size]` lanes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Blocks {
    actions: usize,
    size: usize,
    lanes: Vec<Lane>,
}

impl Blocks {
    /// # Shapes
    /// `blocks`: `[actions][size][size]`.
    pub fn new(blocks: &[f64], size: usize) -> Self {
        Blocks { actions: blocks.len() / (size * size), size, lanes: side_by_side(blocks, size * size) }
    }

    /// The matrix of each action, `[size][size]`.
    pub fn each(&self) -> impl Iterator<Item = Vec<f64>> {
        let cells = self.size * self.size;
        (0..self.actions).map(move |action| {
            let group = &self.lanes[action / LANES * cells..][..cells];
            group.iter().map(|lanes| lanes[action % LANES]).collect()
        })
    }

    /// `out` += each action's matrix times its part of `v`.
    pub fn add_product(&self, v: &[Lane], out: &mut [Lane]) {
        Arch::new().dispatch(Wide(BlockProduct { size: self.size, matrices: &self.lanes, v, out }));
    }

    /// Factors of these matrices plus a diagonal: `scales[action] · penalties[i]` in place (i, i). `None` where one of
    /// them is not positive definite or not finite.
    pub fn factors(&self, scales: &[f64], penalties: &[f64]) -> Option<Factors> {
        let size = self.size;
        let mut upper = self.lanes.clone();
        // Lanes without an action get a matrix that has a factor.
        let mut added = vec![[1.0; LANES]; self.lanes.len() / (size * size)];
        scales.iter().enumerate().for_each(|(action, scale)| added[action / LANES][action % LANES] = *scale);
        for (matrix, added) in upper.chunks_exact_mut(size * size).zip(&added) {
            for (place, penalty) in matrix.iter_mut().step_by(size + 1).zip(penalties) {
                place.iter_mut().zip(added).for_each(|(place, added)| *place += added * penalty);
            }
        }
        Arch::new().dispatch(Wide(Factorisation { size, upper: &mut upper }));
        // What is not positive has no square root, and what is not finite none with a usable inverse.
        let diagonal = upper.chunks_exact(size * size).flat_map(|matrix| matrix.iter().step_by(size + 1));
        let positive = diagonal.flatten().all(|inverse| inverse.is_finite() && *inverse > 0.0);
        positive.then_some(Factors { size, upper })
    }
}

/// U with Uᵀ·U = M for each action; on the diagonal stands 1/Uᵢᵢ; what is below it is not to be used.
#[derive(Debug, Clone)]
pub(crate) struct Factors {
    size: usize,
    upper: Vec<Lane>,
}

impl Factors {
    /// Replaces each action's part of `v` by M⁻¹ times it.
    pub fn solve(&self, v: &mut [Lane]) {
        Arch::new().dispatch(Wide(Substitution { size: self.size, upper: &self.upper, v }));
    }
}

/// A matrix over actions, made ready for products: `[groups][groups][LANES]` lanes, source before target.
#[derive(Debug, Clone)]
pub(crate) struct Coupling {
    lanes: Vec<Lane>,
    groups: usize,
}

impl Coupling {
    /// # Shapes
    /// `matrix`: `[actions][actions]`, symmetric.
    pub fn new(matrix: &[f64], actions: usize) -> Self {
        let groups = actions.div_ceil(LANES);
        let mut lanes = vec![ZERO; groups * groups * LANES];
        for (from, row) in matrix.chunks_exact(actions.max(1)).enumerate() {
            for (to, value) in row.iter().enumerate() {
                lanes[(from / LANES * groups + to / LANES) * LANES + from % LANES][to % LANES] = *value;
            }
        }
        Coupling { lanes, groups }
    }

    /// `out` = (P ⊗ diag(penalties)) · v with P this matrix.
    pub fn product(&self, penalties: &[f64], v: &[Lane], out: &mut [Lane]) {
        Arch::new().dispatch(Wide(CoupledProduct { coupling: self, penalties, v, out }));
    }
}

/// What runs on whole vectors, `VECTORS` of them to a [`Lane`]. All of it has to be inlined (so closures hold no such
/// work): what is not stays compiled for any processor. Products are rounded by themselves and never fused, so that every
/// vector length gives the same bits.
trait Kernel {
    fn run<S: Simd, const VECTORS: usize>(self, simd: S);
}

struct Wide<K>(K);

impl<K: Kernel> WithSimd for Wide<K> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F64_LANES {
            8 => self.0.run::<S, 1>(simd),
            4 => self.0.run::<S, 2>(simd),
            2 => self.0.run::<S, 4>(simd),
            _ => self.0.run::<S, 8>(simd),
        }
    }
}

/// A lane in vectors.
type Row<S, const VECTORS: usize> = [<S as Simd>::f64s; VECTORS];

#[inline(always)]
fn rows<S: Simd, const VECTORS: usize>(lanes: &[Lane]) -> &[Row<S, VECTORS>] {
    S::as_simd_f64s(lanes.as_flattened()).0.as_chunks().0
}

#[inline(always)]
fn rows_mut<S: Simd, const VECTORS: usize>(lanes: &mut [Lane]) -> &mut [Row<S, VECTORS>] {
    S::as_mut_simd_f64s(lanes.as_flattened_mut()).0.as_chunks_mut().0
}

/// `out` += each of `matrices` times its part of `v`.
struct BlockProduct<'a> {
    size: usize,
    matrices: &'a [Lane],
    v: &'a [Lane],
    out: &'a mut [Lane],
}

impl Kernel for BlockProduct<'_> {
    #[inline(always)]
    fn run<S: Simd, const VECTORS: usize>(self, simd: S) {
        let size = self.size;
        let matrices = rows::<S, VECTORS>(self.matrices).chunks_exact(size * size);
        let vectors = rows::<S, VECTORS>(self.v).chunks_exact(size);
        let out = rows_mut::<S, VECTORS>(self.out).chunks_exact_mut(size);
        for ((matrix, v), out) in matrices.zip(vectors).zip(out) {
            // Symmetric: a row is a column.
            let (fours, rest) = v.as_chunks::<TALL>();
            let (whole, last) = matrix.split_at(fours.len() * TALL * size);
            for (rows, v) in whole.chunks_exact(TALL * size).zip(fours) {
                add_four(simd, four(rows, 0), *v, out);
            }
            for (row, v) in last.chunks_exact(size).zip(rest) {
                add_one(simd, row, *v, out);
            }
        }
    }
}

/// The four rows of `rows`, without their first `skipped` places.
#[inline(always)]
fn four<T>(rows: &[T], skipped: usize) -> [&[T]; TALL] {
    let (first, second) = rows.split_at(rows.len() / 2);
    let ((a, b), (c, d)) = (first.split_at(first.len() / 2), second.split_at(second.len() / 2));
    [&a[skipped..], &b[skipped..], &c[skipped..], &d[skipped..]]
}

/// `out` += Σ v[r] · rows[r].
#[inline(always)]
fn add_four<S: Simd, const VECTORS: usize>(
    simd: S,
    rows: [&[Row<S, VECTORS>]; TALL],
    v: [Row<S, VECTORS>; TALL],
    out: &mut [Row<S, VECTORS>],
) {
    let [r0, r1, r2, r3] = rows;
    for ((((out, r0), r1), r2), r3) in out.iter_mut().zip(r0).zip(r1).zip(r2).zip(r3) {
        for k in 0..VECTORS {
            let first = simd.add_f64s(simd.mul_f64s(v[0][k], r0[k]), simd.mul_f64s(v[1][k], r1[k]));
            let second = simd.add_f64s(simd.mul_f64s(v[2][k], r2[k]), simd.mul_f64s(v[3][k], r3[k]));
            out[k] = simd.add_f64s(out[k], simd.add_f64s(first, second));
        }
    }
}

/// `out` += v · row.
#[inline(always)]
fn add_one<S: Simd, const VECTORS: usize>(
    simd: S,
    row: &[Row<S, VECTORS>],
    v: Row<S, VECTORS>,
    out: &mut [Row<S, VECTORS>],
) {
    for (out, row) in out.iter_mut().zip(row) {
        for k in 0..VECTORS {
            out[k] = simd.add_f64s(out[k], simd.mul_f64s(v[k], row[k]));
        }
    }
}

/// `lane` times `by`, each with its own.
#[inline(always)]
fn times<S: Simd, const VECTORS: usize>(simd: S, mut lane: Row<S, VECTORS>, by: Row<S, VECTORS>) -> Row<S, VECTORS> {
    for k in 0..VECTORS {
        lane[k] = simd.mul_f64s(lane[k], by[k]);
    }
    lane
}

/// `lane` times −1.
#[inline(always)]
fn minus<S: Simd, const VECTORS: usize>(simd: S, lane: Row<S, VECTORS>) -> Row<S, VECTORS> {
    times(simd, lane, [simd.splat_f64s(-1.0); VECTORS])
}

/// Cholesky's factors in place of the upper triangles, row by row, four pivots at a time.
struct Factorisation<'a> {
    size: usize,
    upper: &'a mut [Lane],
}

impl Kernel for Factorisation<'_> {
    #[inline(always)]
    fn run<S: Simd, const VECTORS: usize>(self, simd: S) {
        let size = self.size;
        for matrix in rows_mut::<S, VECTORS>(self.upper).chunks_exact_mut(size * size) {
            for start in (0..size).step_by(TALL) {
                let end = (start + TALL).min(size);
                for pivot in start..end {
                    let (above, here) = matrix.split_at_mut(pivot * size);
                    let row = &mut here[pivot..size];
                    for above in above[start * size..].chunks_exact(size) {
                        add_one(simd, &above[pivot..], minus(simd, above[pivot]), row);
                    }
                    let Some((diagonal, rest)) = row.split_first_mut() else { continue };
                    for value in diagonal.iter_mut() {
                        *value = simd.div_f64s(simd.splat_f64s(1.0), simd.sqrt_f64s(*value));
                    }
                    for value in rest {
                        *value = times(simd, *value, *diagonal);
                    }
                }
                for below in end..size {
                    let (above, here) = matrix.split_at_mut(below * size);
                    let rows = four(&above[start * size..end * size], below);
                    let mut v = [[simd.splat_f64s(0.0); VECTORS]; TALL];
                    for (v, row) in v.iter_mut().zip(rows) {
                        *v = minus(simd, row[0]);
                    }
                    add_four(simd, rows, v, &mut here[below..size]);
                }
            }
        }
    }
}

/// M⁻¹·v in place of v, from M's factor: forwards through Uᵀ, then back through U.
struct Substitution<'a> {
    size: usize,
    upper: &'a [Lane],
    v: &'a mut [Lane],
}

impl Kernel for Substitution<'_> {
    #[inline(always)]
    fn run<S: Simd, const VECTORS: usize>(self, simd: S) {
        let size = self.size;
        let factors = rows::<S, VECTORS>(self.upper).chunks_exact(size * size);
        for (upper, v) in factors.zip(rows_mut::<S, VECTORS>(self.v).chunks_exact_mut(size)) {
            for (k, row) in upper.chunks_exact(size).enumerate() {
                let Some((here, after)) = v[k..].split_first_mut() else { return };
                *here = times(simd, *here, row[k]);
                add_one(simd, &row[k + 1..], minus(simd, *here), after);
            }
            for (k, row) in upper.chunks_exact(size).enumerate().rev() {
                let Some((here, after)) = v[k..].split_first_mut() else { return };
                let sum = inner(simd, &row[k + 1..], after);
                for k in 0..VECTORS {
                    here[k] = simd.sub_f64s(here[k], sum[k]);
                }
                *here = times(simd, *here, row[k]);
            }
        }
    }
}

/// Σ a · b of each action, in four interleaved sums.
#[inline(always)]
fn inner<S: Simd, const VECTORS: usize>(simd: S, a: &[Row<S, VECTORS>], b: &[Row<S, VECTORS>]) -> Row<S, VECTORS> {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<TALL>(), b.as_chunks::<TALL>());
    let mut sums = [[simd.splat_f64s(0.0); VECTORS]; TALL];
    let rest = [(a_rest, b_rest)];
    let whole = a.iter().zip(b).map(|(a, b)| (&a[..], &b[..]));
    for (a, b) in whole.chain(rest) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            for k in 0..VECTORS {
                sum[k] = simd.add_f64s(sum[k], simd.mul_f64s(a[k], b[k]));
            }
        }
    }
    let [mut first, second, third, fourth] = sums;
    for k in 0..VECTORS {
        first[k] = simd.add_f64s(simd.add_f64s(first[k], second[k]), simd.add_f64s(third[k], fourth[k]));
    }
    first
}

/// `out` = (P ⊗ diag(penalties)) · v.
struct CoupledProduct<'a> {
    coupling: &'a Coupling,
    penalties: &'a [f64],
    v: &'a [Lane],
    out: &'a mut [Lane],
}

impl Kernel for CoupledProduct<'_> {
    #[inline(always)]
    fn run<S: Simd, const VECTORS: usize>(mut self, simd: S) {
        let size = self.penalties.len();
        let whole = size - size % TALL;
        for to in 0..self.coupling.groups {
            for start in (0..whole).step_by(TALL) {
                self.coefficients::<S, VECTORS, TALL>(simd, to, start);
            }
            for start in whole..size {
                self.coefficients::<S, VECTORS, 1>(simd, to, start);
            }
        }
    }
}

impl CoupledProduct<'_> {
    /// The coefficients `start..start + N` of the actions of group `to`.
    #[inline(always)]
    fn coefficients<S: Simd, const VECTORS: usize, const N: usize>(&mut self, simd: S, to: usize, start: usize) {
        let size = self.penalties.len();
        let mut sums = [[simd.splat_f64s(0.0); VECTORS]; N];
        let (coupling, _) = rows::<S, VECTORS>(&self.coupling.lanes).as_chunks::<LANES>();
        for (v, coupling) in self.v.chunks_exact(size).zip(coupling.iter().skip(to).step_by(self.coupling.groups)) {
            let Some(v) = v.get(start..).and_then(|v| v.first_chunk::<N>()) else { return };
            for (from, coupling) in coupling.iter().enumerate() {
                for (sum, v) in sums.iter_mut().zip(v) {
                    let v = simd.splat_f64s(v[from]);
                    for k in 0..VECTORS {
                        sum[k] = simd.add_f64s(sum[k], simd.mul_f64s(v, coupling[k]));
                    }
                }
            }
        }
        let out = &mut rows_mut::<S, VECTORS>(self.out)[to * size + start..][..N];
        for ((out, sum), penalty) in out.iter_mut().zip(sums).zip(&self.penalties[start..]) {
            *out = times(simd, sum, [simd.splat_f64s(*penalty); VECTORS]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::{DMatrix, DVector};

    fn matrices(actions: usize, size: usize) -> Vec<DMatrix<f64>> {
        let value = |action: usize| move |i: usize, j: usize| ((action * 31 + i * 7 + j * 13) as f64).sin();
        (0..actions).map(|a| DMatrix::from_fn(size, size, value(a))).map(|m| &m * m.transpose()).collect()
    }

    #[test]
    fn products_and_solutions_of_every_action_are_those_of_its_own_matrix() {
        for (actions, size) in [(1, 1), (3, 4), (8, 7), (11, 21)] {
            let matrices = matrices(actions, size);
            let flat: Vec<f64> = matrices.iter().flat_map(|m| m.iter().copied()).collect();
            let blocks = Blocks::new(&flat, size);
            assert!(blocks.each().flatten().eq(flat));
            let v: Vec<f64> = (0..actions * size).map(|i| (i as f64 * 0.37).cos()).collect();
            let scales: Vec<f64> = (0..actions).map(|a| 1.0 + a as f64).collect();
            let penalties: Vec<f64> = (0..size).map(|i| 0.5 + i as f64).collect();
            let mut product = vec![ZERO; actions.div_ceil(LANES) * size];
            blocks.add_product(&side_by_side(&v, size), &mut product);
            let mut solved = side_by_side(&v, size);
            blocks.factors(&scales, &penalties).unwrap().solve(&mut solved);
            let (product, solved) = (one_by_one(&product, size, actions), one_by_one(&solved, size, actions));
            for (action, matrix) in matrices.iter().enumerate() {
                let part = |all: &[f64]| DVector::from_column_slice(&all[action * size..(action + 1) * size]);
                assert!((matrix * part(&v) - part(&product)).abs().max() < 1e-10);
                let added = DMatrix::from_diagonal(&DVector::from_column_slice(&penalties)) * scales[action];
                assert!(((matrix + added) * part(&solved) - part(&v)).abs().max() < 1e-9);
            }
        }
    }

    #[test]
    fn a_coupling_is_a_kronecker_product() {
        let (actions, size) = (11, 6);
        let coupling = matrices(1, actions).remove(0);
        let penalties: Vec<f64> = (0..size).map(|i| 0.5 + i as f64).collect();
        let v: Vec<f64> = (0..actions * size).map(|i| (i as f64 * 0.37).cos()).collect();
        let mut out = vec![[7.0; LANES]; 2 * size];
        Coupling::new(coupling.as_slice(), actions).product(&penalties, &side_by_side(&v, size), &mut out);
        let whole = coupling.kronecker(&DMatrix::from_diagonal(&DVector::from_column_slice(&penalties)));
        let expected = whole * DVector::from_column_slice(&v);
        let found = DVector::from_vec(one_by_one(&out, size, actions));
        assert!((found - expected).abs().max() < 1e-10);
    }

    #[test]
    fn what_has_no_factor_is_said_to_have_none() {
        let blocks = |value| Blocks::new(&[2.0, 0.0, 0.0, value], 2);
        assert!(blocks(1.0).factors(&[0.0], &[1.0, 1.0]).is_some());
        assert!(blocks(-1.0).factors(&[0.0], &[1.0, 1.0]).is_none());
        assert!(blocks(f64::NAN).factors(&[0.0], &[1.0, 1.0]).is_none());
        assert!(blocks(f64::INFINITY).factors(&[0.0], &[1.0, 1.0]).is_none());
    }
}
