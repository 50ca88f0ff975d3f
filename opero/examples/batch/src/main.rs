//! A batch of completions against a metered, unreliable provider: cache, retries, fallback, rate limit and a parallel
//! map in one attribute, in this process or in worker processes, and after a kill only what is missing.
//!
//! ```sh
//! cargo run -p batch                                            # --help lists the options
//! cargo run -p batch --features redb -- --cache redb            # a second run asks for nothing
//! cargo run -p batch -- --mode process --resume answers.journal # kill it, and run it again
//! ```
//!
//! The provider is a real HTTP server that this program starts beside itself. Its two API keys may start twenty
//! requests a second each, its larger model has an outage, and now and then it fails or dawdles. Every prompt gets
//! its answer all the same; a second pass over the same prompts gets them from the cache. With `--cache disk`, `redb`,
//! `redis` or `memory+redis`, and the feature of that name, a second run of this program gets all of them from there, and the
//! provider hears nothing of it.
//! With `--resume FILE` each answer is recorded before it is told, and whatever ends the program, the next run with that
//! file asks only for the rest.

mod client;
mod options;
mod outages;
mod pass;
mod provider;
mod summary;

use std::error::Error;
use std::process::ExitCode;

use client::{ApiError, ApiKey, Completion, Request};
use opero::operomap;
use options::Options;
use outages::Outages;
use pass::Pass;
use provider::{Provider, Terms};

#[operomap(
    cache_backend = options::cache_backend(),
    cache_key = |request| &request.prompt, // the same answer, whichever key and model it comes from
    retries = 8,
    retry_on = ApiError::is_transient,
    retry_after = ApiError::retry_after,
    attempt_timeout = "1s",
    fallback_on = ApiError::is_the_models,
    rate_limit = 20,
    rate_burst = 8, // more than the provider likes: it says so, and is heard
    rate_key = |request| &request.api_key,
    mode = "process", // so that it can; each run says which
    resume_version = 1,
    ctrl_c = true, // the first one finishes what is in flight
)]
async fn complete(
    request: Request,
    #[fallback("large", "small")] model: &str,
) -> Result<Completion, opero::Error<ApiError>> {
    // In the modes with processes this line runs in a worker, and everything above it here.
    Ok(client::post(&request, model).await?)
}

// A worker is this program started afresh: in it, `main` does not get as far as its body.
#[opero::main]
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
    if options.help {
        println!("{}", Options::USAGE);
        return Ok(());
    }
    let prompts = options.prompts()?;
    let terms = Terms {
        seed: options.seed,
        ..Terms::default()
    };
    let (url, provider) = match &options.provider {
        Some(url) => (url.clone(), None),
        None => {
            let provider = Provider::start(terms).await?;
            (provider.url.clone(), Some(provider))
        }
    };
    let outages = Outages::watch();
    let requests = requests(&prompts, &url);

    let mut passes = Vec::new();
    for number in 1..=options.passes() {
        let before = provider.as_ref().map(|provider| provider.served().requests);
        let pass = Pass::run(&requests, &options).await?;
        if !options.json {
            summary::print_pass(
                number,
                &options,
                &pass.report,
                provider.as_ref().zip(before),
            );
        }
        let go_on = pass.verdict.is_ok();
        passes.push(pass);
        if !go_on {
            break;
        }
    }
    match options.json {
        true => summary::print_json(&passes, provider.as_ref(), &outages),
        false => summary::print(provider.as_ref(), &outages),
    }
    if let (Some(file), Some(first)) = (&options.report, passes.first()) {
        let written = first.report.write_html(file);
        written.map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(passes.into_iter().try_for_each(|pass| pass.verdict)?)
}

/// One request for each prompt; the two keys take turns.
fn requests(prompts: &[String], url: &str) -> Vec<Request> {
    let keys = provider::behaviour::KEYS.iter().cycle();
    let requests = prompts.iter().zip(keys).map(|(prompt, key)| Request {
        url: url.to_owned(),
        api_key: ApiKey((*key).to_owned()),
        prompt: prompt.clone(),
    });
    requests.collect()
}
