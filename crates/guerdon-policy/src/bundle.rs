//! The bundle: a policy as one safetensors file.
//!
//! The file's metadata has one key, `guerdon`, with the manifest as JSON. Its tensors are the layers (`layer0.weight`
//! as `[inputs, outputs]`, `layer0.bias`, …) or the fixed `scores`, and last `sha256`: the SHA-256 of every byte of the
//! file that stands before it.

use crate::dense::Dense;
use crate::manifest::{FORMAT_VERSION, Manifest, Shape};
use crate::model::{FixedScores, MlpModel, OutcomeModel};
use crate::policy::{Policy, PolicyParts};
use guerdon_core::{Error, Result};
use safetensors::Dtype;
use safetensors::tensor::Metadata;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::Path;

/// The metadata key of the manifest.
const MANIFEST: &str = "guerdon";
/// The last tensor's name and size.
const DIGEST: &str = "sha256";
const DIGEST_BYTES: usize = 32;
/// Bytes that say how long the header is.
const LENGTH_BYTES: usize = 8;
/// The largest bundle that is read.
const MOST_BYTES: u64 = 1 << 30;

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
        if manifest.format_version != manifest.model.format() {
            let (stated, wanted) = (manifest.format_version, manifest.model.format());
            return Err(broken(format!("its manifest states format {stated} and holds what format {wanted} does")));
        }
        let model = tensors.model(&manifest).map_err(broken)?;
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
    for (i, layer) in parts.model.layers().iter().enumerate() {
        body.add(format!("layer{i}.weight"), Dtype::F32, &[layer.inputs, layer.outputs], floats(&layer.weights));
        body.add(format!("layer{i}.bias"), Dtype::F32, &[layer.outputs], floats(&layer.bias));
    }
    if let OutcomeModel::Fixed(fixed) = &parts.model {
        let bytes = fixed.scores.iter().flat_map(|score| score.to_le_bytes()).collect();
        body.add("scores".into(), Dtype::F64, &[fixed.scores.len()], bytes);
    }
    let manifest = Manifest::of(parts, hex(&Sha256::digest(&body.data))).text();
    body.header.insert("__metadata__".into(), json!({ MANIFEST: manifest }));
    let before_digest = body.data.len();
    body.add(DIGEST.into(), Dtype::U8, &[DIGEST_BYTES], vec![0; DIGEST_BYTES]);
    let mut header = crate::canonical::canonical(Value::Object(body.header)).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(LENGTH_BYTES), b' ');
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(&header);
    bytes.extend_from_slice(body.data.get(..before_digest).unwrap_or_default());
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    bytes
}

/// The header's entries and the tensors' bytes, as they are gathered.
#[derive(Default)]
struct Body {
    header: Map<String, Value>,
    data: Vec<u8>,
}

impl Body {
    fn add(&mut self, name: String, dtype: Dtype, shape: &[usize], bytes: Vec<u8>) {
        let start = self.data.len();
        self.data.extend(bytes);
        let entry = json!({"dtype": dtype.to_string(), "shape": shape, "data_offsets": [start, self.data.len()]});
        self.header.insert(name, entry);
    }
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A bundle's bytes, found whole: its header, and its tensors' bytes without the digest.
struct Tensors<'a> {
    header: Metadata,
    data: &'a [u8],
}

