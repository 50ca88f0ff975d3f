//! `disk`: on sled.
