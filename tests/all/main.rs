//! What only the whole of opero can show; each mechanism's own promises are tested in its crate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of tests may panic as tests do"
)]

// Lets this program's maps run in processes of its own.
opero::worker_tests!();

// Traces, scripts of failures, recording backends and stages, clocks.
mod support;

// The one order of the stages, recorded: builder and attribute, sync and async.
mod order;
// One script of failures gives one trace, whether the function is sync or async.
mod parity;
// Attribute, builder, TOML and JSON are four ways to write one pipeline.
mod one_pipeline;
// No more starts than the quota allows, from threads, tasks and maps.
mod rate;
// Concurrent calls with one key execute once, whatever happens to the one that executes.
mod single_flight;
// A call that is alive and that nothing polls holds up no other for long.
mod unpolled;
// The same under a thousand schedules, beside calls that are dropped and that panic.
mod schedules;
// A call dropped at any await point leaves nothing behind.
mod cancel;
// The cache is an aid: down, slow or foreign, calls still run.
mod cache_down;
// The same with real servers and disks: killed, paused, full, held by others, and with wrong records in them.
mod faults;
// Several processes execute once, and share one rate; results outlive them.
mod processes;
// Arguments, values and passwords are in no event, error or configuration.
mod secrets;
// A map's report says what happened, and the pipeline holds over all its workers.
mod maps;
// The report is a page that a browser shows, with nothing from the network.
mod report;
