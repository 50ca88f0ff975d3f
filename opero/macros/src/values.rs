//! Values of parameters: literals are checked here, at their place; other expressions when the function is first called.

use std::time::Duration;

use opero_core::units;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Expr, ExprLit, ExprUnary, Lit, LitInt, LitStr, UnOp};

use crate::parameters::Parameter;

/// What a value can be by its looks.
pub(crate) enum Value<'a> {
    Number(f64),
    Text(&'a LitStr),
    Flag(bool),
    /// A number with a suffix that is no type of it, such as `1ms`.
    Unit,
    /// Anything that is not a literal.
    Expression(&'a Expr),
}

const SECONDS: &str = "give a number of seconds from 0 on, or a text like \"250ms\"";
const SIZES: &str = "give a number of bytes, or a text like \"512 MiB\"";
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
            Value::Text(text) if self.name == "cache" && is_backend(&text.value()) => {
                let text = text.value();
                let way_out = format!("write `true` or `false`, or `cache_backend = {text:?}`");
                Err(self.error("is not a flag", &way_out))
            }
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
            Value::Unit => return Err(self.plain_number()),
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
            Value::Unit => Err(self.plain_number()),
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
            Value::Unit => {
                let text = self.written();
                let quoted = units::duration(&text).is_ok().then_some(text);
                return Err(self.needs_quotes(quoted, SECONDS));
            }
            Value::Flag(_) => return Err(self.error("is not a duration", SECONDS)),
        };
        self.measured(&written, result, SECONDS, "s")
    }

    /// The time between two starts: a number of starts per second or a text, or an expression.
    pub(crate) fn rate(&self) -> syn::Result<Checked<Duration>> {
        let (written, result) = match self.value()? {
            Value::Number(number) => (number.to_string(), units::per_second(number)),
            Value::Text(text) => (format!("{:?}", text.value()), units::rate(&text.value())),
            Value::Expression(expression) => return Ok(Checked::Expression(quote!(#expression))),
            Value::Unit => {
                let (digits, suffix) = self.parts();
                let text = format!("{digits}/{suffix}");
                let quoted = units::rate(&text).is_ok().then_some(text);
                return Err(self.needs_quotes(quoted, RATES));
            }
            Value::Flag(_) => return Err(self.error("is not a rate", RATES)),
        };
        self.measured(&written, result, RATES, "/s")
    }

    /// A size: a whole number of bytes or a text, or an expression of type `u64`.
    pub(crate) fn bytes(&self) -> syn::Result<Checked<u64>> {
        const ZERO: (&str, &str) = (
            "is 0, which no worker could keep to",
            "give more, or leave it out for no limit",
        );
        let (written, result) = match self.value()? {
            Value::Text(text) => (format!("{:?}", text.value()), units::bytes(&text.value())),
            Value::Unit => {
                let text = self.written();
                let quoted = units::bytes(&text).is_ok().then_some(text);
                return Err(self.needs_quotes(quoted, SIZES));
            }
            Value::Flag(_) => return Err(self.error("is not a size", SIZES)),
            Value::Number(_) | Value::Expression(_) => return self.whole(1, u64::MAX, ZERO),
        };
        match result {
            Ok(0) => Err(self.error(ZERO.0, ZERO.1)),
            Ok(bytes) => Ok(Checked::Literal(bytes)),
            Err(problem) => {
                let problem = problem.split(';').next().unwrap_or(problem);
                Err(self.error(&format!("= {written} {problem}"), SIZES))
            }
        }
    }

    /// The value as it stands in the source.
    fn written(&self) -> String {
        self.value.to_token_stream().to_string().replace(' ', "")
    }

    /// The number and its unit, of a value such as `1ms`.
    fn parts(&self) -> (String, String) {
        let written = self.written();
        let end = written.find(|c: char| c.is_ascii_alphabetic());
        let (digits, suffix) = written.split_at(end.unwrap_or(written.len()));
        (digits.to_owned(), suffix.to_owned())
    }

    fn plain_number(&self) -> syn::Error {
        let (digits, suffix) = self.parts();
        let problem = format!("takes a plain number, without `{suffix}`");
        self.error(&problem, &format!("write {digits}"))
    }

    fn needs_quotes(&self, quoted: Option<String>, way_out: &str) -> syn::Error {
        let written = self.written();
        match quoted {
            Some(text) => self.error(
                &format!("= {written} needs quotes"),
                &format!("write {text:?}"),
            ),
            None => self.error(&format!("= {written} has an unknown unit"), way_out),
        }
    }

    fn measured(
        &self,
        written: &str,
        result: Result<Duration, &'static str>,
        way_out: &str,
        unit: &str,
    ) -> syn::Result<Checked<Duration>> {
        result.map(Checked::Literal).map_err(|problem| {
            let number = written.trim_matches('"');
            if number != written
                && number
                    .parse()
                    .is_ok_and(|number: f64| number.is_finite() && number >= 0.0)
            {
                let way_out = format!("drop the quotes, or write \"{number}{unit}\"");
                return self.error(&format!("= {written} has no unit"), &way_out);
            }
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
            Value::Unit => Ok(Value::Unit),
            _ => Ok(Value::Expression(value)),
        },
        Expr::Group(group) => look_at(&group.expr),
        other => Ok(Value::Expression(other)),
    }
}

fn literal(lit: &Lit) -> Result<Value<'_>, ()> {
    match lit {
        Lit::Int(int) if !is_typed(int) => Ok(Value::Unit),
        Lit::Float(float) if !matches!(float.suffix(), "" | "f32" | "f64") => Ok(Value::Unit),
        Lit::Int(int) => int.base10_parse().map(Value::Number).map_err(drop),
        Lit::Float(float) => float.base10_parse().map(Value::Number).map_err(drop),
        Lit::Str(text) => Ok(Value::Text(text)),
        Lit::Bool(flag) => Ok(Value::Flag(flag.value)),
        _ => Err(()),
    }
}

/// Does a text look like the name of a cache's backend?
fn is_backend(text: &str) -> bool {
    matches!(text, "memory" | "quick" | "disk" | "redb" | "redis") || text.contains("://")
}

/// Is a suffix a type that holds the number? A parser of digits alone would take `1ms` for 1.
fn is_typed(int: &LitInt) -> bool {
    match int.suffix() {
        "" | "f32" | "f64" => true,
        "u8" => int.base10_parse::<u8>().is_ok(),
        "u16" => int.base10_parse::<u16>().is_ok(),
        "u32" => int.base10_parse::<u32>().is_ok(),
        "u64" | "usize" => int.base10_parse::<u64>().is_ok(),
        "i32" => int.base10_parse::<i32>().is_ok(),
        "i64" => int.base10_parse::<i64>().is_ok(),
        _ => false,
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
mod tests;
