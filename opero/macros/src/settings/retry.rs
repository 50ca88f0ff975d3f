//! The parameters of retry and timeout.

use std::time::Duration;

use quote::quote;
use syn::spanned::Spanned;

use super::Settings;
use crate::errors::Errors;
use crate::parameters::{Parameter, Parameters};
use crate::values::Checked;

impl Settings {
    pub(super) fn read_retry(&mut self, parameters: &Parameters, errors: &mut Errors) {
        if let Some(retries) = parameters.get("retries") {
            let value = errors.take(retries.whole(0, u32::MAX.into(), ("", "")));
            if value.as_ref().and_then(Checked::literal) != Some(0) {
                self.need("RETRY", retries.span());
            }
            // Any number of retries is right, so an expression cannot be rejected.
            let rejecting = self.rejecting;
            self.set_whole("retries", value);
            self.rejecting = rejecting;
        }
        if let Some(factor) = parameters.get("backoff_factor") {
            errors.take(self.read_factor(factor));
        }
        if let Some(jitter) = parameters.get("jitter") {
            let value = errors.take(jitter.flag());
            self.set("jitter", quote!(#value));
        }
        self.read_delays(parameters, errors);
        if let Some(limit) = parameters.get("max_elapsed")
            && let Some(value) = errors.take(limit.time())
        {
            self.set_time("max_elapsed", value, true);
        }
        if let Some(limit) = parameters.get("attempt_timeout") {
            self.rejects(limit.name.span());
            self.need("RETRY", limit.span());
            match errors.take(limit.time()) {
                Some(Checked::Literal(Duration::ZERO)) => errors.push(limit.error(
                    "is zero, so no attempt could ever finish",
                    "write a longer time, or leave it out for no limit",
                )),
                Some(value) => self.set_time("attempt_timeout", value, true),
                None => {}
            }
        }
    }

    fn read_factor(&mut self, factor: &Parameter) -> syn::Result<()> {
        let value = match factor.number()? {
            Checked::Literal(number) if !number.is_finite() => {
                return Err(factor.error("is not a finite number", "write one such as 1.5"));
            }
            Checked::Literal(number) if number < 1.0 => {
                let problem = format!("is {number}, so the delays would shrink");
                return Err(factor.error(&problem, "write at least 1; 1 keeps the delay the same"));
            }
            Checked::Literal(number) => quote!(#number),
            Checked::Expression(expression) => {
                self.rejects(expression.span());
                expression
            }
        };
        self.set("backoff_factor", value);
        Ok(())
    }

    fn read_delays(&mut self, parameters: &Parameters, errors: &mut Errors) {
        let mut read = |name, default| {
            let Some(parameter) = parameters.get(name) else {
                return Some(default);
            };
            let value = errors.take(parameter.time())?;
            let literal = value.literal();
            self.set_time(name, value, false);
            literal
        };
        let least = read("min_delay", Duration::from_millis(100));
        let most = read("max_delay", Duration::from_secs(30));
        let Some((least, most)) = least.zip(most) else {
            return;
        };
        let given = parameters
            .get("min_delay")
            .or_else(|| parameters.get("max_delay"));
        if least > most
            && let Some(given) = given
        {
            let message = format!(
                "`min_delay` is {least:?}, above `max_delay`, which is {most:?}: lower `min_delay` or raise `max_delay`"
            );
            errors.at(given.span(), message);
        }
    }
}
