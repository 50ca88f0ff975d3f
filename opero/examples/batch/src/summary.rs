//! What the program did, for its user.

use opero::map::Report;
use serde_json::json;

use crate::options::Options;
use crate::outages::Outages;
use crate::pass::Pass;
use crate::provider::Provider;

/// One pass; `provider` comes with how many requests it had counted before.
pub(crate) fn print_pass(
    number: usize,
    options: &Options,
    report: &Report,
    provider: Option<(&Provider, u64)>,
) {
    if options.answers {
        println!();
    }
    if options.passes() > 1 {
        println!("Pass {number}");
    }
    let (items, hits) = (report.items, report.cache_hits);
    let resumed = report.resumed;
    let known = match options.resume {
        Some(_) => format!("{resumed} of {items} answered from the record, {hits} from the cache"),
        None => format!("{hits} of {items} answered from the cache"),
    };
    let counted = provider.map_or_else(String::new, |(provider, before)| {
        let counted = provider.served().requests - before;
        format!("; the provider counted {counted} requests")
    });
    println!("{report}\n{known}{counted}.\n");
}

pub(crate) fn print(provider: Option<&Provider>, outages: &Outages) {
    if let Some(provider) = provider {
        println!("{}", provider.served());
        let (most, twice) = extremes(provider);
        if most > 0 {
            println!(
                "The hardest prompt took {most} of them; {twice} prompts were answered twice."
            );
        }
    }
    if !outages.is_empty() {
        println!("{outages}");
    }
}

/// One object.
pub(crate) fn print_json(passes: &[Pass], provider: Option<&Provider>, outages: &Outages) {
    let passes: Vec<_> = passes.iter().map(|pass| pass.report.to_json()).collect();
    let requests = provider.map(|provider| provider.served().requests);
    let twice = provider.map(|provider| extremes(provider).1);
    println!(
        "{{\"passes\":[{}],\"provider_requests\":{},\"answered_twice\":{},\"cache_unavailable\":{}}}",
        passes.join(","),
        json!(requests),
        json!(twice),
        outages.to_json()
    );
}

/// The most requests that one prompt took, and how many prompts were answered more than once.
fn extremes(provider: &Provider) -> (u64, usize) {
    let asked = provider.by_prompt();
    let most = asked.values().map(|asked| asked.requests).max();
    let twice = asked.values().filter(|asked| asked.answers > 1).count();
    (most.unwrap_or(0), twice)
}
