//! Every promise of a backend, to be run against any.
