//! The bundle: a policy as one safetensors file.
//!
//! The file's metadata has one key, `guerdon`, with the manifest as JSON. Its tensors are the model's (see `stored`),
//! and last `sha256`: the SHA-256 of every byte of the file that stands before it.

use crate::manifest::{FORMAT_VERSION, Manifest};
use crate::policy::{Policy, PolicyParts};
use crate::stored;
use crate::tensors::{Body, DIGEST_BYTES, MOST_BYTES, Tensors, hex};
use guerdon_core::{Error, Result};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::Path;

impl Policy {
    /// The bundle's bytes: the same policy always gives the same ones.
    pub fn to_bytes(&self) -> Vec<u8> {
        write(&self.parts)
    }

    /// Writes the bundle to `path`, first beside it, then in its place.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn save(&self, path: &Path) -> Result<()> {
        let Some(name) = path.file_name() else {
            return Err(Error::write(path, "it names no file"));
        };
        let mut partial = name.to_owned();
        partial.push(format!(".{}.partial", std::process::id()));
        let partial = path.with_file_name(partial);
        let written = std::fs::write(&partial, self.to_bytes()).and_then(|()| std::fs::rename(&partial, path));
        written.map_err(|reason| {
            // What is left of it, if anything, is of no use; the write's own error is the one to tell.
            let _ = std::fs::remove_file(&partial);
            Error::write(path, reason)
        })
    }

    /// Reads the bundle at `path`.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it can't be opened; else as [`Policy::from_bytes`].
    pub fn load(path: &Path) -> Result<Policy> {
        let not_found = |reason: std::io::Error| Error::not_found(path, "policy bundle", reason);
        let file = std::fs::File::open(path).map_err(not_found)?;
        let mut bytes = vec![];
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(not_found)?;
        Policy::from_bytes(&bytes, &path.display().to_string())
    }

    /// Reads a bundle; `file` names it in errors. Everything is checked, nothing is believed.
    ///
    /// # Errors
    /// [`Error::Bundle`] for bytes that are cut short, altered, or not a bundle; [`Error::BundleVersion`] for a whole
    /// bundle of another format.
    pub fn from_bytes(bytes: &[u8], file: &str) -> Result<Policy> {
        let broken = |reason: String| Error::Bundle { file: file.to_owned(), reason };
        let tensors = Tensors::read(bytes).map_err(broken)?;
        let manifest: Value = serde_json::from_str(tensors.manifest().map_err(broken)?)
            .map_err(|e| broken(format!("its manifest is not JSON: {e}")))?;
        match Manifest::version_of(&manifest) {
            Some(1..=FORMAT_VERSION) => {}
            Some(found) => {
                let supported = format!("1 to {FORMAT_VERSION}");
                return Err(Error::BundleVersion { file: file.to_owned(), found, supported });
            }
            None => return Err(broken("its manifest states no format_version".into())),
        }
        let manifest = Manifest::from_value(manifest).map_err(|e| broken(format!("its manifest: {e}")))?;
        if manifest.format_version != manifest.format() {
            let (stated, wanted) = (manifest.format_version, manifest.format());
            return Err(broken(format!("its manifest states format {stated} and holds what format {wanted} does")));
        }
        let model = stored::read(&tensors, &manifest).map_err(broken)?;
        let parts = manifest.into_parts(model).map_err(|e| broken(e.to_string()))?;
        Policy::new(parts).map_err(|e| broken(e.to_string()))
    }
}

/// The version of a policy made of `parts`.
pub(crate) fn version(parts: &PolicyParts) -> String {
    let bytes = write(parts);
    let digest = bytes.get(bytes.len().saturating_sub(DIGEST_BYTES)..).unwrap_or_default();
    let hex = hex(digest);
    format!("{}@{}", parts.name, hex.get(..12).unwrap_or(&hex))
}

fn write(parts: &PolicyParts) -> Vec<u8> {
    let mut body = Body::default();
    stored::write(&parts.model, &mut body);
    let manifest = Manifest::of(parts, hex(&Sha256::digest(&body.data))).text();
    body.finish(manifest)
}
