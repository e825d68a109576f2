//! Environments: synthetic worlds with known truth, and simulators fitted from logs.
