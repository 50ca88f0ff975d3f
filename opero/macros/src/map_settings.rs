//! The parameters of `#[operomap]` that become a `MapConfig`.

use std::time::Duration;

use opero_core::parameters::RUN;
use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

use crate::errors::Errors;
use crate::mode::Mode;
use crate::on_error;
use crate::parameters::{Parameter, Parameters};
use crate::settings::Settings;
use crate::signature::Function;
use crate::values::{Checked, Value, duration_tokens};

/// The `MapConfig` as an expression.
pub(crate) fn read(
    parameters: &Parameters,
    function: &Function,
    settings: &mut Settings,
    runtime: &TokenStream,
    errors: &mut Errors,
) -> TokenStream {
    let mut fields = Vec::new();
    if let Some(parameter) = parameters.get("mode") {
        errors.take(check_mode(parameter, function, settings));
        let mode = &parameter.value;
        fields.push(quote!(mode: ::core::option::Option::Some(::core::convert::Into::into(#mode))));
    }
    for (name, most, zero) in WHOLE {
        if let Some(parameter) = parameters.get(name) {
            let name = &parameter.name;
            let number = errors.take(parameter.whole(1, most, zero)).map(whole);
            fields.push(quote!(#name: ::core::option::Option::Some(#number)));
        }
    }
    for parameter in parameters.given(["worker_memory", "worker_recycle_above"]) {
        let name = &parameter.name;
        let bytes = errors.take(parameter.bytes()).map(whole);
        fields.push(quote!(#name: ::core::option::Option::Some(#bytes)));
    }
    let flags = RUN.iter().filter(|parameter| parameter.is_flag);
    for parameter in parameters.given(flags.map(|flag| flag.name)) {
        let name = &parameter.name;
        let value = errors.take(parameter.flag());
        fields.push(if name == "ctrl_c" {
            quote!(#name: ::core::option::Option::Some(#value))
        } else {
            quote!(#name: #value)
        });
    }
    if let Some(parameter) = parameters.get("item_timeout")
        && let Some(limit) = errors.take(item_timeout(parameter, parameters, function))
    {
        fields.push(quote!(item_timeout: ::core::option::Option::Some(#limit)));
    }
    if let Some(parameter) = parameters.get("on_error")
        && let Some(on_error) = errors.take(on_error::read(parameter, runtime))
    {
        fields.push(quote!(on_error: #on_error));
    }
    read_resume(parameters, settings, &mut fields, errors);
    check_worker(parameters, settings, errors);
    quote!(#runtime::MapConfig { #(#fields,)* ..#runtime::map_config() })
}

/// Whole numbers from 1: the name, the most, and what is wrong with 0.
const WHOLE: [(&str, u64, (&str, &str)); 3] = [
    // The most that a run accepts.
    (
        "workers",
        65_536,
        ("is 0, so no item could ever run", OR_LEAVE_OUT),
    ),
    (
        "worker_in_flight",
        65_536,
        ("is 0, so no item could ever run", OR_LEAVE_OUT),
    ),
    (
        "worker_recycle_after",
        u64::MAX,
        (
            "is 0, so no worker could ever run an item",
            "give at least 1, or leave it out for no limit",
        ),
    ),
];

const OR_LEAVE_OUT: &str = "give at least 1, or leave it out for the default";

fn whole(number: Checked<u64>) -> TokenStream {
    match number {
        Checked::Literal(number) => Literal::u64_unsuffixed(number).into_token_stream(),
        Checked::Expression(number) => number,
    }
}

fn check_mode(
    parameter: &Parameter,
    function: &Function,
    settings: &mut Settings,
) -> syn::Result<()> {
    let Value::Text(text) = parameter.value()? else {
        return Ok(());
    };
    let mode = text.value();
    match (mode.as_str(), function.is_async()) {
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
        ("process" | "async_process", _) => settings.need("MAP_PROCESS", parameter.span()),
        // Another name may be an executor of the user's: it is looked up when the run begins.
        _ => {}
    }
    Ok(())
}

fn item_timeout(
    parameter: &Parameter,
    parameters: &Parameters,
    function: &Function,
) -> syn::Result<TokenStream> {
    if !function.is_async() && !Mode::may_stop(parameters) {
        let problem = "is set for a synchronous function, and nothing can stop a thread";
        let way_out =
            "leave it out, make the function async, or run it in processes (`mode = \"process\"`)";
        return Err(parameter.error(problem, way_out));
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

/// `resume` and its sisters.
fn read_resume(
    parameters: &Parameters,
    settings: &mut Settings,
    fields: &mut Vec<TokenStream>,
    errors: &mut Errors,
) {
    for parameter in parameters.about("resume") {
        settings.need("MAP_JOURNAL", parameter.span());
    }
    if let Some(parameter) = parameters.get("resume") {
        match parameter.value() {
            Ok(Value::Text(path)) if path.value().is_empty() => {
                errors.push(parameter.error("is an empty path", "give the path of a file"));
            }
            Ok(Value::Text(_) | Value::Expression(_)) => {
                let path = &parameter.value;
                fields.push(quote!(resume: ::core::option::Option::Some(::core::convert::Into::into(#path))));
            }
            Ok(_) => errors.push(parameter.error(
                "is no path",
                "give the path of a file, as a text or an expression",
            )),
            Err(error) => errors.push(error),
        }
    }
    if let Some(parameter) = parameters.get("resume_name") {
        match parameter.value() {
            Ok(Value::Text(name)) if name.value().is_empty() => errors.push(parameter.error(
                "is empty",
                "give a name that no other function has, or leave it out",
            )),
            Ok(Value::Text(_) | Value::Expression(_)) => {
                let name = &parameter.value;
                fields.push(quote!(resume_name: ::core::option::Option::Some(::std::string::ToString::to_string(&#name))));
            }
            Ok(_) => errors.push(parameter.error("is no name", "give a text")),
            Err(error) => errors.push(error),
        }
    }
    if let Some(parameter) = parameters.get("resume_version") {
        match parameter.value() {
            Ok(Value::Text(_) | Value::Number(_) | Value::Expression(_)) => {
                let version = &parameter.value;
                fields.push(quote!(resume_version: ::std::string::ToString::to_string(&#version)));
            }
            Ok(_) => errors.push(parameter.error("is no version", "give a number or a text")),
            Err(error) => errors.push(error),
        }
    }
}

/// What is about worker processes has no place where there can be none.
fn check_worker(parameters: &Parameters, settings: &mut Settings, errors: &mut Errors) {
    for parameter in parameters.about("worker_") {
        settings.need("MAP_PROCESS", parameter.name.span());
        if Mode::of(parameters) == Mode::Here {
            let name = &parameter.name;
            errors.at(
                name.span(),
                format!("`{name}` is about worker processes, and `mode` does not name them: write `mode = \"process\"`, or remove it"),
            );
        }
    }
    if let Some(parameter) = parameters.get("worker_init")
        && !matches!(parameter.value(), Ok(Value::Expression(_)))
    {
        errors.push(parameter.error("is no function", "give the path of a `fn()`"));
    }
}
