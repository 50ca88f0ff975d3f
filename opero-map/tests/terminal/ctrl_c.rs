use std::fs::File;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use crate::programs::{Place, Program, eventually, terminate, wait_for_the_end_of};

const INTERRUPTED: Option<i32> = Some(2);

const TERMINATED: Option<i32> = Some(15);

/// A program whose standard error goes to the file `errors`.
fn start(part: &str, name: &str) -> Program {
    start_by(Command::new(std::env::current_exe().unwrap()), part, name)
}

fn start_by(command: Command, part: &str, name: &str) -> Program {
    let place = Place::new(name);
    let mut command = Program::of(command, part, &place);
    let errors = File::create(place.path("errors")).unwrap();
    command.stdout(Stdio::null()).stderr(errors);
    Program::start(&mut command, place)
}

impl Program {
    /// Sends the signal, and waits until the program says what it makes of it.
    fn interrupted(&self, answer: &str) {
        self.interrupt();
        self.says(answer);
    }

    fn says(&self, answer: &str) {
        eventually(answer, || {
            let mut text = String::new();
            let mut errors = File::open(self.place.path("errors")).unwrap();
            errors.read_to_string(&mut text).unwrap();
            text.contains(answer).then_some(())
        });
    }

    pub(crate) fn items(&self) -> usize {
        self.place.signs("item-").len()
    }

    pub(crate) fn runs_items(&self, items: usize) {
        eventually("running items", || (self.items() >= items).then_some(()));
    }
}

#[test]
fn the_first_one_finishes_what_runs_and_takes_nothing_more() {
    for part in ["in_processes", "on_threads"] {
        let mut program = start(&format!("counting::{part}"), &format!("first-{part}"));
        program.runs_items(2);
        program.interrupted("stopping");
        program.place.leave("go", "");
        let results: usize = program.place.wait_for("results").parse().unwrap();
        assert!(program.end().success());
        assert_eq!(results, program.items());
        assert!(results < 100, "{results} items were taken");
        // Every worker is gone.
        let workers = program.place.signs("item-");
        wait_for_the_end_of(&workers);
    }
}

#[test]
fn a_handle_tells_that_it_was_used() {
    let mut program = start("counting::in_processes", "handle");
    program.runs_items(1);
    program.interrupted("stopping");
    program.place.leave("go", "");
    assert_eq!(program.place.wait_for("stopped"), "true");
    assert!(program.end().success());
}

#[test]
fn the_second_one_ends_what_runs() {
    let mut program = start("counting::in_processes", "second");
    program.runs_items(2);
    program.interrupted("stopping");
    program.interrupted("ending");
    // The items wait until they are released.
    assert_eq!(program.place.wait_for("results"), "0");
    let unfinished: usize = program.place.wait_for("unfinished").parse().unwrap();
    assert!(unfinished >= 2, "{unfinished} items were begun");
    assert!(program.end().success());
    let workers = program.place.signs("item-");
    wait_for_the_end_of(&workers);
}

#[test]
fn the_third_one_ends_the_program() {
    let mut program = start("counting::on_threads", "third");
    program.runs_items(2);
    program.interrupted("stopping");
    program.interrupted("ending");
    program.interrupt();
    assert_eq!(program.end().signal(), INTERRUPTED);
    assert_eq!(program.place.sign("results"), None);
}

/// As often as it comes, to the program and to its workers alike.
#[test]
fn sigterm_is_the_first_one() {
    let mut program = start("counting::in_processes", "terminated");
    program.runs_items(2);
    for _ in 0..2 {
        program.terminate();
        for worker in program.place.signs("item-") {
            terminate(&worker);
        }
        program.says("stopping");
    }
    program.place.leave("go", "");
    let results: usize = program.place.wait_for("results").parse().unwrap();
    assert_eq!(program.place.wait_for("stopped"), "true");
    assert!(program.end().success());
    assert_eq!(results, program.items());
    assert!(results < 100, "{results} items were taken");
    wait_for_the_end_of(&program.place.signs("item-"));
}

#[test]
fn sigterm_ends_a_program_without_workers() {
    for part in ["on_threads", "after_processes"] {
        let mut program = start(&format!("counting::{part}"), &format!("term-{part}"));
        program.runs_items(2);
        program.terminate();
        assert_eq!(program.end().signal(), TERMINATED);
    }
}

#[test]
fn a_run_in_an_item_is_part_of_the_item() {
    let mut program = start("counting::in_an_item", "inner");
    program.runs_items(2);
    program.interrupted("stopping");
    program.place.leave("go", "");
    assert!(program.end().success());
    assert_eq!(program.place.wait_for("inner"), "20");
    assert_eq!(program.place.wait_for("results"), "1");
}

#[test]
fn a_run_that_does_not_ask_for_it_changes_nothing() {
    let mut program = start("counting::on_threads_by_default", "default");
    program.runs_items(2);
    program.interrupt();
    assert_eq!(program.end().signal(), INTERRUPTED);
}

#[test]
fn after_a_run_the_signal_does_what_it_did_before() {
    let mut program = start("counting::before_something_else", "idle");
    assert_eq!(program.place.wait_for("results"), "10");
    program.interrupt();
    assert_eq!(program.end().signal(), INTERRUPTED);
}

#[test]
fn handlers_of_the_program_are_called_as_well_and_alone_after_the_run() {
    let mut program = start("counting::beside_a_handler", "handler");
    program.runs_items(2);
    program.interrupted("stopping");
    program.place.leave("go", "");
    program.place.wait_for("results");
    program.interrupt();
    program.place.wait_for("caught");
    assert!(program.end().success());
}

#[test]
fn a_program_in_the_background_of_a_shell_is_not_disturbed() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' INT; exec \"$0\" \"$@\""]);
    shell.arg(std::env::current_exe().unwrap());
    let mut program = start_by(shell, "counting::in_processes", "ignored");
    program.runs_items(2);
    program.interrupt();
    program.place.leave("go", "");
    assert_eq!(program.place.wait_for("results"), "200");
    assert!(program.end().success());
}
