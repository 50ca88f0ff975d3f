//! One run over all prompts.

use std::collections::HashMap;
use std::error::Error;
use std::io::Write;

use futures_util::StreamExt;
use opero::map::{Report, progress};

use crate::client::{Completion, Request};
use crate::complete;
use crate::options::Options;
use crate::provider::behaviour;

pub(crate) struct Pass {
    pub(crate) report: Report,
    /// Has every prompt its answer, once, and no other prompt's? If not, what is wrong.
    pub(crate) verdict: Result<(), String>,
}

impl Pass {
    /// Asks for all completions. Each comes as soon as it is there, and is recorded by then.
    pub(crate) async fn run(
        requests: &[Request],
        options: &Options,
    ) -> Result<Self, Box<dyn Error>> {
        let mut run = complete(requests.to_vec())
            .mode(options.mode.as_deref().unwrap_or("async"))
            .ordered(false)
            .timeline(options.report.is_some());
        if let Some(workers) = options.workers {
            run = run.workers(workers);
        }
        if let Some(file) = &options.resume {
            run = run.resume(file);
        }
        // Otherwise each answer would say what is wrong with the options.
        run.check()?;

        let mut answers = run.stream();
        let mut open = Open::new(requests);
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(completion) => {
                    let number = open.close(&completion);
                    if let (Some(number), true) = (number, options.answers) {
                        // Above the bar, and one write a line, also into a pipe: a kill cuts none of them short. Where
                        // no process reads any more, the run ends.
                        let text = printable(&completion.text);
                        writeln!(progress::stdout(), "{number}: {text}")?;
                    }
                }
                Err(error) => open.note(error.to_string()),
            }
        }
        Ok(Self {
            report: answers.report(),
            verdict: open.verdict(),
        })
    }
}

/// The prompts that have no answer yet.
struct Open<'r> {
    /// Their numbers; equal prompts have several.
    numbers: HashMap<&'r str, Vec<usize>>,
    /// The first thing that went wrong.
    problem: Option<String>,
}

impl<'r> Open<'r> {
    fn new(requests: &'r [Request]) -> Self {
        let mut numbers: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, request) in requests.iter().enumerate().rev() {
            numbers.entry(&request.prompt).or_default().push(index + 1);
        }
        Self {
            numbers,
            problem: None,
        }
    }

    /// The number of the prompt that this answers.
    fn close(&mut self, completion: &Completion) -> Option<usize> {
        let Completion { prompt, text } = completion;
        if *text != behaviour::answer(prompt) {
            self.note(format!("\"{prompt}\" got another one's answer"));
            return None;
        }
        let number = self.numbers.get_mut(&**prompt).and_then(Vec::pop);
        if number.is_none() {
            self.note(format!("\"{prompt}\" got one answer too many"));
        }
        number
    }

    fn note(&mut self, problem: String) {
        self.problem.get_or_insert_with(|| printable(&problem));
    }

    fn verdict(self) -> Result<(), String> {
        let mut left: Vec<_> = self.numbers.into_values().flatten().collect();
        left.sort_unstable();
        let missing = left.first().map(|first| match left.len() {
            1 => format!("prompt {first} has no answer"),
            count => format!("{count} prompts have no answer, the first is prompt {first}"),
        });
        match (missing, self.problem) {
            (None, None) => Ok(()),
            (Some(missing), None) => Err(format!("stopped; {missing}")),
            (None, Some(problem)) => Err(problem),
            (Some(missing), Some(problem)) => Err(format!("{missing}; {problem}")),
        }
    }
}

/// Prepares an untrusted text for a terminal: control characters, which could move its cursor or set its title, are escaped.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() {
            true => printable.extend(character.escape_default()),
            false => printable.push(character),
        }
    }
    printable
}
