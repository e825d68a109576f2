//! Checkpoints of a training run: everything that the next epoch depends on, in one safetensors file.

use crate::metrics::Metric;
use crate::optimiser::SavedMoments;
use guerdon_core::{Error, Result};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

/// The version of the file's format.
const FORMAT: u32 = 1;

/// The metadata key under which the header lies.
const KEY: &str = "guerdon_checkpoint";

/// A run between two epochs.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Epochs done. Shuffles are drawn from a seed per epoch, so this is the whole position of the random numbers.
    pub epochs: usize,
    /// Parameter values in the network's order.
    pub parameters: Vec<Vec<f32>>,
    /// The optimiser's moments, one per parameter.
    pub moments: Vec<Option<SavedMoments>>,
    /// The best epoch so far: its validation loss, its number, its parameter values.
    pub best: Option<Best>,
    /// One entry per epoch done.
    pub metrics: Vec<Metric>,
}

/// The epoch to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct Best {
    pub loss: f64,
    pub epoch: usize,
    pub parameters: Vec<Vec<f32>>,
}

/// What stands in the metadata beside the tensors.
#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    /// What the run was started with; see [`save`].
    run: String,
    epochs: usize,
    steps: Vec<usize>,
    /// Bits of the best loss, which must come back exactly.
    best_loss: Option<u64>,
    best_epoch: Option<usize>,
    /// As [`pack`] writes them.
    metrics: Vec<Vec<u64>>,
}

/// A metric as integers, its numbers by their bits, so that it comes back exactly; NaN stands for "none".
fn pack(metric: &Metric) -> Vec<u64> {
    let bits = |value: Option<f64>| value.unwrap_or(f64::NAN).to_bits();
    let mut packed = vec![metric.step as u64, u64::from(metric.best), metric.rate.to_bits()];
    packed.extend([bits(metric.training_loss), bits(metric.validation_loss)]);
    packed.extend(metric.heads.iter().map(|head| head.to_bits()));
    packed
}

/// The reverse of [`pack`]; `None` for a list that is too short.
fn unpack(packed: &[u64]) -> Option<Metric> {
    let ([step, best, rate, training_loss, validation_loss], heads) = packed.split_first_chunk::<5>()?;
    let value = |bits: &u64| Some(f64::from_bits(*bits)).filter(|value| !value.is_nan());
    Some(Metric {
        learner: "neural".into(),
        step: *step as usize,
        rate: f64::from_bits(*rate),
        training_loss: value(training_loss),
        validation_loss: value(validation_loss),
        heads: heads.iter().map(|bits| f64::from_bits(*bits)).collect(),
        best: *best == 1,
    })
}

/// Writes `state` to `path` through a temporary file beside it. `run` names configuration, log, seeds and device, so
/// that no other run goes on from here.
pub fn save(path: &Path, run: &str, state: &State) -> Result<()> {
    let header = Header {
        format: FORMAT,
        run: run.into(),
        epochs: state.epochs,
        steps: state.moments.iter().map(|m| m.as_ref().map_or(0, |m| m.steps)).collect(),
        best_loss: state.best.as_ref().map(|best| best.loss.to_bits()),
        best_epoch: state.best.as_ref().map(|best| best.epoch),
        metrics: state.metrics.iter().map(pack).collect(),
    };
    let header = serde_json::to_string(&header).map_err(|error| Error::write(path, error))?;
    let mut tensors: Vec<(String, Vec<u8>)> = vec![];
    let mut put = |name: String, values: &[f32]| {
        tensors.push((name, values.iter().flat_map(|value| value.to_le_bytes()).collect()));
    };
    for (i, values) in state.parameters.iter().enumerate() {
        put(format!("parameter.{i}"), values);
    }
    for (i, moments) in state.moments.iter().enumerate() {
        if let Some(moments) = moments {
            put(format!("first.{i}"), &moments.first);
            put(format!("second.{i}"), &moments.second);
        }
    }
    for (i, values) in state.best.iter().flat_map(|best| best.parameters.iter().enumerate()) {
        put(format!("best.{i}"), values);
    }
    let views = tensors
        .iter()
        .map(|(name, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, vec![bytes.len() / 4], bytes)?)))
        .collect::<std::result::Result<Vec<_>, safetensors::SafeTensorError>>()
        .map_err(|error| Error::write(path, error))?;
    let bytes = safetensors::serialize(views, Some(HashMap::from([(KEY.to_owned(), header)])))
        .map_err(|error| Error::write(path, error))?;
    write(path, &bytes)
}

/// Writes through a temporary file in the same folder, made if it is not there.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| Error::write(path, error))?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| Error::write(path, error))?;
    file.write_all(bytes).map_err(|error| Error::write(path, error))?;
    file.persist(path).map_err(|error| Error::write(path, error))?;
    Ok(())
}

