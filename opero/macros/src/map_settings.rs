//! The parameters of `#[operomap]` that become a `MapConfig`.

use std::time::Duration;

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

use crate::errors::Errors;
use crate::parameters::{Parameter, Parameters};
use crate::settings::Settings;
use crate::signature::Function;
use crate::values::{Checked, Value, duration_tokens, here};

/// The `MapConfig` as an expression.
pub(crate) fn read(
    parameters: &Parameters,
    function: &Function,
    settings: &mut Settings,
    door: &TokenStream,
    errors: &mut Errors,
) -> TokenStream {
    let mut fields = Vec::new();
    match parameters.get("mode") {
        Some(parameter) => {
            errors.take(check_mode(parameter, function, settings));
            let mode = &parameter.value;
            fields.push(
                quote!(mode: ::core::option::Option::Some(::core::convert::Into::into(#mode))),
            );
        }
        None if function.is_async() => settings.need("MAP_ASYNC", here()),
        None => settings.need("MAP_THREAD", here()),
    }
    if let Some(parameter) = parameters.get("workers") {
        let zero = (
            "is 0, so no item could ever run",
            "give at least 1, or leave it out for the default",
        );
        let workers = match errors.take(parameter.whole(1, MAX_WORKERS, zero)) {
            Some(Checked::Literal(workers)) => Literal::u64_unsuffixed(workers).into_token_stream(),
            Some(Checked::Expression(workers)) => workers,
            None => TokenStream::new(),
        };
        fields.push(quote!(workers: ::core::option::Option::Some(#workers)));
    }
    for parameter in parameters.given(&["ordered", "progress"]) {
        let name = &parameter.name;
        let value = errors.take(parameter.flag());
        fields.push(quote!(#name: #value));
    }
    if let Some(parameter) = parameters.get("item_timeout")
        && let Some(limit) = errors.take(item_timeout(parameter, function))
    {
        fields.push(quote!(item_timeout: ::core::option::Option::Some(#limit)));
    }
    if let Some(parameter) = parameters.get("on_error")
        && let Some(on_error) = errors.take(on_error(parameter, door))
    {
        fields.push(quote!(on_error: #on_error));
    }
    quote!(#door::MapConfig { #(#fields,)* ..#door::map_config() })
}

/// The largest number of workers that a run accepts.
const MAX_WORKERS: u64 = 65_536;

fn check_mode(
    parameter: &Parameter,
    function: &Function,
    settings: &mut Settings,
) -> syn::Result<()> {
    let Value::Text(text) = parameter.value()? else {
        settings.need("MAP_ASYNC_OR_MAP_THREAD", parameter.span());
        return Ok(());
    };
    let mode = text.value();
    match (mode.as_str(), function.is_async()) {
        ("async", true) => settings.need("MAP_ASYNC", parameter.span()),
        ("thread", false) => settings.need("MAP_THREAD", parameter.span()),
        ("async", false) => {
            return Err(parameter.error(
                "is `async`, which cannot run a synchronous function",
                "use `thread`, leave it out, or make the function async",
            ));
        }
        ("thread", true) => {
            return Err(parameter.error(
                "is `thread`, which cannot run an async function",
                "use `async`, leave it out, or make the function synchronous",
            ));
        }
        ("process" | "async_process", _) => {
            return Err(parameter.error(
                &format!("is `{mode}`, which needs the Cargo feature `map-process`, and this version does not have it yet"),
                "use `thread` for a `fn` or `async` for an `async fn`",
            ));
        }
        // Somebody's own executor: it is looked up when the run begins.
        _ => settings.need("MAP_ASYNC_OR_MAP_THREAD", parameter.span()),
    }
    Ok(())
}

fn item_timeout(parameter: &Parameter, function: &Function) -> syn::Result<TokenStream> {
    if !function.is_async() {
        let problem = "is set for a synchronous function, and nothing can stop a thread";
        return Err(parameter.error(problem, "leave it out, or make the function async"));
    }
    match parameter.time()? {
        Checked::Literal(Duration::ZERO) => {
            let way_out = "give a longer time, or leave it out for no limit";
            Err(parameter.error("is zero, so no item could ever succeed", way_out))
        }
        Checked::Literal(limit) => Ok(duration_tokens(limit)),
        Checked::Expression(limit) => Ok(limit),
    }
}

fn on_error(parameter: &Parameter, door: &TokenStream) -> syn::Result<TokenStream> {
    match parameter.value()? {
        Value::Text(text) => match text.value().as_str() {
            "collect" => Ok(quote!(#door::OnError::Collect)),
            "stop" => Ok(quote!(#door::OnError::Stop)),
            other => {
                Err(parameter.error(&format!("is {other:?}"), "write \"collect\" or \"stop\""))
            }
        },
        Value::Expression(expression) => Ok(quote!(#expression)),
        _ => Err(parameter.error("is not a text", "write \"collect\" or \"stop\"")),
    }
}
