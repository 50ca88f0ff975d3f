//! Limits shared through redis: real servers, real processes, real time.
