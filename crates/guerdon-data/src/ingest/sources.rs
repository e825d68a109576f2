//! The raw files of an environment: where they lie, what they are, and their hash.

use crate::environment::LoadedEnvironment;
use guerdon_core::{Error, Result, SourceFormat};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// One source: a file, or a folder of files with the same ending.
#[derive(Debug)]
pub(super) struct SourceFiles {
    /// The table's name.
    pub(super) name: String,
    /// The file or folder.
    pub(super) path: PathBuf,
    /// The files, in order.
    pub(super) files: Vec<PathBuf>,
    pub(super) format: SourceFormat,
    pub(super) compression: Compression,
    /// The ending of every file, say `.csv.gz`.
    pub(super) ending: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
    Bzip2,
    Xz,
}

/// Finds every source of the environment below `data`, in order of their names.
pub(super) fn resolve(environment: &LoadedEnvironment, data: &Path) -> Result<Vec<SourceFiles>> {
    let sources = &environment.spec.sources;
    let about = std::fs::metadata(data).map_err(|e| Error::not_found(data, "data folder or file", e))?;
    if about.is_file() && sources.len() != 1 {
        let names: Vec<&str> = sources.keys().map(String::as_str).collect();
        return Err(Error::config(
            "--data",
            "data",
            format!("the file {}", data.display()),
            format!("{} reads {} files ({}): name their folder", environment.spec.name, names.len(), names.join(", ")),
        ));
    }
    let found = sources.iter().map(|(name, source)| {
        let path = if about.is_file() { data.to_owned() } else { data.join(&source.path) };
        source_files(name, path, source.format, &environment.toml_file())
    });
    found.collect()
}

fn source_files(name: &str, path: PathBuf, format: Option<SourceFormat>, toml: &str) -> Result<SourceFiles> {
    let about = std::fs::metadata(&path).map_err(|e| Error::not_found(&path, "file", e))?;
    let files = if about.is_dir() { files_of(&path)? } else { vec![path.clone()] };
    let Some(first) = files.first() else {
        return Err(Error::Empty { place: path.display().to_string(), what: "the folder has no files".into() });
    };
    let (said, compression, ending) = kind_of(first);
    let key = format!("sources.{name}.format");
    let format = format.or(said).ok_or_else(|| {
        let wanted = "its ending says none of csv, json, ndjson, jsonl, parquet: give the format";
        Error::config(toml, &key, format!("not given for {}", first.display()), wanted)
    })?;
    if format == SourceFormat::Parquet && compression != Compression::None {
        let wanted = "Parquet compresses inside: give the file without a compressed ending";
        return Err(Error::config(toml, key, first.display(), wanted));
    }
    if let Some(other) = files.iter().find(|file| kind_of(file).2 != ending) {
        let wanted = format!("all files of one source end in {ending}");
        return Err(Error::config(toml, format!("sources.{name}.path"), other.display(), wanted));
    }
    Ok(SourceFiles { name: name.to_owned(), path, files, format, compression, ending })
}

/// The files right in `folder`, in order, but for hidden ones.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::not_found(folder, "folder", e))?;
    let mut files = vec![];
    for entry in entries {
        let path = entry.map_err(|e| Error::not_found(folder, "folder", e))?.path();
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with(['.', '_']));
        if path.is_file() && !hidden {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Format, compression and ending, as the file's name says.
fn kind_of(file: &Path) -> (Option<SourceFormat>, Compression, String) {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let lower = name.to_lowercase();
    let packed = [
        (".gz", Compression::Gzip),
        (".zst", Compression::Zstd),
        (".bz2", Compression::Bzip2),
        (".xz", Compression::Xz),
    ];
    let found = packed.iter().find(|(ending, _)| lower.ends_with(ending));
    let (outer, compression) = found.copied().unwrap_or(("", Compression::None));
    let inner = Path::new(&lower[..lower.len() - outer.len()]);
    let extension = inner.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
    let format = match extension.as_str() {
        "csv" => Some(SourceFormat::Csv),
        "json" | "ndjson" | "jsonl" => Some(SourceFormat::Ndjson),
        "parquet" => Some(SourceFormat::Parquet),
        _ => None,
    };
    let dot = if extension.is_empty() { 0 } else { extension.len() + 1 };
    // As it is spelt, since the engine compares letter by letter.
    let ending = name.get(name.len().saturating_sub(dot + outer.len())..).unwrap_or(&name).to_owned();
    (format, compression, ending)
}

/// SHA-256 over the names and the bytes of all files.
pub(super) fn hash(sources: &[SourceFiles]) -> Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    for source in sources {
        for path in &source.files {
            let missing = |e: std::io::Error| Error::not_found(path, "file", e);
            let mut file = File::open(path).map_err(missing)?;
            let length = file.metadata().map_err(missing)?.len();
            hash.update(format!("{}\0{length}\0", source.name).as_bytes());
            loop {
                match file.read(&mut buffer).map_err(missing)? {
                    0 => break,
                    read => hash.update(&buffer[..read]),
                }
            }
        }
    }
    Ok(hex(&hash.finalize()))
}

/// Bytes as lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_format_and_compression() {
        let kind = |name: &str| kind_of(Path::new(name));
        assert_eq!(kind("a/b.csv.gz"), (Some(SourceFormat::Csv), Compression::Gzip, ".csv.gz".into()));
        assert_eq!(kind("x.v2.ndjson.zst"), (Some(SourceFormat::Ndjson), Compression::Zstd, ".ndjson.zst".into()));
        assert_eq!(kind("log_10.parquet"), (Some(SourceFormat::Parquet), Compression::None, ".parquet".into()));
        assert_eq!(kind("data").0, None);
    }
}
