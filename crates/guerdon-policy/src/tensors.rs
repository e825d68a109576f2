//! The tensors of a bundle: a safetensors file with one manifest and a digest at its end.

use safetensors::Dtype;
use safetensors::tensor::Metadata;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::cell::Cell;

/// The metadata key of the manifest.
const MANIFEST: &str = "guerdon";
/// The last tensor's name and size.
const DIGEST: &str = "sha256";
pub(crate) const DIGEST_BYTES: usize = 32;
/// Bytes that say how long the header is.
const LENGTH_BYTES: usize = 8;
/// The largest bundle that is read.
pub(crate) const MOST_BYTES: u64 = 1 << 30;

/// The header's entries and the tensors' bytes, as they are gathered.
#[derive(Default)]
pub(crate) struct Body {
    header: Map<String, Value>,
    pub data: Vec<u8>,
}

impl Body {
    pub(crate) fn add(&mut self, name: String, dtype: Dtype, shape: &[usize], bytes: Vec<u8>) {
        let start = self.data.len();
        self.data.extend(bytes);
        let entry = json!({"dtype": dtype.to_string(), "shape": shape, "data_offsets": [start, self.data.len()]});
        self.header.insert(name, entry);
    }

    pub(crate) fn add_floats(&mut self, name: String, shape: &[usize], numbers: &[f32]) {
        self.add(name, Dtype::F32, shape, numbers.iter().flat_map(|number| number.to_le_bytes()).collect());
    }

    pub(crate) fn add_words(&mut self, name: String, numbers: &[u32]) {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.add(name, Dtype::U32, &[numbers.len()], bytes);
    }

    /// The file's bytes: header with the manifest, tensors, digest.
    pub(crate) fn finish(mut self, manifest: String) -> Vec<u8> {
        self.header.insert("__metadata__".into(), json!({ MANIFEST: manifest }));
        let before_digest = self.data.len();
        self.add(DIGEST.into(), Dtype::U8, &[DIGEST_BYTES], vec![0; DIGEST_BYTES]);
        let mut header = crate::canonical::canonical(Value::Object(self.header)).to_string().into_bytes();
        header.resize(header.len().next_multiple_of(LENGTH_BYTES), b' ');
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(self.data.get(..before_digest).unwrap_or_default());
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        bytes
    }
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A bundle's bytes, found whole: its header, and its tensors' bytes without the digest.
pub(crate) struct Tensors<'a> {
    header: Metadata,
    data: &'a [u8],
    taken: Cell<usize>,
}

impl<'a> Tensors<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Tensors<'a>, String> {
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
        let tensors = Tensors { header, data, taken: Cell::new(0) };
        tensors.manifest()?; // says first what most other safetensors files lack
        let (before, stated) = bytes.split_last_chunk::<DIGEST_BYTES>().ok_or_else(|| cut("a digest"))?;
        let found = Sha256::digest(before);
        if found.as_slice() != stated {
            let (stated, found) = (hex(stated), hex(&found));
            return Err(format!("altered: its bytes have SHA-256 {found}, it states {stated}"));
        }
        Ok(tensors)
    }

    pub(crate) fn manifest(&self) -> Result<&str, String> {
        let metadata = self.header.metadata().as_ref();
        let manifest = metadata.and_then(|metadata| metadata.get(MANIFEST)).map(String::as_str);
        manifest.ok_or_else(|| format!("its metadata has no {MANIFEST:?} with a manifest"))
    }

    /// Checks that the tensors have the SHA-256 that the manifest states.
    pub(crate) fn check_sha256(&self, stated: &str) -> Result<(), String> {
        let before_digest = self.data.len().saturating_sub(DIGEST_BYTES);
        let found = hex(&Sha256::digest(self.data.get(..before_digest).unwrap_or_default()));
        if found != stated {
            return Err(format!("its tensors have SHA-256 {found}, the manifest states {stated}"));
        }
        Ok(())
    }

    /// Checks that every tensor was taken; the digest is the last.
    pub(crate) fn check_all_taken(&self) -> Result<(), String> {
        self.bytes(DIGEST, Dtype::U8, &[DIGEST_BYTES])?;
        let (wanted, tensors) = (self.taken.get(), self.header.offset_keys().len());
        if tensors != wanted {
            return Err(format!("{wanted} tensors make up its model, {tensors} are there"));
        }
        Ok(())
    }

    pub(crate) fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        let (numbers, _) = self.bytes(name, Dtype::F32, shape)?.as_chunks();
        Ok(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    pub(crate) fn doubles(&self, name: &str, shape: &[usize]) -> Result<Vec<f64>, String> {
        let (numbers, _) = self.bytes(name, Dtype::F64, shape)?.as_chunks();
        Ok(numbers.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
    }

    pub(crate) fn words(&self, name: &str, length: usize) -> Result<Vec<u32>, String> {
        let (numbers, _) = self.bytes(name, Dtype::U32, &[length])?.as_chunks();
        Ok(numbers.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect())
    }

    /// The bytes of one tensor; the header has made sure that shape and bytes agree.
    fn bytes(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<&'a [u8], String> {
        let info = self.header.info(name).ok_or_else(|| format!("tensor {name:?} is missing"))?;
        if info.dtype != dtype || info.shape != shape {
            let (found, given) = (info.dtype, &info.shape);
            return Err(format!("tensor {name:?} is {found} {given:?}; the manifest wants {dtype} {shape:?}"));
        }
        self.taken.set(self.taken.get() + 1);
        let (start, end) = info.data_offsets;
        self.data.get(start..end).ok_or_else(|| format!("tensor {name:?} lies outside the file"))
    }
}
