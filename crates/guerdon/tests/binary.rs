//! The binary answers. That this test is here makes `cargo test --workspace` build the binary for the end-to-end tests.

use std::process::Command;

#[test]
fn the_binary_says_its_name_and_version() {
    let output = Command::new(env!("CARGO_BIN_EXE_guerdon")).arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.trim(), concat!("guerdon ", env!("CARGO_PKG_VERSION")));
}
