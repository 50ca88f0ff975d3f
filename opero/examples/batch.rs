//! A batch of completions against a metered, unreliable provider: cache, retries, fallback, rate limit and a parallel
//! map in one attribute.
//!
//! ```sh
//! cargo run --release --example batch -- [PROMPTS_FILE] [--json] [--seed N] [--cache BACKEND] [--cache-dir DIR]
//! ```
//!
//! The provider is a real HTTP server that this program starts beside itself. Its two API keys may start twenty
//! requests a second each, its larger model has an outage, and now and then it fails or dawdles. Every prompt gets
//! its answer all the same; a second pass over the same prompts gets them from the cache. With `--cache disk`, `redb`,
//! `redis` or `memory+redis` a second run of this program gets all of them from there, and the provider hears nothing of it.

#[path = "batch/client.rs"]
mod client;
#[path = "batch/options.rs"]
mod options;
#[path = "batch/outages.rs"]
mod outages;
#[path = "batch/provider.rs"]
mod provider;

use std::error::Error;
use std::process::ExitCode;

use client::{ApiError, Completion, Request};
use opero::operomap;
use options::Options;
use outages::Outages;
use provider::Provider;

#[operomap(
    cache_backend = options::cache_backend(),
    cache_key = |request| &request.prompt, // the same answer whoever pays for it
    retries = 8,
    retry_on = ApiError::is_transient,
    retry_after = ApiError::retry_after,
    attempt_timeout = "1s",
    fallback_on = ApiError::is_the_models,
    rate_limit = 20,
    rate_burst = 8, // more than the provider likes: it says so, and is heard
    rate_key = |request| request.api_key,
    workers = 32,
)]
async fn complete(
    request: Request,
    #[fallback("large", "small")] model: &str,
) -> Result<Completion, opero::Error<ApiError>> {
    Ok(client::post(&request, model).await?)
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("batch: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let options = Options::from_args()?;
    let provider = Provider::start(options.seed).await?;
    let outages = Outages::watch();
    let requests = requests(&options.prompts()?, &provider);

    let (mut reports, mut verdict) = (Vec::new(), Ok(()));
    for pass in 1..=2 {
        let before = provider.served().requests;
        let (answers, report) = complete(requests.clone()).with_report().await;
        verdict = verdict.and(check(&requests, answers));
        let counted = provider.served().requests - before;
        if !options.json {
            let (hits, items) = (report.cache_hits, report.items);
            println!("Pass {pass}\n{report}");
            println!(
                "{hits} of {items} answered from the cache; the provider counted {counted} requests.\n"
            );
        }
        reports.push(report.to_json());
    }
    if options.json {
        let requests = provider.served().requests;
        println!(
            "{{\"passes\":[{}],\"provider_requests\":{requests},\"cache_unavailable\":{}}}",
            reports.join(","),
            outages.to_json()
        );
    } else {
        println!("{}", provider.served());
        if !outages.is_empty() {
            println!("{outages}");
        }
    }
    verdict
}

/// One request for each prompt; the two keys take turns.
fn requests(prompts: &[String], provider: &Provider) -> Vec<Request> {
    let keys = provider::KEYS.iter().cycle();
    let requests = prompts.iter().zip(keys).map(|(prompt, api_key)| Request {
        url: provider.url.clone(),
        api_key,
        prompt: prompt.clone(),
    });
    requests.collect()
}

/// Every prompt gets its answer, and no other prompt's.
fn check(
    requests: &[Request],
    answers: Vec<Result<Completion, opero::Error<ApiError>>>,
) -> Result<(), Box<dyn Error>> {
    if answers.len() != requests.len() {
        return Err(format!("{} answers to {} prompts", answers.len(), requests.len()).into());
    }
    for (line, (request, answer)) in requests.iter().zip(answers).enumerate() {
        let completion = answer.map_err(|error| format!("prompt {}: {error}", line + 1))?;
        if completion.text != provider::answer(&request.prompt) {
            return Err(format!("prompt {} got another's answer", line + 1).into());
        }
    }
    Ok(())
}
