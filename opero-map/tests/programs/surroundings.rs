//! A worker sees what its parent sees: arguments, environment, directory, output. Its input is
//! empty.

use std::process::Stdio;

use crate::runner::Test;
use crate::stage::{Place, Program};

pub(crate) const TESTS: &[Test] = &[
    ("surroundings::are_the_parents", are_the_parents),
    ("surroundings::output_is_the_parents", output_is_the_parents),
    (
        "surroundings::children_of_workers_are_programs",
        children_of_workers_are_programs,
    ),
    (
        "surroundings::a_worker_that_crashes_is_no_signal",
        a_worker_that_crashes_is_no_signal,
    ),
];

fn are_the_parents() {
    let place = Place::new("showing");
    let mut command = Program::command("showing", &place);
    command
        .args(["--flag", "two words", "", "-", "--", "ünï"])
        .env("A_VARIABLE", "its value")
        .current_dir(place.path(""));
    let mut program = Program::run(&mut command, place);
    assert!(program.end().success());
    let parent = program.place.sign("parent").unwrap();
    assert!(parent.contains("two words") && parent.contains("its value"));
    assert_eq!(program.place.sign("worker").unwrap(), parent);
}

fn output_is_the_parents() {
    let place = Place::new("printing");
    let mut command = Program::command("printing", &place);
    let output = command.stdout(Stdio::piped()).output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    // What items print comes before what the program prints once it has their results.
    assert_eq!(lines.pop().unwrap(), "the program");
    let mut expected: Vec<_> = (0..20).map(|n| format!("the item {n}")).collect();
    lines.sort_unstable();
    expected.sort_unstable();
    assert_eq!(lines, expected);
}

/// They have the worker's environment, perhaps even a socket as their input, and are none.
fn children_of_workers_are_programs() {
    let mut program = Program::start("starting-programs");
    assert!(program.end().success());
    let told = program.place.sign("program").unwrap();
    assert_eq!(told, "a plain program\n".repeat(4));
}

/// Also to a program that would end by `SIGPIPE`, as command line tools often do.
fn a_worker_that_crashes_is_no_signal() {
    let mut program = Program::start("sending-to-a-closed-channel");
    assert!(program.end().success());
}
