//! An experiment file in, a run folder out.
