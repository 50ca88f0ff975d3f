//! `on_error`, where it is a literal: the rules that `OnError` reads from a text, read when the
//! program is compiled.

use proc_macro2::TokenStream;
use quote::quote;

use crate::parameters::Parameter;
use crate::values::Value;

const WAYS: &str = "write \"collect\", \"stop\", \"stop after 10\" or \"stop above 5%\"";

/// All, in the unit of a share.
const ALL: f64 = 1_000_000.0;

/// The rule as an expression.
pub(crate) fn read(parameter: &Parameter, runtime: &TokenStream) -> syn::Result<TokenStream> {
    match parameter.value()? {
        Value::Text(text) => {
            let rule = rule(&text.value(), runtime)
                .map_err(|(problem, way_out)| parameter.error(&problem, way_out.unwrap_or(WAYS)))?;
            Ok(quote!(#runtime::OnError::#rule))
        }
        Value::Expression(expression) => Ok(quote!(#expression)),
        _ => Err(parameter.error("is not a text", WAYS)),
    }
}

type Wrong = (String, Option<&'static str>);

fn rule(text: &str, runtime: &TokenStream) -> Result<TokenStream, Wrong> {
    let unknown = || (format!("is {text:?}"), None);
    let words: Vec<_> = text.split_whitespace().collect();
    match words[..] {
        ["collect"] => Ok(quote!(Collect)),
        ["stop"] => Ok(quote!(Stop)),
        ["stop", "after", failures] => match failures.parse::<u64>() {
            Ok(0) => Err((
                format!("is {text:?}, so no item could ever run"),
                Some("write \"stop\" for the first failure, or a number from 1"),
            )),
            Ok(failures) => Ok(quote!(StopAfter(#failures))),
            Err(_) => Err(unknown()),
        },
        ["stop", "above", share] => {
            stop_above(share.strip_suffix('%').ok_or_else(unknown)?, runtime).ok_or_else(unknown)?
        }
        ["stop", "above", number, "%"] => stop_above(number, runtime).ok_or_else(unknown)?,
        _ => Err(unknown()),
    }
}

/// `None`: it is no number.
fn stop_above(percent: &str, runtime: &TokenStream) -> Option<Result<TokenStream, Wrong>> {
    let percent: f64 = percent.parse().ok()?;
    let millionths = (percent * ALL / 100.0).round();
    if !(0.0..ALL).contains(&millionths) {
        return Some(Err((
            format!("has a share of {percent}%"),
            Some(
                "give a share from 0% to less than 100%, or write \"collect\" to stop for no failure",
            ),
        )));
    }
    let millionths = millionths as u32;
    Some(Ok(
        quote!(StopAbove(#runtime::Share::millionths(#millionths))),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_a_run_reads_them() {
        for (text, read) in [
            ("collect", "Collect"),
            ("stop", "Stop"),
            ("stop  after 10", "StopAfter (10u64)"),
            (
                "stop above 2.5%",
                "StopAbove (runtime :: Share :: millionths (25000u32))",
            ),
            (
                "stop above 5 %",
                "StopAbove (runtime :: Share :: millionths (50000u32))",
            ),
        ] {
            assert_eq!(
                rule(text, &quote!(runtime)).unwrap().to_string(),
                read,
                "{text}"
            );
        }
        for bad in [
            "",
            "halt",
            "stop after",
            "stop after 0",
            "stop after -1",
            "stop above 5",
            "stop above 100%",
            "stop above NaN%",
            "stop above x %",
        ] {
            assert!(rule(bad, &quote!(runtime)).is_err(), "{bad}");
        }
    }
}
