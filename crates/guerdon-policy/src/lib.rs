//! The serving crate: a frozen policy that decides, and the bundle it is kept in.
