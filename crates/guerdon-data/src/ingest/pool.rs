//! The memory of the SQL engine, in two parts: one for sorts, which spill when it is full, one for what can't spill
//! (merging, and the smaller side of a join).
//!
//! From a single pool the sorts would take all there is, and the merging of what they spilled would find none left.

use datafusion::error::Result;
use datafusion::execution::memory_pool::{
    FairSpillPool, GreedyMemoryPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use std::fmt;

/// A bounded amount of memory.
#[derive(Debug)]
pub(super) struct TwoPools {
    spillable: FairSpillPool,
    other: GreedyMemoryPool,
    limit: usize,
}

impl TwoPools {
    /// `limit` bytes in all, half of them for each.
    pub(super) fn new(limit: usize) -> Self {
        let spillable = limit / 2;
        TwoPools { spillable: FairSpillPool::new(spillable), other: GreedyMemoryPool::new(limit - spillable), limit }
    }

    fn of(&self, consumer: &MemoryConsumer) -> &dyn MemoryPool {
        if consumer.can_spill() { &self.spillable } else { &self.other }
    }
}

impl MemoryPool for TwoPools {
    fn name(&self) -> &str {
        "two_pools"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.of(consumer).register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.of(consumer).unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.of(reservation.consumer()).grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.of(reservation.consumer()).shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.of(reservation.consumer()).try_grow(reservation, additional)
    }

    fn reserved(&self) -> usize {
        self.spillable.reserved() + self.other.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}

impl fmt::Display for TwoPools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {}", self.spillable, self.other)
    }
}
