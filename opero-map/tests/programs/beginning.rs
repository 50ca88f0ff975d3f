//! The one line in `main`.

use std::fs;

use crate::runner::Test;
use crate::stage::{Place, Program};

pub(crate) const TESTS: &[Test] = &[
    (
        "beginning::a_program_without_the_line",
        a_program_without_the_line,
    ),
    (
        "beginning::a_program_with_the_line_behind_its_first_map",
        a_program_with_the_line_behind_its_first_map,
    ),
    (
        "beginning::a_program_whose_file_is_deleted",
        a_program_whose_file_is_deleted,
    ),
    (
        "beginning::a_program_whose_file_is_replaced",
        a_program_whose_file_is_replaced,
    ),
];

/// It is told at once, and no process is started.
fn a_program_without_the_line() {
    let mut program = Program::start("forgetful");
    assert!(program.end().success());
    let error = program.place.sign("error").unwrap();
    assert!(error.contains("init()"), "{error}");
    assert_eq!(program.place.named("main-").len(), 1);
}

/// The same before the line. Behind it all is well: the worker meets the first map as well, and is
/// rejected as well.
fn a_program_with_the_line_behind_its_first_map() {
    let mut program = Program::start("late");
    assert!(program.end().success());
    assert_eq!(program.place.sign("result").unwrap(), "it works");
    // The program and its worker, and nothing that these started.
    assert_eq!(program.place.named("main-").len(), 2);
    assert_eq!(program.place.named("error-").len(), 2);
}

fn a_program_whose_file_is_deleted() {
    replaced("deleted", |file| fs::remove_file(file).unwrap());
}

fn a_program_whose_file_is_replaced() {
    replaced("replaced", |file| {
        fs::remove_file(file).unwrap();
        fs::copy("/bin/false", file).unwrap();
    });
}

/// Workers are the program that runs, not what is found where it was.
fn replaced(name: &str, replace: impl Fn(&std::path::Path)) {
    let place = Place::new(name);
    let file = place.path("program");
    fs::copy(std::env::current_exe().unwrap(), &file).unwrap();
    let command = std::process::Command::new(&file);
    let mut program = Program::run(&mut Program::of(command, "replaced", &place), place);
    program.place.wait_for("ready");
    replace(&file);
    program.place.leave("spawn", "");
    assert!(program.end().success());
    assert_eq!(program.place.sign("result").unwrap(), "it works");
}
