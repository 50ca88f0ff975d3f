//! Which functions run in processes, and how their arguments get there.

use std::borrow::Cow;
use std::process;

use opero::operomap;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Failure {
    TooLong { length: usize },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Word {
    text: String,
    tags: Vec<String>,
}

/// Arguments by reference and by value, under patterns, and nothing in it is `Hash`.
#[operomap(
    mode = "process",
    workers = 2,
    retries = 0,
    cache = false,
    progress = false
)]
fn measure<'a>(
    Word { text, tags }: &'a Word,
    factor: f64,
    (least, most): (usize, usize),
    known: &[Cow<'a, str>],
) -> Result<(f64, u32), Failure> {
    if text.len() + tags.len() > most {
        return Err(Failure::TooLong { length: text.len() });
    }
    let known = known.iter().filter(|known| **known == *text).count();
    let length = (text.len().max(least) + known) as f64;
    Ok((length * factor, process::id()))
}

#[test]
fn arguments_of_every_kind_reach_the_worker_and_values_and_errors_come_back() {
    let word = |text: &str| Word {
        text: text.into(),
        tags: vec!["tag".into()],
    };
    let words = [word("one"), word("four"), word("much too long")];
    let known = ["four".into()];
    let results = measure(&words, 0.5, (4, 10), &known).run();
    let (first, pid) = results[0].as_ref().unwrap();
    assert_eq!(*first, 2.0);
    assert_ne!(*pid, process::id());
    assert_eq!(results[1].as_ref().unwrap().0, 2.5);
    let error = results[2].as_ref().unwrap_err();
    let expected = Failure::TooLong { length: 13 };
    assert_eq!(error.function_error(), Some(&expected));
}
