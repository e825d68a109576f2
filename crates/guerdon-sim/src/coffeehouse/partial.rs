//! Raw files while they are written: under another name, renamed when whole.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use guerdon_core::{Error, Result};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

/// A file under its partial name; it goes away unless closed.
pub(super) struct Partial<W> {
    pub(super) writer: W,
    partial: tempfile::TempPath,
    pub(super) path: PathBuf,
}

impl<W> Partial<W> {
    pub(super) fn create<E: ToString>(
        path: PathBuf,
        open: impl FnOnce(BufWriter<File>) -> Result<W, E>,
    ) -> Result<Self> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.partial", std::process::id()));
        let partial = path.with_file_name(name);
        let file = File::create(&partial).map_err(|e| Error::write(&partial, e))?;
        let partial = tempfile::TempPath::try_from_path(partial).map_err(|e| Error::write(&path, e))?;
        let writer = open(BufWriter::with_capacity(1 << 20, file)).map_err(|e| Error::write(&path, e.to_string()))?;
        Ok(Partial { writer, partial, path })
    }

    pub(super) fn close<T, E: ToString>(self, finish: impl FnOnce(W) -> Result<T, E>) -> Result<()> {
        finish(self.writer).map_err(|e| Error::write(&self.path, e.to_string()))?;
        self.partial.persist(&self.path).map_err(|e| Error::write(&self.path, e.error))
    }
}

impl Partial<ArrowWriter<BufWriter<File>>> {
    pub(super) fn rows(&mut self, batch: &RecordBatch) -> Result<()> {
        self.writer.write(batch).map_err(|e| Error::write(&self.path, e))
    }
}

pub(super) fn plain(file: BufWriter<File>) -> Result<BufWriter<File>> {
    Ok(file)
}

pub(super) fn parquet_writer(
    file: BufWriter<File>,
    schema: SchemaRef,
) -> parquet::errors::Result<ArrowWriter<BufWriter<File>>> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(256 * 1024))
        .build();
    ArrowWriter::try_new(file, schema, Some(properties))
}
