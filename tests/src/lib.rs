//! What the end-to-end tests share: the binary, the real data, a place to write, and the workspace's own metadata.

pub mod columns;
pub mod command;
pub mod metadata;
