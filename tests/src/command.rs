//! Runs the real binary, and finds the real data.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The workspace's folder.
pub fn root() -> PathBuf {
    // What cargo says when it runs the tests: a build kept from another checkout has another path compiled in.
    let crate_folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&crate_folder).parent().expect("the tests' crate lies in the workspace").to_owned()
}

/// The real data below `GUERDON_DATA` (by default `../shared/data` beside the workspace), or nothing with a loud remark
/// where it isn't.
pub fn data(part: &str) -> Option<PathBuf> {
    let base = std::env::var_os("GUERDON_DATA").map_or_else(|| root().join("../shared/data"), PathBuf::from);
    let path = base.join(part);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there; set GUERDON_DATA to the folder with the real data", path.display());
    None
}

/// The binary, which `cargo test --workspace` builds beside the tests (the guerdon crate has an integration test of its own,
/// and that makes cargo do it).
pub fn binary() -> PathBuf {
    // target/<profile>/deps/<this test> → target/<profile>/guerdon
    let here = std::env::current_exe().expect("a test knows its own path");
    let profile = here.ancestors().nth(2).expect("tests lie in target/<profile>/deps");
    let binary = profile.join(format!("guerdon{}", std::env::consts::EXE_SUFFIX));
    assert!(binary.is_file(), "{} is not there: run the tests with cargo test --workspace", binary.display());
    binary
}

/// Runs `guerdon` with these words in the workspace's folder.
pub fn guerdon<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(words: I) -> Output {
    Command::new(binary()).args(words).current_dir(root()).stdin(Stdio::null()).output().expect("guerdon starts")
}

/// As [`guerdon`], with `input` on its standard input.
pub fn guerdon_with<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(words: I, input: &str) -> Output {
    use std::io::Write;
    let mut child = Command::new(binary())
        .args(words)
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("guerdon starts");
    let mut stdin = child.stdin.take().expect("its standard input is a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(input.as_bytes()); // a reader that stopped at a bad line is what some tests look for
    });
    let output = child.wait_with_output().expect("guerdon ends");
    writer.join().expect("the writer ends");
    output
}

/// The JSON that a successful command printed (also with exit code 3, "not evaluable").
pub fn json(output: &Output) -> Value {
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 3)), "exit {code:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

/// The exit code and what was printed on stderr.
pub fn failure(output: &Output) -> (i32, String) {
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Words of a command line; paths and strings mix.
#[macro_export]
macro_rules! words {
    ($($word:expr),* $(,)?) => {
        vec![$(std::ffi::OsString::from($word)),*]
    };
}
