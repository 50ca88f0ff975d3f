//! Finding backends by name: each is submitted with `inventory` where it is defined, and found by its scheme.
//!
//! The linker drops a crate that nothing mentions, and with it what that crate submits. The facade mentions each of
//! ours; for others, `use their_crate as _;` or [`register`] does it.

use std::sync::Mutex;

use crate::config::{listed, nearest};
use crate::sync::lock;
use crate::{BackendUri, ConfigError};

/// The registration of one backend of a mechanism: each mechanism defines its own type, with an opening function.
pub trait Registration: inventory::Collect + Sync {
    /// The parameter that names such a backend, as in `cache_backend`.
    const PARAMETER: &'static str;

    /// What its users call such a backend.
    const NOUN: &'static str = "backend";

    /// The schemes that exist, and the Cargo feature that adds each: for the message where one is missing.
    const FEATURES: &'static [(&'static str, &'static str)];

    /// The backend's scheme.
    fn scheme(&self) -> &'static str;

    /// Where [`register`] keeps this type's registrations.
    fn registered() -> &'static Mutex<Vec<&'static Self>>;
}

/// Registers a backend by hand: the escape hatch where linking cannot do it.
///
/// # Errors
/// Where the scheme is taken already.
pub fn register<R: Registration>(registration: R) -> Result<(), ConfigError> {
    let mut registered = lock(R::registered());
    let scheme = registration.scheme();
    let taken = inventory::iter::<R>
        .into_iter()
        .chain(registered.iter().copied())
        .any(|other| other.scheme() == scheme);
    if taken {
        return Err(doubled::<R>(scheme));
    }
    // Leaked on purpose: like a submitted one, it lives as long as the process.
    registered.push(Box::leak(Box::new(registration)));
    Ok(())
}

/// The schemes of every registered backend, sorted.
pub fn schemes<R: Registration>() -> Vec<&'static str> {
    let mut schemes: Vec<_> = all::<R>().iter().map(|r| r.scheme()).collect();
    schemes.sort_unstable();
    schemes
}

/// The backend that `uri` names.
///
/// # Errors
/// An unknown scheme, with the ones there are, the nearest, and the Cargo feature that would add it; and a scheme that
/// two crates registered.
pub fn find<R: Registration>(uri: &BackendUri) -> Result<&'static R, ConfigError> {
    let scheme = uri.scheme();
    let mut found = all::<R>().into_iter().filter(|r| r.scheme() == scheme);
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(doubled::<R>(scheme)),
        (None, _) => Err(unknown::<R>(uri)),
    }
}

fn all<R: Registration>() -> Vec<&'static R> {
    let mut all: Vec<_> = inventory::iter::<R>.into_iter().collect();
    all.extend(lock(R::registered()).iter().copied());
    all
}

fn doubled<R: Registration>(scheme: &str) -> ConfigError {
    ConfigError::new(
        R::PARAMETER,
        format!("has two {}s named `{scheme}`", R::NOUN),
        "rename or remove one of them",
    )
}

fn unknown<R: Registration>(uri: &BackendUri) -> ConfigError {
    let scheme = uri.scheme();
    let schemes = schemes::<R>();
    let known = R::FEATURES.iter().map(|(scheme, _)| *scheme);
    let mut names = schemes.iter().copied().chain(known);
    // A plain name that goes on as a URL does.
    if let Some((plain, _)) = scheme.split_once('?')
        && let Some(name) = names.clone().find(|name| *name == plain)
    {
        let problem = format!("has settings behind the plain name `{name}`");
        return ConfigError::new(
            R::PARAMETER,
            problem,
            format!("write `{name}://?` before them"),
        );
    }
    let noun = R::NOUN;
    let problem = format!("names the unknown {noun} `{}`", uri.shown_scheme());
    if let Some((_, feature)) = R::FEATURES.iter().find(|(known, _)| *known == scheme) {
        let way_out = format!("enable the Cargo feature `{feature}`");
        return ConfigError::new(R::PARAMETER, problem, way_out);
    }
    let hint = match nearest(scheme, &mut names) {
        Some(nearest) => format!("did you mean `{nearest}`? "),
        None => String::new(),
    };
    let there = match schemes.as_slice() {
        [] => format!(
            "there is none: enable a {noun}'s Cargo feature, or mention the crate that registers it"
        ),
        schemes => format!("registered are {}", listed(schemes)),
    };
    ConfigError::new(R::PARAMETER, problem, format!("{hint}{there}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fake(&'static str);
    inventory::collect!(Fake);
    inventory::submit! { Fake("memory") }
    inventory::submit! { Fake("twice") }
    inventory::submit! { Fake("twice") }

    impl Registration for Fake {
        const PARAMETER: &'static str = "cache_backend";
        const FEATURES: &'static [(&'static str, &'static str)] = &[("redis", "redis")];
        fn scheme(&self) -> &'static str {
            self.0
        }
        fn registered() -> &'static Mutex<Vec<&'static Self>> {
            static REGISTERED: Mutex<Vec<&'static Fake>> = Mutex::new(Vec::new());
            &REGISTERED
        }
    }

    fn error(name: &str) -> String {
        match find::<Fake>(&name.into()) {
            Ok(_) => "found".into(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_backend_is_found_by_plain_name_and_by_url() {
        assert_eq!(error("memory"), "found");
        assert_eq!(error("memory://x"), "found");
    }

    #[test]
    fn the_errors_help() {
        assert_eq!(
            error("redis://:pw@host"),
            "`cache_backend` names the unknown backend `redis`: enable the Cargo feature `redis`"
        );
        assert!(
            error("redis:/anna:geheim@host")
                .starts_with("`cache_backend` names the unknown backend `…`: ")
        );
        for plain in ["redis?timeout=1s", "redis?pass=geheim", "redis?"] {
            assert_eq!(
                error(plain),
                "`cache_backend` has settings behind the plain name `redis`: write `redis://?` before them"
            );
        }
        assert!(error("memory?x=1").contains("write `memory://?` before"));
        assert!(error("memroy").contains("did you mean `memory`? registered are `memory`"));
        assert_eq!(
            error("twice"),
            "`cache_backend` has two backends named `twice`: rename or remove one of them"
        );
    }

    #[test]
    fn registering_by_hand_works_once() {
        assert!(register(Fake("mine")).is_ok());
        assert_eq!(error("mine"), "found");
        assert!(register(Fake("mine")).is_err());
        assert!(register(Fake("memory")).is_err());
    }
}
