//! A real browser: Chromium without a window.

use std::fmt::Write;
use std::process::{Command, Stdio};

use super::Directory;

/// What is asked of the page in each frame. It runs beside the page, whose own script knows nothing of it.
const QUESTIONS: &str = include_str!("browser.js");

/// The answers about one page at one width.
#[derive(Debug, Default)]
pub(crate) struct Answers(Vec<(String, String)>);

impl Answers {
    /// The answer, as text.
    pub(crate) fn text(&self, question: &str) -> &str {
        let found = self.0.iter().find(|(asked, _)| asked == question);
        &found
            .unwrap_or_else(|| panic!("no `{question}` in {self:?}"))
            .1
    }

    /// The answer, as a number.
    pub(crate) fn number(&self, question: &str) -> f64 {
        let text = self.text(question);
        text.parse()
            .unwrap_or_else(|_| panic!("{question}: {text}"))
    }
}

/// Opens the page in frames of these widths, and answers for each of them what `browser.js` asks.
pub(crate) fn look_at(page: &str, widths: &[u32]) -> Vec<Answers> {
    let directory = Directory::new();
    let mut host = String::from("<!doctype html>\n<meta charset=\"utf-8\">\n");
    for width in widths {
        // A frame with its page inside may be looked into, as one from a file may not. It is as wide as a window would be, and
        // narrower than the browser lets a window be.
        let page = page.replace('&', "&amp;").replace('"', "&quot;");
        write!(host, "<iframe width=\"{width}\" height=\"1200\" style=\"border:0\" srcdoc=\"{page}\"></iframe>\n<pre></pre>\n").unwrap();
    }
    write!(host, "<script>\n{QUESTIONS}</script>\n").unwrap();
    let file = directory.path("host.html");
    std::fs::write(&file, host).unwrap();
    let dom = chromium(
        &directory,
        &["--dump-dom", "--window-size=1400,1000"],
        &file,
    );
    let answers: Vec<Answers> = dom
        .split("<pre>")
        .skip(1)
        .map(|rest| answers(rest.split("</pre>").next().unwrap()))
        .collect();
    assert_eq!(answers.len(), widths.len(), "{dom:.2000}");
    answers
}

/// Lines of a question, a tab, and the answer.
fn answers(text: &str) -> Answers {
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    Answers(
        lines
            .map(|(question, answer)| (question.to_owned(), answer.to_owned()))
            .collect(),
    )
}

/// Runs Chromium on a file, and gives what it prints. Whatever it keeps is gone with the directory.
fn chromium(directory: &Directory, arguments: &[&str], file: &str) -> String {
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            // The page's time, and no more of ours than it needs.
            "--virtual-time-budget=10000",
        ])
        .arg(format!("--user-data-dir={}", directory.path("profile")))
        .args(arguments)
        .arg(format!("file://{file}"))
        .stdin(Stdio::null())
        .output()
        .expect("the program `chromium` is needed: tests/installed.sh installs it");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    String::from_utf8(output.stdout).unwrap()
}
