//! Whatever becomes of the parent, none of its workers is left.

use std::process::{Command, Stdio};

use crate::runner::Test;
use crate::stage::{
    Place, Program, eventually, is_alive, wait_for_the_burial_of, wait_for_the_end_of,
};

pub(crate) const TESTS: &[Test] = &[
    ("orphans::parent_killed", parent_killed),
    (
        "orphans::parent_killed_while_workers_start",
        parent_killed_while_workers_start,
    ),
    (
        "orphans::parent_killed_and_signals_ignored",
        parent_killed_and_signals_ignored,
    ),
    (
        "orphans::parent_killed_and_output_blocked",
        parent_killed_and_output_blocked,
    ),
    ("orphans::parent_panics", parent_panics),
    ("orphans::parent_exits", parent_exits),
    (
        "orphans::parent_ends_beside_a_leaked_run",
        parent_ends_beside_a_leaked_run,
    ),
    ("orphans::run_dropped", run_dropped),
    ("orphans::workers_with_children", workers_with_children),
    (
        "orphans::a_child_of_a_worker_that_is_killed",
        a_child_of_a_worker_that_is_killed,
    ),
    ("orphans::a_child_left_behind", a_child_left_behind),
    (
        "orphans::children_left_behind_by_a_whole_run",
        children_left_behind_by_a_whole_run,
    ),
];

fn parent_killed() {
    for part in ["spinning", "sleeping", "idle"] {
        let mut program = Program::start(part);
        program.place.wait_for("ready");
        let workers = program.place.workers(1);
        assert!(workers.iter().all(|pid| is_alive(pid)));
        program.kill();
        wait_for_the_end_of(&workers);
    }
}

/// At any moment: also before a worker has read its greeting.
fn parent_killed_while_workers_start() {
    for moment in 0..12 {
        let mut program = Program::start("starting");
        eventually("the first worker", || {
            (program.place.named("main-").len() > 1).then_some(())
        });
        std::thread::sleep(std::time::Duration::from_millis(moment));
        program.kill();
        // Those that have not begun their `main` by now are seen once they have.
        let all = || program.place.named("main-");
        eventually("the end of all workers", || {
            all().iter().all(|pid| !is_alive(pid)).then_some(())
        });
        std::thread::sleep(std::time::Duration::from_millis(50));
        wait_for_the_end_of(&all());
    }
}

/// No signal that can be ignored is needed.
fn parent_killed_and_signals_ignored() {
    let place = Place::new("ignoring");
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' TERM INT HUP QUIT PIPE; exec \"$0\""]);
    shell.arg(std::env::current_exe().unwrap());
    let mut program = Program::run(&mut Program::of(shell, "ignoring", &place), place);
    program.place.wait_for("ready");
    let workers = program.place.workers(2);
    program.kill();
    wait_for_the_end_of(&workers);
}

/// The workers wait for a reader of what they print, and there is none.
fn parent_killed_and_output_blocked() {
    let place = Place::new("blocked");
    let mut command = Program::command("blocked", &place);
    let mut program = Program::run(command.stdout(Stdio::piped()), place);
    // Kept open.
    let _output = program.child.stdout.take();
    let workers = eventually("both printers", || {
        Some(program.place.named("printer-")).filter(|printers| printers.len() == 2)
    });
    // As long as it takes to fill a pipe, and for the parent to notice that nothing goes on.
    std::thread::sleep(std::time::Duration::from_millis(200));
    program.kill();
    wait_for_the_end_of(&workers);
}

fn parent_panics() {
    let mut program = Program::start("panicking");
    assert_eq!(program.end().code(), Some(101));
    wait_for_the_end_of(&program.place.workers(2));
}

fn parent_exits() {
    let mut program = Program::start("exiting");
    assert_eq!(program.end().code(), Some(7));
    wait_for_the_end_of(&program.place.workers(2));
}

fn parent_ends_beside_a_leaked_run() {
    let mut program = Program::start("leaking");
    assert!(program.end().success());
    wait_for_the_end_of(&program.place.workers(2));
}

/// The parent goes on, so it has to reap them as well.
fn run_dropped() {
    let mut program = Program::start("dropping");
    program.place.wait_for("dropped");
    wait_for_the_burial_of(&program.place.workers(2));
    assert!(is_alive(&program.child.id().to_string()));
    program.place.leave("end", "");
    assert!(program.end().success());
}

/// What workers have started ends with them.
fn workers_with_children() {
    let mut program = Program::start("having-children");
    program.place.wait_for("ready");
    let workers = program.place.workers(2);
    let children = Children::of(&program.place, 2);
    program.kill();
    wait_for_the_end_of(&workers);
    wait_for_the_end_of(&children.0);
}

/// The parent goes on.
fn a_child_of_a_worker_that_is_killed() {
    let mut program = Program::start("having-a-child-too-long");
    let children = Children::of(&program.place, 1);
    program.place.wait_for("late");
    wait_for_the_burial_of(&program.place.workers(1));
    wait_for_the_end_of(&children.0);
    program.place.leave("end", "");
    assert!(program.end().success());
}

/// Its worker's end is seen at once, and is its own.
fn a_child_left_behind() {
    let mut program = Program::start("leaving-a-child");
    assert!(program.end().success());
    let children = Children::of(&program.place, 1);
    assert!(
        program
            .place
            .wait_for("error")
            .contains("exited with code 3")
    );
    wait_for_the_end_of(&children.0);
}

/// Nothing goes wrong, and the parent goes on or ends at once: the workers leave, and take their
/// children along.
fn children_left_behind_by_a_whole_run() {
    for part in ["leaving-children", "leaving-children-and-ending"] {
        let mut program = Program::start(part);
        let children = Children::of(&program.place, 2);
        program.place.wait_for("over");
        wait_for_the_end_of(&program.place.workers(1));
        wait_for_the_end_of(&children.0);
        program.place.leave("end", "");
        assert!(program.end().success());
    }
}

/// Children of workers; killed when they are dropped.
struct Children(Vec<String>);

impl Children {
    fn of(place: &Place, count: usize) -> Self {
        Self(eventually("the workers' children", || {
            Some(place.named("child-")).filter(|children| children.len() >= count)
        }))
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        let left: Vec<_> = self.0.iter().filter(|pid| is_alive(pid)).collect();
        if !left.is_empty() {
            let _ = Command::new("kill").arg("-9").args(left).status();
        }
    }
}
