//! The arithmetic of shared limits against a model of many processes, and the script against its own twin.

mod arithmetic;
mod batches;
mod model;
mod script;
mod server;
