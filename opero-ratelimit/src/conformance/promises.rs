//! The promises that one caller at a time can see.

use std::time::Duration;

use opero_core::{Key, block_on};

use super::bench::{Bench, exceeded, quota};

/// So long that nothing grows while a test runs.
const NEVER: Duration = Duration::from_secs(1_000);
const SOON: Duration = Duration::from_millis(20);

pub(super) fn reachable(bench: &Bench<'_>) -> Result<(), String> {
    let limiter = bench.limiter(quota(NEVER, 1)?)?;
    if limiter.backend.scheme().is_empty() {
        return Err("its scheme is empty".to_owned());
    }
    block_on(limiter.backend.ping()).map_err(|error| format!("`ping` failed: {error}"))
}

pub(super) fn burst(bench: &Bench<'_>) -> Result<(), String> {
    for burst in [1, 7] {
        let limiter = bench.limiter_of(quota(NEVER, burst)?, &format!("burst {burst}"))?;
        let given = limiter.drain(None)?;
        if given != burst {
            return Err(format!("{given} permits at once, with a burst of {burst}"));
        }
    }
    Ok(())
}

pub(super) fn all_or_nothing(bench: &Bench<'_>) -> Result<(), String> {
    let limiter = bench.limiter(quota(NEVER, 5)?)?;
    expect(
        limiter.take(None, 3)?.is_none(),
        "3 of a burst of 5 were not there",
    )?;
    let wait = limiter.take(None, 3)?;
    let wait = wait.ok_or("3 and 3 were there, of a burst of 5")?;
    // One more has to grow.
    expect(
        wait > Duration::ZERO && wait <= NEVER,
        &format!("it tells a wait of {wait:?} for one period of {NEVER:?}"),
    )?;
    expect(
        limiter.take(None, 2)?.is_none(),
        "the request that had to wait took some permits",
    )?;
    expect(
        limiter.take(None, 1)?.is_some(),
        "there are more than the burst",
    )
}

pub(super) fn keys(bench: &Bench<'_>) -> Result<(), String> {
    let limiter = bench.limiter(quota(NEVER, 3)?)?;
    // As numbers, since shared keys must mean the same in every process.
    let keys = [
        None,
        Some(Key::stable(1)),
        Some(Key::stable(1 << 64)),
        Some(Key::stable(u128::MAX)),
    ];
    for (number, key) in keys.into_iter().enumerate() {
        let given = limiter.drain(key)?;
        expect(
            given == 3,
            &format!("key number {number} got {given} permits, with a burst of 3"),
        )?;
    }
    Ok(())
}

pub(super) fn honest_wait(bench: &Bench<'_>) -> Result<(), String> {
    let limiter = bench.limiter(quota(SOON, 2)?)?;
    let before = bench.clock.now();
    let both = limiter.take(None, 2)?;
    expect(both.is_none(), "the burst of 2 was not there")?;
    if let Some(wait) = limiter.take(None, 1)? {
        expect(
            wait <= SOON,
            &format!("it tells a wait of {wait:?} for one period of {SOON:?}"),
        )?;
    }
    let third = limiter.wait_for(None)?;
    let after = third.got.since(before);
    expect(
        after >= SOON,
        &format!("the permit after the burst came within {after:?} of a period of {SOON:?}"),
    )
}

pub(super) fn no_hoard(bench: &Bench<'_>) -> Result<(), String> {
    let quota = quota(SOON, 3)?;
    let limiter = bench.limiter(quota)?;
    limiter.wait_for(None)?;
    bench.clock.block(10 * SOON);
    let before = bench.clock.now();
    let given = limiter.drain(None)?;
    let grown = bench.clock.now().since(before).as_nanos() / SOON.as_nanos();
    expect(
        given >= 3,
        &format!("{given} permits after a long pause, with a burst of 3"),
    )?;
    expect(
        u128::from(given) <= 3 + grown,
        &format!("{given} permits after a long pause, with a burst of 3"),
    )
}

pub(super) fn bound(bench: &Bench<'_>) -> Result<(), String> {
    // One with a burst that is worth taking in blocks.
    for (period, burst, count) in [(2, 1, 60), (1, 50, 300)] {
        let quota = quota(Duration::from_millis(period), burst)?;
        let limiter = bench.limiter_of(quota, &format!("bound {burst}"))?;
        let grants = (0..count).map(|_| limiter.wait_for(None));
        let grants: Vec<_> = grants.collect::<Result<_, _>>()?;
        exceeded(&quota, &grants)?;
    }
    Ok(())
}

pub(super) fn shared(bench: &Bench<'_>) -> Result<(), String> {
    let quota = quota(NEVER, 4)?;
    let one = bench.limiter(quota)?;
    if !one.backend.shared() {
        return Ok(());
    }
    let same = bench.limiter(quota)?;
    let other = bench.limiter_of(quota, "another function")?;
    expect(
        one.take(None, 3)?.is_none(),
        "3 of a burst of 4 were not there",
    )?;
    let left = same.drain(None)?;
    expect(
        left == 1,
        &format!("opened again it has {left} permits, where 1 is left"),
    )?;
    let others = other.drain(None)?;
    expect(
        others == 4,
        &format!("another function has {others} permits, with a burst of 4"),
    )
}

pub(super) fn expect(holds: bool, otherwise: &str) -> Result<(), String> {
    match holds {
        true => Ok(()),
        false => Err(otherwise.to_owned()),
    }
}