/// The state at `path`; `None` if there is no such file.
///
/// # Errors
/// [`Error::Malformed`] for a file that is no whole checkpoint or whose parameters are not of `sizes`;
/// [`Error::Mismatch`] for one of another run.
pub fn load(path: &Path, run: &str, sizes: &[usize]) -> Result<Option<State>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::not_found(path, "checkpoint", error)),
    };
    let broken = |reason: String| Error::Malformed { file: path.display().to_string(), format: "checkpoint", reason };
    let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|error| broken(error.to_string()))?;
    let header = metadata.metadata().as_ref().and_then(|all| all.get(KEY));
    let header = header.ok_or_else(|| broken(format!("its metadata has no key {KEY:?}")))?;
    let header: Header = serde_json::from_str(header).map_err(|error| broken(error.to_string()))?;
    if header.format != FORMAT {
        return Err(broken(format!("format version is {}; this build reads version {FORMAT}", header.format)));
    }
    if header.run != run {
        return Err(Error::Mismatch {
            place: path.display().to_string(),
            what: "the run that this checkpoint belongs to".into(),
            given: header.run,
            wanted: format!(
                "{run} would do: same configuration, log, seeds, split and device; name another file, or remove this one"
            ),
        });
    }
    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| broken(error.to_string()))?;
    let get = |name: String, size: usize| floats(&tensors, &name, size).map_err(broken);
    let all = |name: &str| -> Result<Vec<Vec<f32>>> {
        sizes.iter().enumerate().map(|(i, size)| get(format!("{name}.{i}"), *size)).collect()
    };
    if header.steps.len() != sizes.len() {
        return Err(broken(format!("moments of {} parameters; the network has {}", header.steps.len(), sizes.len())));
    }
    let moments = header.steps.iter().zip(sizes).enumerate().map(|(i, (&steps, &size))| {
        (steps > 0)
            .then(|| {
                let first = get(format!("first.{i}"), size)?;
                Ok(SavedMoments { first, second: get(format!("second.{i}"), size)?, steps })
            })
            .transpose()
    });
    let metrics: Option<Vec<Metric>> = header.metrics.iter().map(|packed| unpack(packed)).collect();
    let metrics = metrics.ok_or_else(|| broken("its metrics are cut short".into()))?;
    let best = match (header.best_loss, header.best_epoch) {
        (Some(bits), Some(epoch)) => Some(Best { loss: f64::from_bits(bits), epoch, parameters: all("best")? }),
        _ => None,
    };
    Ok(Some(State {
        epochs: header.epochs,
        parameters: all("parameter")?,
        moments: moments.collect::<Result<_>>()?,
        best,
        metrics,
    }))
}

/// The values of one tensor.
fn floats(tensors: &SafeTensors, name: &str, size: usize) -> std::result::Result<Vec<f32>, String> {
    let view = tensors.tensor(name).map_err(|error| format!("{name}: {error}"))?;
    if view.dtype() != Dtype::F32 || view.data().len() != size * 4 {
        return Err(format!("{name} holds {} bytes; expected {size} numbers of 4 bytes", view.data().len()));
    }
    Ok(view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        let moments = SavedMoments { first: vec![0.1, 0.2], second: vec![1e-9, 3.0], steps: 7 };
        State {
            epochs: 2,
            parameters: vec![vec![1.0, -0.0], vec![f32::MIN_POSITIVE]],
            moments: vec![Some(moments), None],
            best: Some(Best { loss: 0.1 + 0.2, epoch: 1, parameters: vec![vec![0.5, 0.5], vec![2.0]] }),
            metrics: vec![Metric {
                learner: "neural".into(),
                step: 1,
                rate: 0.1 + 0.7,
                training_loss: Some(1.6835760176181793),
                validation_loss: None,
                heads: vec![0.24814128875732422],
                best: true,
            }],
        }
    }

    #[test]
    fn what_is_written_comes_back_to_the_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/run.safetensors");
        assert_eq!(load(&path, "a", &[2, 1]).unwrap(), None);
        save(&path, "a", &state()).unwrap();
        let found = load(&path, "a", &[2, 1]).unwrap().unwrap();
        assert_eq!(found, state());
        assert!(found.parameters[0][1].is_sign_negative());
    }

    #[test]
    fn a_checkpoint_of_another_run_is_refused_with_both_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.safetensors");
        save(&path, "run a", &state()).unwrap();
        let error = load(&path, "run b", &[2, 1]).unwrap_err();
        assert_eq!(error.exit_code(), 25);
        assert!(error.to_string().contains("run a") && error.to_string().contains("run b"), "{error}");
    }

    #[test]
    fn a_checkpoint_cut_short_is_malformed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.safetensors");
        save(&path, "a", &state()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for keep in [0, 4, 40, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..keep]).unwrap();
            assert_eq!(load(&path, "a", &[2, 1]).unwrap_err().exit_code(), 11, "{keep} bytes");
        }
    }
}
