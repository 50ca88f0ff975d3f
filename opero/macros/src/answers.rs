//! The predicates and the keys of the limiter: what a decorated function answers to the stages' questions.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Expr;
use syn::spanned::Spanned;

use crate::errors::Errors;
use crate::outcome::reference_in_value;
use crate::parameters::Parameter;
use crate::recipe::Plan;
use crate::scope::{Scope, hidden};
use crate::settings::Keys;
use crate::spans::at;
use crate::values::Value;

impl Plan<'_> {
    /// The step of the recipe that answers the stages' questions, where a parameter says something to them.
    pub(crate) fn answers(&self, bytes: Option<&TokenStream>, errors: &mut Errors) -> TokenStream {
        const FUNCTIONS: [&str; 4] = ["retry_on", "retry_after", "fallback_on", "cache_if"];
        let door = self.door;
        let mut answers = Vec::new();
        for parameter in self.parameters.given(&FUNCTIONS) {
            let name = &parameter.name;
            if let Some(value) = errors.take(predicate(parameter)) {
                answers.push(quote!(#name: ::core::option::Option::Some(#value)));
            }
        }
        if self.parameters.given(&FUNCTIONS[..3]).next().is_some() {
            let adapter = hidden("adapter");
            answers.push(quote! {
                rejected_as: {
                    use #door::{RejectedAny as _, RejectedFrom as _};
                    #door::Errors::of(#adapter).rejected_as()
                }
            });
        }
        if let Some(fallback_values) = self.scope().fallback_values() {
            answers.push(quote!(fallback_values: ::core::option::Option::Some(#fallback_values)));
        }
        self.rate_answers(&mut answers, errors);
        if let Some(bytes) = bytes {
            answers.push(quote!(bytes: #bytes));
        }
        let codec = if self.settings.cache {
            self.codec()
        } else {
            None
        };
        if let Some(codec) = codec {
            answers.push(quote!(codec: #codec));
        }
        if answers.is_empty() {
            return TokenStream::new();
        }
        let share = self.share();
        // A closure: a call makes its answers anew, where a stage asks.
        quote! {
            .answering(move || #door::Answers {
                #(#answers,)*
                sharing: #door::ShareErrors::sharing(&#share),
                ..#door::Answers::DEFAULT
            })
        }
    }

    /// How a failed call shares its error with the calls that wait for it.
    pub(crate) fn share(&self) -> TokenStream {
        let (door, adapter) = (self.door, hidden("adapter"));
        match self.settings.cache {
            true => quote! {{
                use #door::{ShareAny as _, ShareClone as _};
                #door::Errors::of(#adapter).share()
            }},
            false => quote!(#door::Unshared),
        }
    }

    /// How values become bytes: demanded, or taken where it is there.
    fn codec(&self) -> Option<TokenStream> {
        let (door, adapter) = (self.door, hidden("adapter"));
        match self.settings.keys {
            Keys::Local => None,
            Keys::Either if reference_in_value(&self.function.output).is_some() => None,
            Keys::Stable => {
                let place = self.function.output.span();
                Some(at(place, quote!(#door::stable_codec(#adapter))))
            }
            Keys::Either => Some(quote! {{
                use #door::{CodecAny as _, CodecSerde as _};
                #door::Values::of(#adapter).codec()
            }}),
        }
    }

    /// Returns `true` if the limiter or the cost depends on the fallback value.
    pub(crate) fn has_rates_of_values(&self) -> bool {
        let mut given = self.parameters.given(&["rate_key", "rate_cost"]);
        self.fallback.is_some() && given.next().is_some()
    }

    /// Is there a `rate_key` that other processes may have to find?
    pub(crate) fn has_stable_rate_key(&self) -> bool {
        let is_keyed = self.settings.rate_limit && self.parameters.get("rate_key").is_some();
        is_keyed && self.settings.rate_keys != Keys::Local
    }

    fn rate_answers(&self, answers: &mut Vec<TokenStream>, errors: &mut Errors) {
        if !self.settings.rate_limit {
            return;
        }
        let (door, scope) = (self.door, self.scope());
        let (shared, item, attempt) = (hidden("shared"), hidden("item"), hidden("attempt"));
        let (unpack, listed) = (scope.unpack(), scope.listed_value());
        let unpack = quote!(#unpack #listed);
        if let Some(parameter) = self.parameters.get("rate_key")
            && let Some(key) = errors.take(scope.rate_key(parameter, self.function))
        {
            // A hash of it means something in this process only.
            if self.settings.rate_keys != Keys::Stable {
                let hashed = at(parameter.span(), quote!(#door::rate_key(&#key)));
                answers.push(quote! {
                    rate_key: ::core::option::Option::Some(|#shared, #item, #attempt| {
                        let _ = (#item, #attempt);
                        #unpack
                        #hashed
                    })
                });
            }
            let out = hidden("out");
            let encoded = match self.settings.rate_keys {
                Keys::Local => None,
                Keys::Stable => Some(at(
                    parameter.span(),
                    quote!(#door::stable_rate_key(&#key, #out)),
                )),
                Keys::Either => Some(self.probe(&quote!(&#key))),
            };
            answers.extend(encoded.map(|encoded| {
                quote! {
                    stable_rate_key: ::core::option::Option::Some(|#shared, #item, #attempt, #out| {
                        let _ = (#item, #attempt, &#out);
                        #unpack
                        #encoded
                    })
                }
            }));
        }
        if let Some(parameter) = self.parameters.get("rate_cost")
            && let Some(cost) = errors.take(self.rate_cost(parameter, &scope))
        {
            answers.push(quote! {
                rate_cost: ::core::option::Option::Some(|#shared, #item, #attempt| {
                    let _ = (#item, #attempt);
                    #unpack
                    #cost
                })
            });
        }
    }

    fn rate_cost(&self, parameter: &Parameter, scope: &Scope<'_>) -> syn::Result<TokenStream> {
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
            return scope.apply_to_attempt(parameter);
        };
        if let Some(burst) = self.settings.burst.filter(|burst| *burst < cost) {
            let problem =
                format!("is {cost} and `rate_burst` is {burst}, so no call could ever start");
            return Err(
                parameter.error(&problem, &format!("raise `rate_burst` to at least {cost}"))
            );
        }
        Ok(quote!(#cost))
    }
}

/// A predicate: whatever may be the path of a function, or a closure.
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
