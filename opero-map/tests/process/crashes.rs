//! Two hundred items, two workers, and one item that is fatal on every attempt: it alone fails, and
//! the rest arrives in order.

use opero_map::{ErrorKind, MapConfig, RejectedKind};

use crate::support::deeds::{Crash, Deed};
use crate::support::hand::{Hand, all_but_50, rejection_of_50, results};
use crate::support::watch;

/// The fatal item's rejection.
fn only_50_fails<const ASYNC: bool>(
    name: &'static str,
    hand: Hand<ASYNC>,
    fatal: &Deed,
    config: MapConfig,
) -> RejectedKind {
    rejection_of_50(results(hand.under(name, all_but_50(fatal), config)))
}

/// Crashes on each of three attempts, so three workers are lost; how the last one exited is the
/// result.
fn crashes<const ASYNC: bool>(name: &'static str, crash: Crash, ended: (Option<i32>, Option<i32>)) {
    watch::begin();
    let hand = Hand::<ASYNC> {
        retries: 2,
        ..Hand::PLAIN
    };
    match only_50_fails(name, hand, &Deed::Crash(crash), MapConfig::default()) {
        RejectedKind::Crashed { signal, code } => assert_eq!((signal, code), ended),
        other => unreachable!("{other:?}"),
    }
    assert_eq!(watch::lost(name), 3);
}

fn name<const ASYNC: bool>(sync: &'static str, asynchronous: &'static str) -> &'static str {
    if ASYNC { asynchronous } else { sync }
}

fn killed<const ASYNC: bool>() {
    let name = name::<ASYNC>("killed", "killed-async");
    crashes::<ASYNC>(name, Crash::Killed, (Some(9), None));
}

fn aborted<const ASYNC: bool>() {
    let name = name::<ASYNC>("aborted", "aborted-async");
    crashes::<ASYNC>(name, Crash::Aborted, (Some(6), None));
}

fn an_invalid_access<const ASYNC: bool>() {
    let name = name::<ASYNC>("segfault", "segfault-async");
    crashes::<ASYNC>(name, Crash::InvalidAccess, (Some(11), None));
}

/// The standard library says so on standard error, and aborts.
fn a_stack_overflow<const ASYNC: bool>() {
    let name = name::<ASYNC>("overflow", "overflow-async");
    crashes::<ASYNC>(name, Crash::StackOverflow, (Some(6), None));
}

fn exited<const ASYNC: bool>() {
    let name = name::<ASYNC>("exited", "exited-async");
    crashes::<ASYNC>(name, Crash::Exited(3), (None, Some(3)));
}

/// A worker that ends as if all were well has not done what it was asked.
fn exited_well<const ASYNC: bool>() {
    let name = name::<ASYNC>("exited-well", "exited-well-async");
    crashes::<ASYNC>(name, Crash::Exited(0), (None, Some(0)));
}

/// The panic's message; it has a place as well.
fn panic_of<const ASYNC: bool>(name: &'static str, fatal: &Deed) -> String {
    match only_50_fails(name, Hand::<ASYNC>::PLAIN, fatal, MapConfig::default()) {
        RejectedKind::Panic { message, location } => {
            assert!(location.unwrap().contains("deeds.rs:"));
            message
        }
        other => unreachable!("{other:?}"),
    }
}

fn a_panic_is_told_with_its_place<const ASYNC: bool>() {
    let fatal = Deed::Panic("the message".to_owned());
    assert_eq!(panic_of::<ASYNC>("panic", &fatal), "the message");
}

fn a_panic_without_a_text_has_a_place<const ASYNC: bool>() {
    assert!(!panic_of::<ASYNC>("odd", &Deed::PanicOddly).is_empty());
}

/// It is that item's panic, and no other's.
fn a_panic_with_a_payload_that_panics<const ASYNC: bool>() {
    assert!(!panic_of::<ASYNC>("twice", &Deed::PanicTwice).is_empty());
}

fn an_allocation_past_the_limit<const ASYNC: bool>() {
    let config = MapConfig {
        worker_memory: Some(1 << 30),
        ..MapConfig::default()
    };
    let fatal = Deed::Crash(Crash::Allocated(2 << 30));
    let kind = only_50_fails("allocation", Hand::<ASYNC>::PLAIN, &fatal, config);
    assert!(
        matches!(
            kind,
            RejectedKind::Crashed {
                signal: Some(6),
                ..
            }
        ),
        "{kind:?}"
    );
}

fn a_result_too_large_for_the_limit<const ASYNC: bool>() {
    let config = MapConfig {
        worker_memory: Some(512 << 20),
        ..MapConfig::default()
    };
    // It fits once, and not a second time as bytes.
    let fatal = Deed::TellText(300 << 20);
    let kind = only_50_fails("large", Hand::<ASYNC>::PLAIN, &fatal, config);
    assert!(
        matches!(
            kind,
            RejectedKind::Crashed {
                signal: Some(6),
                ..
            }
        ),
        "{kind:?}"
    );
}

/// The function's own error is no crash.
fn an_error_is_the_functions<const ASYNC: bool>() {
    let deeds = [Deed::Tell(1), Deed::Fail, Deed::Tell(3)];
    let results = results(Hand::<ASYNC>::PLAIN.over("error", deeds));
    let error = results[1].as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Function);
    assert_eq!(error.function_error().unwrap(), "failed");
}

/// It is told of on the thread that owns the workers, and on those of the calls.
fn an_observer_that_panics_changes_nothing<const ASYNC: bool>() {
    let name = name::<ASYNC>("observed", "observed-async");
    opero_core::observe(move |run: &str, _: &opero_map::Event<'_>| {
        if run == name {
            std::panic::resume_unwind(Box::new("the observer's"));
        }
    });
    let deeds = [Deed::Tell(0), Deed::Crash(Crash::Aborted), Deed::Tell(2)];
    let results = results(Hand::<ASYNC>::PLAIN.over(name, deeds));
    assert_eq!(results[0].as_ref().unwrap().number, 0);
    assert!(results[1].as_ref().unwrap_err().is_crash());
    assert_eq!(results[2].as_ref().unwrap().number, 2);
}

/// After an unexplained crash each item is retried alone: the others lose no attempt.
fn a_death_behind_the_functions_back_costs_one_item<const ASYNC: bool>() {
    let deed = |n| match n {
        5 => Deed::DieBehindTheBack,
        n => Deed::Pause(20, n),
    };
    let deeds: Vec<_> = (0..40).map(deed).collect();
    let results = results(Hand::<ASYNC>::PLAIN.over("behind-the-back", deeds));
    for (n, result) in (0_u64..).zip(results) {
        match n {
            5 => assert!(result.unwrap_err().is_crash()),
            n => assert_eq!(result.unwrap().number, n),
        }
    }
}

in_both_modes! {
    a_death_behind_the_functions_back_costs_one_item, an_observer_that_panics_changes_nothing,
    killed, aborted, an_invalid_access, a_stack_overflow, exited, exited_well, a_panic_is_told_with_its_place,
    a_panic_without_a_text_has_a_place, a_panic_with_a_payload_that_panics, an_allocation_past_the_limit, a_result_too_large_for_the_limit,
    an_error_is_the_functions,
}
