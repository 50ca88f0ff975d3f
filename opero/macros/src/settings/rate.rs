//! The parameters of the rate limit.

use super::Settings;
use super::backend::LIMITERS;
use crate::errors::Errors;
use crate::parameters::Parameters;
use crate::values::Checked;

/// The longest time in which a limiter's permits may grow, in nanoseconds: 73 years, the limiter's own bound.
const LONGEST_REFILL: u128 = 1 << 61;

impl Settings {
    pub(super) fn read_rate(&mut self, parameters: &Parameters, errors: &mut Errors) {
        let Some(limit) = parameters.get("rate_limit") else {
            for parameter in parameters.about("rate_") {
                let name = &parameter.name;
                errors.at(name.span(), format!("`{name}` limits nothing without `rate_limit`: add `rate_limit`, or remove `{name}`"));
            }
            return;
        };
        self.rate_limit = true;
        let period = errors.take(limit.rate());
        self.burst = Some(1);
        if let Some(burst) = parameters.get("rate_burst") {
            let zero = (
                "is zero, so that no call could ever start",
                "set it to at least 1",
            );
            let value = errors.take(burst.whole(1, u32::MAX.into(), zero));
            self.burst = value
                .as_ref()
                .and_then(Checked::literal)
                .and_then(|burst| burst.try_into().ok());
            self.set_whole("rate_burst", value);
        }
        if let Some(period) = period {
            if let Some((period, burst)) = period.literal().zip(self.burst)
                && period.as_nanos() * u128::from(burst) > LONGEST_REFILL
            {
                let way_out = "lower `rate_burst`, or raise `rate_limit`";
                errors.push(limit.error("is less than `rate_burst` starts in 73 years", way_out));
            }
            self.set_rate(period);
        }
        if let Some(wait) = parameters.get("rate_max_wait") {
            self.rejects(wait.name.span());
            if let Some(value) = errors.take(wait.time()) {
                self.set_time("rate_max_wait", value, true);
            }
        }
        match parameters.get("rate_backend") {
            None => self.need("RATELIMIT", limit.name.span()),
            Some(backend) => {
                self.rate_keys = self.read_backend(backend, LIMITERS, "RATELIMIT", errors);
            }
        }
    }
}
