//! Off-policy estimators, intervals and the certificate: slices in, estimates out.
