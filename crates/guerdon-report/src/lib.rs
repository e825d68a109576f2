//! Ledger arithmetic and its faces: one self-contained page.
