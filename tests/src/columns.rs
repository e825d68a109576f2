//! Reads columns of the reference Parquet files, for tests that bring their own π_e, q̂ or truth.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::Path;

/// The columns called `names`, as doubles, whole.
pub fn doubles(path: &Path, names: &[String]) -> Vec<Vec<f64>> {
    let file = File::open(path).expect("the reference file opens");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("it is Parquet").build().expect("it reads");
    let mut columns = vec![vec![]; names.len()];
    for batch in reader {
        let batch = batch.expect("a whole batch");
        for (column, name) in columns.iter_mut().zip(names) {
            let array = batch.column_by_name(name).unwrap_or_else(|| panic!("{} has no {name}", path.display()));
            let array = cast(array, &DataType::Float64).expect("numbers");
            assert_eq!(array.null_count(), 0);
            column.extend_from_slice(array.as_primitive::<Float64Type>().values());
        }
    }
    columns
}

/// `prefix0`, `prefix1`, …
pub fn numbered(prefix: &str, n: usize) -> Vec<String> {
    (0..n).map(|i| format!("{prefix}{i}")).collect()
}

/// Turns columns into rows.
pub fn rows(columns: &[Vec<f64>]) -> Vec<Vec<f64>> {
    (0..columns.first().map_or(0, Vec::len)).map(|i| columns.iter().map(|c| c[i]).collect()).collect()
}

/// A column of text, whole.
pub fn texts(path: &Path, name: &str) -> Vec<String> {
    let file = File::open(path).expect("the reference file opens");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("it is Parquet").build().expect("it reads");
    let mut all = vec![];
    for batch in reader {
        let batch = batch.expect("a whole batch");
        let array = batch.column_by_name(name).unwrap_or_else(|| panic!("{} has no {name}", path.display()));
        let array = cast(array, &DataType::Utf8).expect("text");
        all.extend(array.as_string::<i32>().iter().map(|text| text.expect("no nulls").to_owned()));
    }
    all
}
