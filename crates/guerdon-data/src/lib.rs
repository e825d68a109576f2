//! Decision logs: read through SQL views, attributed, audited, split and streamed.
