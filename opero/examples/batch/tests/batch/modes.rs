//! The same job wherever its requests are made.

use super::support::{Directory, Serving, example, output, report};
use crate::provider::behaviour::answer;

const PROMPTS: usize = 20;

#[test]
fn every_mode_gives_every_prompt_its_answer() {
    let directory = Directory::of("modes");
    let serving = Serving::start();
    let file = directory.first_prompts(PROMPTS);
    let prompts = std::fs::read_to_string(&file).unwrap();
    let expected: Vec<_> = (prompts.lines().enumerate())
        .map(|(n, prompt)| format!("{}: {}", n + 1, answer(prompt)))
        .collect();
    for mode in ["async", "process", "async_process"] {
        let mut command = example();
        command.arg(&file).args(["--mode", mode, "--answers"]);
        command.args(["--workers", "2", "--provider", &serving.provider.url]);
        let said = output(&mut command);
        let (first, rest) = said.split_once("\n\nPass 1\n").unwrap();
        assert!(same(first, &expected), "{mode}: {said}");
        let started = rest.contains("workers      ");
        assert_eq!(started, mode != "async", "{mode}: {said}");
        // The second pass comes out of the cache, which is here in every mode: the provider is not asked.
        let (second, rest) = rest
            .split_once("\n\n")
            .unwrap()
            .1
            .split_once("\n\n")
            .unwrap();
        assert!(same(second, &expected), "{mode}: {said}");
        assert!(rest.contains("20 of 20 answered from the cache."), "{said}");
        assert_eq!(serving.provider.by_prompt().len(), PROMPTS);
    }
}

/// The same lines, in whatever order.
fn same(told: &str, expected: &[String]) -> bool {
    let mut told: Vec<_> = told.lines().collect();
    let mut expected: Vec<_> = expected.iter().map(String::as_str).collect();
    told.sort_unstable();
    expected.sort_unstable();
    told == expected
}

#[test]
fn the_report_is_written_as_a_page() {
    let directory = Directory::of("page");
    let page = directory.file("run.html");
    let mut command = example();
    command.arg(directory.first_prompts(PROMPTS));
    command.args(["--mode", "process", "--workers", "2", "--report"]);
    let report = report(command.arg(&page));
    assert_eq!(report["passes"][0]["ok"], PROMPTS, "{report}");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("complete"));
    assert!(!page.contains("key-research"));
}
