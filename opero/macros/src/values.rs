//! Values of parameters: literals are checked here, at their place; other expressions when the function is first called.

use std::time::Duration;

use opero_core::units;
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Expr, ExprLit, ExprUnary, Lit, LitStr, UnOp};

use crate::parameters::Parameter;

/// What a value can be by its looks.
pub(crate) enum Value<'a> {
    Number(f64),
    Text(&'a LitStr),
    Flag(bool),
    /// Anything that is not a literal.
    Expression(&'a Expr),
}

const SECONDS: &str = "give a number of seconds from 0 on, or a text like \"250ms\"";
const RATES: &str = "give a number of starts per second above 0, or a text like \"100/min\"";

impl Parameter {
    /// The value by its looks.
    pub(crate) fn value(&self) -> syn::Result<Value<'_>> {
        let Some(value) = &self.value else {
            return Ok(Value::Flag(true));
        };
        look_at(value).map_err(|()| {
            self.error(
                "is not a value of this parameter",
                "see the table of parameters",
            )
        })
    }

    /// `true` or `false`, as a literal: the expansion depends on it.
    pub(crate) fn flag(&self) -> syn::Result<bool> {
        match self.value()? {
            Value::Flag(flag) => Ok(flag),
            _ => Err(self.error("is not a flag", "write `true` or `false`")),
        }
    }

    /// A text, as a literal.
    pub(crate) fn text(&self) -> syn::Result<&LitStr> {
        match self.value()? {
            Value::Text(text) => Ok(text),
            _ => Err(self.error("is not a text", "write it in quotes")),
        }
    }

    /// The expression, for parameters that are one.
    pub(crate) fn expression(&self) -> syn::Result<&Expr> {
        self.value
            .as_ref()
            .ok_or_else(|| self.error("has no value", "write `= …`"))
    }

    /// A whole number from `least` to `most`, or an expression of that type.
    pub(crate) fn whole(
        &self,
        least: u64,
        most: u64,
        zero: (&str, &str),
    ) -> syn::Result<Checked<u64>> {
        let number = match self.value()? {
            Value::Number(number) => number,
            Value::Expression(expression) => return Ok(Checked::Expression(quote!(#expression))),
            Value::Text(_) | Value::Flag(_) => {
                return Err(self.error("is not a number", "write a whole number"));
            }
        };
        let way_out = format!("write a whole number from {least} to {most}");
        if number < 0.0 {
            return Err(self.error("is negative", &way_out));
        }
        if number < least as f64 {
            return Err(self.error(zero.0, zero.1));
        }
        // Parsed again as what it is: a float has no more than 53 bits.
        match &self.value {
            Some(Expr::Lit(ExprLit {
                lit: Lit::Int(int), ..
            })) => match int.base10_parse::<u64>() {
                Ok(int) if int <= most => Ok(Checked::Literal(int)),
                _ => Err(self.error("is too large", &way_out)),
            },
            _ => Err(self.error("is not a whole number", &way_out)),
        }
    }

    /// A number, or an expression of type `f64`.
    pub(crate) fn number(&self) -> syn::Result<Checked<f64>> {
        match self.value()? {
            Value::Number(number) => Ok(Checked::Literal(number)),
            Value::Expression(expression) => Ok(Checked::Expression(quote!(#expression))),
            Value::Text(_) | Value::Flag(_) => {
                Err(self.error("is not a number", "write one such as 1.5"))
            }
        }
    }

    /// A duration: a number of seconds or a human text, or an expression that is one of them or a `Duration`.
    pub(crate) fn time(&self) -> syn::Result<Checked<Duration>> {
        let (written, result) = match self.value()? {
            Value::Number(number) => (number.to_string(), units::seconds(number)),
            Value::Text(text) => (
                format!("{:?}", text.value()),
                units::duration(&text.value()),
            ),
            Value::Expression(expression) => return Ok(Checked::Expression(quote!(#expression))),
            Value::Flag(_) => return Err(self.error("is not a duration", SECONDS)),
        };
        self.measured(&written, result, SECONDS)
    }

    /// The time between two starts: a number of starts per second or a text, or an expression.
    pub(crate) fn rate(&self) -> syn::Result<Checked<Duration>> {
        let (written, result) = match self.value()? {
            Value::Number(number) => (number.to_string(), units::per_second(number)),
            Value::Text(text) => (format!("{:?}", text.value()), units::rate(&text.value())),
            Value::Expression(expression) => return Ok(Checked::Expression(quote!(#expression))),
            Value::Flag(_) => return Err(self.error("is not a rate", RATES)),
        };
        self.measured(&written, result, RATES)
    }

    fn measured(
        &self,
        written: &str,
        result: Result<Duration, &'static str>,
        way_out: &str,
    ) -> syn::Result<Checked<Duration>> {
        result.map(Checked::Literal).map_err(|problem| {
            // The helpers' own advice stands after a semicolon; here the way out says it.
            let problem = problem.split(';').next().unwrap_or(problem);
            self.error(&format!("= {written} {problem}"), way_out)
        })
    }
}

/// A value that was checked, or an expression whose value shows at the first call.
#[derive(Clone)]
pub(crate) enum Checked<T> {
    Literal(T),
    Expression(TokenStream),
}

impl<T: Copy> Checked<T> {
    pub(crate) fn literal(&self) -> Option<T> {
        match self {
            Self::Literal(value) => Some(*value),
            Self::Expression(_) => None,
        }
    }
}

/// A literal, possibly negative, or an expression.
fn look_at(value: &Expr) -> Result<Value<'_>, ()> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => literal(lit),
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => match look_at(expr)? {
            Value::Number(number) => Ok(Value::Number(-number)),
            _ => Ok(Value::Expression(value)),
        },
        Expr::Group(group) => look_at(&group.expr),
        other => Ok(Value::Expression(other)),
    }
}

fn literal(lit: &Lit) -> Result<Value<'_>, ()> {
    match lit {
        Lit::Int(int) => int.base10_parse().map(Value::Number).map_err(drop),
        Lit::Float(float) => float.base10_parse().map(Value::Number).map_err(drop),
        Lit::Str(text) => Ok(Value::Text(text)),
        Lit::Bool(flag) => Ok(Value::Flag(flag.value)),
        _ => Err(()),
    }
}

/// A duration as an expression.
pub(crate) fn duration_tokens(duration: Duration) -> TokenStream {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    quote!(::core::time::Duration::new(#seconds, #nanos))
}

/// The place of the whole attribute.
pub(crate) fn here() -> Span {
    Span::call_site()
}

#[cfg(test)]
mod tests {
    use crate::errors::Errors;
    use crate::parameters::Parameters;
    use crate::settings::Settings;

    fn problems(text: &str) -> Vec<String> {
        let mut errors = Errors::default();
        match syn::parse_str::<Parameters>(text) {
            Ok(parameters) => drop(Settings::read(&parameters, &mut errors)),
            Err(error) => errors.push(error),
        }
        let error = errors.finish().err();
        error
            .into_iter()
            .flatten()
            .map(|error| error.to_string())
            .collect()
    }

    #[test]
    fn good_values_pass() {
        for good in [
            "",
            "cache, jitter = false,",
            "cache_ttl = \"forever\", cache_capacity = 1",
            "retries = MAX, min_delay = DELAY, backoff_factor = 1",
            "min_delay = 0.25, max_delay = \"1h 5m\"",
            "rate_limit = \"100/min\", rate_burst = 100, rate_max_wait = 0",
        ] {
            assert_eq!(problems(good), [""; 0], "{good}");
        }
    }

    #[test]
    fn every_bad_value_is_named_and_all_at_once() {
        let found = problems(
            "min_delay = -1, backoff_factor = 0, retries = 1.5, cache_capacity = 0, rate_limit = 0",
        );
        let names = [
            "cache_capacity",
            "retries",
            "backoff_factor",
            "min_delay",
            "rate_limit",
        ];
        assert_eq!(found.len(), names.len(), "{found:?}");
        for (problem, name) in found.iter().zip(names) {
            assert!(problem.starts_with(&format!("`{name}`")), "{problem}");
        }
    }

    #[test]
    fn a_rate_that_the_limiter_would_refuse_is_refused_here() {
        assert_eq!(
            problems("rate_limit = \"1/d\", rate_burst = 26_000").len(),
            0
        );
        assert_eq!(
            problems("rate_limit = \"1/d\", rate_burst = 27_000").len(),
            1
        );
    }
}
