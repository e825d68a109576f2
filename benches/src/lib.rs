//! Benches of the workspace; each says what it measures and asserts the answer. Run them with
//! `cargo bench -p guerdon-benches`.
