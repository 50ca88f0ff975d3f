//! What a whole program has to show: this one, whose `main` is its own. Started by itself it plays
//! a part; otherwise it runs the tests.
#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests may panic as tests do"
)]

mod beginning; // The one line in `main`, and what becomes of a program without it.
mod flood; // Memory stays flat.
mod orphans; // Whatever becomes of the parent, its workers end.
mod parts; // What the program does when it is started by a test.
mod runner; // Runs the tests.
mod stage; // Where a program and its test meet.
mod surroundings; // What workers share with their parent, and what not.

fn main() -> std::process::ExitCode {
    let Some(part) = stage::part() else {
        let tests = [
            beginning::TESTS,
            flood::TESTS,
            orphans::TESTS,
            surroundings::TESTS,
        ];
        return runner::run(&tests.concat());
    };
    stage::here().leave(&format!("main-{}", std::process::id()), "");
    if part == "forgetful" {
        parts::forgetful();
    } else if part == "late" {
        parts::late();
    } else {
        opero_map::process::init();
        parts::play(&part);
    }
    std::process::ExitCode::SUCCESS
}
