//! A stream of members that can be read again and again, in the same order and the same batches.

use crate::batch::Batch;
use guerdon_core::Result;
use std::borrow::Cow;

/// Members in batches. A solver reads them a few times; nothing of a member is kept between two readings.
///
/// A part is whatever names or carries a batch: a range of rows, a row group, a raw record batch. Parts are taken one after
/// the other; [`Members::batch`] turns a part into numbers on any core (that is where a model scores). Both must give the
/// same at every reading, and a batch must not depend on the number of threads; a few thousand members a batch is right.
pub trait Members: Sync {
    /// What names or carries one batch.
    type Part: Send;

    /// The parts, in order.
    fn parts(&self) -> impl Iterator<Item = Result<Self::Part>>;

    /// The members of a part. Every batch of one stream has the same numbers of options and resources.
    ///
    /// # Errors
    /// What went wrong with reading or scoring; the solver stops with it.
    fn batch(&self, part: Self::Part) -> Result<Cow<'_, Batch>>;
}

/// Batches held in memory.
impl Members for [Batch] {
    type Part = usize;

    fn parts(&self) -> impl Iterator<Item = Result<usize>> {
        (0..self.len()).map(Ok)
    }

    fn batch(&self, part: usize) -> Result<Cow<'_, Batch>> {
        Ok(Cow::Borrowed(&self[part]))
    }
}

/// Batches held in memory.
impl Members for Vec<Batch> {
    type Part = usize;

    fn parts(&self) -> impl Iterator<Item = Result<usize>> {
        self.as_slice().parts()
    }

    fn batch(&self, part: usize) -> Result<Cow<'_, Batch>> {
        self.as_slice().batch(part)
    }
}

/// The same members, where what an option uses of one resource is its value: how much of it can be reached at all.
pub(crate) struct Reach<'a, M: Members + ?Sized> {
    pub(crate) members: &'a M,
    pub(crate) resource: usize,
    pub(crate) segment: Option<u32>,
    pub(crate) sign: f64,
}

impl<M: Members + ?Sized> Members for Reach<'_, M> {
    type Part = M::Part;

    fn parts(&self) -> impl Iterator<Item = Result<M::Part>> {
        self.members.parts()
    }

    fn batch(&self, part: M::Part) -> Result<Cow<'_, Batch>> {
        let mut batch = self.members.batch(part)?.into_owned();
        batch.value_by(self.resource, self.segment, self.sign);
        Ok(Cow::Owned(batch))
    }
}
