//! Learners: each ends in a frozen policy.
