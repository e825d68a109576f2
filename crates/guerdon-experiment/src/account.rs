//! What the valued decisions really brought and cost, in whole minor units.

use guerdon_core::{MemberSplit, Progress, Result};
use guerdon_data::LogReader;
use guerdon_report::Account;

/// The account of the decisions of the members that `split` holds out, and how many members they are.
///
/// # Errors
/// Whatever reading the log gives.
pub fn account(log: &LogReader, split: MemberSplit, progress: &dyn Progress) -> Result<(Account, u64)> {
    let catalogue = &log.meta().catalogue;
    let (mut account, mut members, mut last) = (Account::default(), 0, String::new());
    progress.start("book", Some(log.rows()));
    for batch in log.batches()? {
        let batch = batch?;
        for row in (0..batch.len()).filter(|row| !split.is_train(batch.member_id(*row))) {
            if members == 0 || last != batch.member_id(row) {
                members += 1;
                batch.member_id(row).clone_into(&mut last);
            }
            account.book(batch.revenue(row), batch.cost(row), !catalogue.get(batch.action(row)).is_none());
        }
        progress.advance(batch.len() as u64);
    }
    progress.finish();
    Ok((account, members))
}