impl<'a> Tensors<'a> {
    fn read(bytes: &'a [u8]) -> Result<Tensors<'a>, String> {
        if bytes.len() as u64 > MOST_BYTES {
            return Err(format!("larger than {MOST_BYTES} bytes, the most that a bundle may be"));
        }
        let cut =
            |wanted: &str| format!("{} bytes, too short for {wanted}: it is cut short or not a bundle", bytes.len());
        let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>().ok_or_else(|| cut("a header length"))?;
        let length = u64::from_le_bytes(*length);
        let split = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
        let (header, data) = split.ok_or_else(|| cut(&format!("the header of {length} bytes that it announces")))?;
        let header: Metadata =
            serde_json::from_slice(header).map_err(|e| format!("its header is not that of a safetensors file: {e}"))?;
        if header.data_len() != data.len() {
            let (wanted, found) = (header.data_len(), data.len());
            return Err(format!("its header announces {wanted} bytes of tensors, {found} are there"));
        }
        let tensors = Tensors { header, data };
        tensors.manifest()?; // says first what most other safetensors files lack
        let (before, stated) = bytes.split_last_chunk::<DIGEST_BYTES>().ok_or_else(|| cut("a digest"))?;
        let found = Sha256::digest(before);
        if found.as_slice() != stated {
            let (stated, found) = (hex(stated), hex(&found));
            return Err(format!("altered: its bytes have SHA-256 {found}, it states {stated}"));
        }
        Ok(tensors)
    }

    fn manifest(&self) -> Result<&str, String> {
        let metadata = self.header.metadata().as_ref();
        let manifest = metadata.and_then(|metadata| metadata.get(MANIFEST)).map(String::as_str);
        manifest.ok_or_else(|| format!("its metadata has no {MANIFEST:?} with a manifest"))
    }

    /// The model that the manifest describes. Every tensor must be there with its shape, and no other.
    fn model(&self, manifest: &Manifest) -> Result<OutcomeModel, String> {
        let before_digest = self.data.len().saturating_sub(DIGEST_BYTES);
        let found = hex(&Sha256::digest(self.data.get(..before_digest).unwrap_or_default()));
        if found != manifest.tensors_sha256 {
            let stated = &manifest.tensors_sha256;
            return Err(format!("its tensors have SHA-256 {found}, the manifest states {stated}"));
        }
        let widths = manifest.model.widths();
        let mut layers = vec![];
        for (i, (inputs, outputs)) in widths.iter().zip(widths.iter().skip(1)).enumerate() {
            let weights = self.floats(&format!("layer{i}.weight"), &[*inputs, *outputs])?;
            let bias = self.floats(&format!("layer{i}.bias"), &[*outputs])?;
            layers.push(Dense { inputs: *inputs, outputs: *outputs, weights, bias });
        }
        let tensors = self.header.offset_keys().len();
        let (model, wanted) = match &manifest.model {
            Shape::Fixed { actions } => (self.fixed(*actions)?, 2),
            Shape::Mlp { revenue_stage, .. } => {
                let wanted = 2 * layers.len() + 1;
                (OutcomeModel::Mlp(MlpModel { layers, revenue_stage: *revenue_stage }), wanted)
            }
            Shape::Linear { .. } => (OutcomeModel::Linear(layers.pop().ok_or("a linear model has one layer")?), 3),
        };
        self.bytes(DIGEST, Dtype::U8, &[DIGEST_BYTES])?;
        if tensors != wanted {
            return Err(format!("{wanted} tensors make up its model, {tensors} are there"));
        }
        Ok(model)
    }

    fn fixed(&self, actions: usize) -> Result<OutcomeModel, String> {
        let (numbers, _) = self.bytes("scores", Dtype::F64, &[actions])?.as_chunks();
        let scores = numbers.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
        Ok(OutcomeModel::Fixed(FixedScores { scores }))
    }

    fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        let (numbers, _) = self.bytes(name, Dtype::F32, shape)?.as_chunks();
        Ok(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    /// The bytes of one tensor; the header has made sure that shape and bytes agree.
    fn bytes(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<&'a [u8], String> {
        let info = self.header.info(name).ok_or_else(|| format!("tensor {name:?} is missing"))?;
        if info.dtype != dtype || info.shape != shape {
            let (found, given) = (info.dtype, &info.shape);
            return Err(format!("tensor {name:?} is {found} {given:?}; the manifest wants {dtype} {shape:?}"));
        }
        let (start, end) = info.data_offsets;
        self.data.get(start..end).ok_or_else(|| format!("tensor {name:?} lies outside the file"))
    }
}
