use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::programs::{ITEMS, Place, Program};

/// More rows than a program writes, so that nothing scrolls away.
const ROWS: u16 = 400;

/// Runs a program at a terminal, and gives the lines on the screen at its end.
fn screen(part: &str, columns: u16) -> Vec<String> {
    lines(&written(part, columns, Some("xterm-256color")), columns)
}

/// Runs a program at a terminal of that kind, and gives all that was written to it.
fn written(part: &str, columns: u16, term: Option<&str>) -> Vec<u8> {
    let kind = term.unwrap_or("unknown");
    let place = Place::new(&format!("{part}-{columns}-{kind}"));
    let (ours, theirs) = terminal(columns);
    let mut command = Program::command(part, &place);
    match term {
        Some(term) => command.env("TERM", term),
        None => command.env_remove("TERM"),
    };
    command.stdout(theirs.try_clone().unwrap()).stderr(theirs);
    let mut program = Program::start(&mut command, place);
    // Holds the terminal's other end.
    drop::<Command>(command);
    let text = read(ours);
    assert!(program.end().success());
    text
}

/// All that is written to a terminal until it is closed.
fn read(terminal: impl Into<File>) -> Vec<u8> {
    let mut terminal = terminal.into();
    let mut text = Vec::new();
    let mut bytes = [0; 4096];
    // The last one to close the other end makes reading an error.
    while let Ok(read @ 1..) = terminal.read(&mut bytes) {
        text.extend_from_slice(&bytes[..read]);
    }
    text
}

/// What a screen shows after all that was written to it, without empty lines.
fn lines(text: &[u8], columns: u16) -> Vec<String> {
    let size = [ROWS, columns].map(|size| size.try_into().unwrap());
    let mut parser = vt100::Parser::new(size[0], size[1], 0);
    parser.process(text);
    let rows = parser.screen().rows(0, columns);
    rows.map(|row| row.trim_end().to_owned())
        .filter(|row| !row.is_empty())
        .collect()
}

fn terminal(columns: u16) -> (OwnedFd, File) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = openpt(flags).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let path = ptsname(&ours, Vec::new()).unwrap();
    let path = Path::new(std::ffi::OsStr::from_bytes(path.as_bytes()));
    let theirs = File::options().read(true).write(true).open(path).unwrap();
    let size = Winsize {
        ws_row: ROWS,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&theirs, size).unwrap();
    (ours, theirs)
}

#[test]
fn what_workers_print_is_whole_and_stands_above_the_bar() {
    let lines = screen("printing::from_workers", 160);
    let printed = |text: &str| lines.iter().filter(|line| *line == text).count();
    for n in 0..ITEMS {
        let text = format!("item {n} begins, and ends on the same line.");
        assert_eq!(printed(&text), 1, "{text}\n{lines:#?}");
        assert_eq!(printed(&format!("item {n} complains.")), 1, "{lines:#?}");
    }
    // One bar, with the final figures, below what the workers printed and above what comes then.
    let is_bar = |line: &String| line.contains(" failed, ");
    assert_eq!(
        lines.iter().filter(|line| is_bar(line)).count(),
        1,
        "{lines:#?}"
    );
    let bar = lines.iter().position(is_bar).unwrap();
    assert!(
        lines[bar].contains(": 60 of 60 done, 6 failed, "),
        "{lines:#?}"
    );
    assert_eq!(lines[bar + 1], "the program goes on");
    let last = lines.iter().rposition(|line| line.starts_with("item "));
    assert!(last < Some(bar), "{lines:#?}");
}

#[test]
fn on_a_narrow_screen_the_bar_leaves_nothing_behind_either() {
    let lines = screen("printing::from_workers", 40);
    let bars = lines.iter().filter(|line| line.contains(" failed, "));
    assert_eq!(bars.count(), 1, "{lines:#?}");
}

/// How many lines end like that.
fn count(lines: &[String], end: &str) -> usize {
    lines.iter().filter(|line| line.ends_with(end)).count()
}

#[test]
fn runs_at_once_have_a_bar_each_and_what_is_printed_stands_above_them() {
    for part in ["printing::two_at_once", "printing::in_each_other"] {
        let lines = screen(part, 120);
        for n in 0..20 {
            let end = |text: &str| count(&lines, &format!("{n:02} {text}"));
            let printed = ["by println", "by eprintln", "by a writer", "by a logger"].map(end);
            assert_eq!(printed, [1; 4], "{n}: {lines:#?}");
        }
        let ends = lines.iter().filter(|line| line.contains(" failed, "));
        let ends: Vec<_> = ends
            .map(|line| line.split(',').next().unwrap_or_default())
            .collect();
        let expected: &[&str] = match part {
            "printing::two_at_once" => &["map: 10 of 10 done", "map: 20 of 20 done"],
            _ => &[
                "map: 10 of 10 done",
                "map: 10 of 10 done",
                "map: 2 of 2 done",
            ],
        };
        assert_eq!(ends, expected, "{lines:#?}");
        assert_eq!(count(&lines, "the program goes on"), 1, "{lines:#?}");
    }
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_gets_plain_text() {
    for term in [Some("dumb"), None] {
        let text = written("printing::two_at_once", 120, term);
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("19 by a logger"), "{text}");
        assert!(!text.contains('\x1b'), "{text:?}");
        assert!(!text.contains(" failed, "), "{text:?}");
    }
    let text = written("printing::two_at_once", 120, Some("xterm"));
    assert!(text.contains(&0x1b));
}

#[test]
fn the_key_reaches_the_program_and_not_its_workers() {
    let place = Place::new("key");
    let (ours, theirs) = terminal(120);
    // In a session of its own, whose terminal this is.
    let mut setsid = Command::new("setsid");
    setsid.arg("--ctty").arg(std::env::current_exe().unwrap());
    let mut command = Program::of(setsid, "counting::in_processes", &place);
    command.env("TERM", "xterm-256color");
    command.stdin(theirs.try_clone().unwrap());
    command.stdout(theirs.try_clone().unwrap()).stderr(theirs);
    let mut program = Program::start(&mut command, place);
    drop::<Command>(command);
    let keyboard = File::from(ours);
    let screen = keyboard.try_clone().unwrap();
    let screen = std::thread::spawn(|| read(screen));
    program.runs_items(2);
    (&keyboard).write_all(b"\x03").unwrap();
    program.place.wait_for("stopping");
    program.place.leave("go", "");
    let results: usize = program.place.wait_for("results").parse().unwrap();
    assert!(program.end().success());
    assert_eq!(results, program.items());
    let lines = lines(&screen.join().unwrap(), 120);
    let said = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    assert_eq!(
        said("stopping: running items are finished"),
        1,
        "{lines:#?}"
    );
    assert_eq!(said(" failed, "), 1, "{lines:#?}");
}
