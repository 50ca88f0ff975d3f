//! What the program says to a wrong command line.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::support::{Directory, Serving, example, failure, output, run};

#[track_caller]
fn rejected(arguments: &[&str], expected: &str) {
    let said = failure(example().args(arguments));
    assert!(said.starts_with("batch: "), "{said}");
    assert!(said.contains(expected), "{said}");
}

#[test]
fn a_wrong_option_is_told_at_once() {
    rejected(&["--mod", "process"], "there is no option --mod; --help");
    rejected(&["--workers", "many"], "--workers takes a whole number");
    rejected(&["--workers", "0"], "`workers` is 0");
    rejected(&["--resume"], "--resume takes a file");
    rejected(&["--mode", "thread"], "which cannot run an async function");
    rejected(&["--mode", "proces"], "`proces`");
    rejected(&["--json", "--answers"], "--json prints one object");
    rejected(&["--cache-dir", "there"], "--cache-dir is for");
    rejected(&["one", "two"], "one file of prompts");
    rejected(&["/nowhere/prompts.txt"], "/nowhere/prompts.txt: ");
}

#[test]
fn help_is_no_failure() {
    assert!(output(example().arg("--help")).starts_with("usage: batch"));
}

#[test]
fn a_file_that_is_no_record_of_this_job_is_rejected_and_left_alone() {
    let directory = Directory::of("rejected");
    let serving = Serving::start();
    let file = directory.first_prompts(3);
    let before = std::fs::read(&file).unwrap();
    for mode in ["async", "process"] {
        let mut command = example();
        command.arg(&file).args(["--mode", mode, "--resume"]);
        command.arg(&file);
        command.args(["--provider", &serving.provider.url]);
        let said = failure(&mut command);
        assert!(said.contains("which is no journal"), "{said}");
        assert_eq!(std::fs::read(&file).unwrap(), before);
    }
    assert_eq!(serving.provider.served().requests, 0);
}

#[test]
fn a_line_that_is_no_text_is_said_and_skipped_and_none_reaches_the_terminal_raw() {
    let directory = Directory::of("lines");
    let serving = Serving::start();
    let file = directory.file("prompts.txt");
    let lines = b"What is rain?\n\xff\xfe\nWhat is \x1b]0;mine\x07 snow?\n";
    std::fs::write(&file, lines).unwrap();
    let mut command = example();
    command.arg(&file).arg("--answers");
    command.args(["--provider", &serving.provider.url]);
    let output = run(&mut command);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let skipped = "prompts.txt: line 2 is not UTF-8 and is skipped";
    assert!(said.contains(skipped), "{said}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("What is rain"), "{printed}");
    let escaped = r"What is \u{1b}]0;mine\u{7} snow";
    assert!(printed.contains(escaped), "{printed}");
    assert!(!printed.contains(['\x1b', '\x07']), "{printed:?}");
}

#[test]
fn a_reader_that_leaves_ends_the_run() {
    let mut command = example();
    command.args(["--mode", "process", "--workers", "2", "--answers"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut first = String::new();
    let mut lines = BufReader::new(running.stdout.take().unwrap());
    lines.read_line(&mut first).unwrap();
    drop(lines);
    // The workers print there, too: the end of it is theirs.
    let output = running.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("Broken pipe"), "{said}");
}
