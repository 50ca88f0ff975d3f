//! The call policy: predicates, the keys of the limiter, and how values and errors become bytes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Expr;
use syn::spanned::Spanned;

use super::arguments::Arguments;
use super::expressions::{apply_to_attempt, rate_key};
use super::key::probe;
use crate::decorated::Decorated;
use crate::errors::Errors;
use crate::outcome::reference_in_value;
use crate::parameters::Parameter;
use crate::settings::Keys;
use crate::spans::{at, hidden};
use crate::values::Value;

/// Makes the builder's step that sets the call policy, where a parameter differs from the default.
pub(crate) fn policy(
    decorated: &Decorated<'_>,
    bytes: Option<&TokenStream>,
    errors: &mut Errors,
) -> TokenStream {
    const FUNCTIONS: [&str; 4] = ["retry_on", "retry_after", "fallback_on", "cache_if"];
    let runtime = decorated.runtime;
    let mut fields = Vec::new();
    for parameter in decorated.parameters.given(FUNCTIONS) {
        let name = &parameter.name;
        if let Some(value) = errors.take(predicate(parameter)) {
            fields.push(quote!(#name: ::core::option::Option::Some(#value)));
        }
    }
    if decorated
        .parameters
        .given(FUNCTIONS.into_iter().take(3))
        .next()
        .is_some()
    {
        let adapter = hidden("adapter");
        fields.push(quote! {
            rejected_as: {
                use #runtime::{RejectedAny as _, RejectedFrom as _};
                #runtime::Errors::of(#adapter).rejected_as()
            }
        });
    }
    if let Some(fallback_values) = decorated.arguments().fallback_values() {
        fields.push(quote!(fallback_values: ::core::option::Option::Some(#fallback_values)));
    }
    rate_policy(decorated, &mut fields, errors);
    if let Some(bytes) = bytes {
        fields.push(quote!(bytes: #bytes));
    }
    let codec = if decorated.settings.cache {
        codec(decorated)
    } else {
        None
    };
    if let Some(codec) = codec {
        fields.push(quote!(codec: #codec));
    }
    if fields.is_empty() {
        return TokenStream::new();
    }
    let share = share(decorated);
    // A closure: a call makes its policy anew where a stage asks for it.
    quote! {
        .with_policy(move || #runtime::PolicyFunctions {
            #(#fields,)*
            sharing: #runtime::ShareErrors::sharing(&#share),
            ..#runtime::PolicyFunctions::DEFAULT
        })
    }
}

/// How a failed call shares its error with the calls that wait for it.
pub(crate) fn share(decorated: &Decorated<'_>) -> TokenStream {
    let (runtime, adapter) = (decorated.runtime, hidden("adapter"));
    match decorated.settings.cache {
        true => quote! {{
            use #runtime::{ShareAny as _, ShareClone as _};
            #runtime::Errors::of(#adapter).share()
        }},
        false => quote!(#runtime::Unshared),
    }
}

/// How values become bytes: demanded, or taken where it is there.
fn codec(decorated: &Decorated<'_>) -> Option<TokenStream> {
    let (runtime, adapter) = (decorated.runtime, hidden("adapter"));
    match decorated.settings.keys {
        Keys::Local => None,
        Keys::Either if reference_in_value(&decorated.function.output).is_some() => None,
        Keys::Stable => {
            let place = decorated.function.output.span();
            Some(at(place, quote!(#runtime::stable_codec(#adapter))))
        }
        Keys::Either => Some(quote! {{
            use #runtime::{CodecAny as _, CodecSerde as _};
            #runtime::Values::of(#adapter).codec()
        }}),
    }
}

/// Returns `true` if the limiter or the cost depends on the fallback value.
pub(crate) fn has_rates_of_values(decorated: &Decorated<'_>) -> bool {
    let mut given = decorated.parameters.given(["rate_key", "rate_cost"]);
    decorated.fallback.is_some() && given.next().is_some()
}

/// Returns `true` if there is a `rate_key` that other processes may have to find.
pub(crate) fn has_stable_rate_key(decorated: &Decorated<'_>) -> bool {
    let is_keyed = decorated.settings.rate_limit && decorated.parameters.get("rate_key").is_some();
    is_keyed && decorated.settings.rate_keys != Keys::Local
}

fn rate_policy(decorated: &Decorated<'_>, fields: &mut Vec<TokenStream>, errors: &mut Errors) {
    if !decorated.settings.rate_limit {
        return;
    }
    let (runtime, arguments) = (decorated.runtime, decorated.arguments());
    let (shared, item, attempt) = (hidden("shared"), hidden("item"), hidden("attempt"));
    let (unpack, listed) = (arguments.unpack(), arguments.listed_value());
    let unpack = quote!(#unpack #listed);
    if let Some(parameter) = decorated.parameters.get("rate_key")
        && let Some(key) = errors.take(rate_key(&arguments, parameter, decorated.function))
    {
        // A hash of it means something in this process only.
        if decorated.settings.rate_keys != Keys::Stable {
            let hashed = at(parameter.span(), quote!(#runtime::rate_key(&#key)));
            fields.push(quote! {
                rate_key: ::core::option::Option::Some(|#shared, #item, #attempt| {
                    let _ = (#item, #attempt);
                    #unpack
                    #hashed
                })
            });
        }
        let out = hidden("out");
        let encoded = match decorated.settings.rate_keys {
            Keys::Local => None,
            Keys::Stable => Some(at(
                parameter.span(),
                quote!(#runtime::stable_rate_key(&#key, #out)),
            )),
            Keys::Either => Some(probe(decorated, &quote!(&#key))),
        };
        fields.extend(encoded.map(|encoded| {
            quote! {
                stable_rate_key: ::core::option::Option::Some(|#shared, #item, #attempt, #out| {
                    let _ = (#item, #attempt, &#out);
                    #unpack
                    #encoded
                })
            }
        }));
    }
    if let Some(parameter) = decorated.parameters.get("rate_cost")
        && let Some(cost) = errors.take(rate_cost(decorated, parameter, &arguments))
    {
        fields.push(quote! {
            rate_cost: ::core::option::Option::Some(|#shared, #item, #attempt| {
                let _ = (#item, #attempt);
                #unpack
                #cost
            })
        });
    }
}

fn rate_cost(
    decorated: &Decorated<'_>,
    parameter: &Parameter,
    arguments: &Arguments<'_>,
) -> syn::Result<TokenStream> {
    const ZERO: (&str, &str) = (
        "is zero, so the call would pass the limit by",
        "write at least 1, or leave it out",
    );
    let is_number = matches!(parameter.value()?, Value::Number(_) | Value::Unit);
    let cost = match is_number {
        true => parameter.whole(1, u32::MAX.into(), ZERO)?.literal(),
        false => None,
    };
    let Some(cost) = cost.and_then(|cost| u32::try_from(cost).ok()) else {
        return apply_to_attempt(arguments, parameter);
    };
    if let Some(burst) = decorated.settings.burst.filter(|burst| *burst < cost) {
        let problem = format!("is {cost} and `rate_burst` is {burst}, so no call could ever start");
        return Err(parameter.error(&problem, &format!("raise `rate_burst` to at least {cost}")));
    }
    Ok(quote!(#cost))
}

/// Reads a predicate: a closure, or what may be the path of a function.
fn predicate(parameter: &Parameter) -> syn::Result<&Expr> {
    let seen = match parameter.name == "cache_if" {
        true => "value",
        false => "error",
    };
    let kind = match parameter.name == "retry_after" {
        true => "function",
        false => "predicate",
    };
    match parameter.value() {
        Ok(Value::Expression(expression)) => Ok(expression),
        _ => Err(syn::Error::new(
            parameter.span(),
            format!(
                "`{}` is a {kind} on the {seen}, as in `|{seen}| …` or a path; it captures nothing",
                parameter.name
            ),
        )),
    }
}
