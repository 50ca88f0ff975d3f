//! Values that are dropped from a cache are freed at once. Alone in its process: the memory backend frees when no other thread
//! is just at work in a cache.

use std::sync::Arc;

use opero_cache::{Cache, CacheConfig};
use opero_core::{Context, ManualClock, WaitMode, block_on, operation};

#[test]
fn what_is_removed_cleared_or_swept_is_freed_at_once() {
    const MANY: u64 = 50_000;
    for backend in ["memory", "quick"] {
        let config = CacheConfig::default().with_capacity(2 * MANY);
        let cache = Cache::open(&backend.into(), config).unwrap();
        let clock = ManualClock::new();
        let cx = Context::new(&clock, WaitMode::Blocking);
        let returns = |value: &Arc<u64>| {
            let value = Arc::clone(value);
            operation(move |_| {
                let value = Arc::clone(&value);
                async move { Ok::<_, ()>(value) }
            })
        };
        let keep = |number: u64| {
            let value = Arc::new(number);
            block_on(cache.insert(&cx, &returns(&value).keyed(&number), &value));
            value
        };
        let held = |values: &[Arc<u64>]| {
            let held = values.iter().filter(|value| Arc::strong_count(value) > 1);
            held.count()
        };

        let values = [keep(1)];
        assert_eq!(held(&values), 1, "{backend}");
        block_on(cache.remove(&cx, &returns(&values[0]).keyed(&1))).unwrap();
        assert_eq!(held(&values), 0, "{backend}: removed");

        let values: Vec<_> = (0..MANY).map(keep).collect();
        assert_eq!(held(&values), MANY as usize, "{backend}");
        block_on(cache.clear()).unwrap();
        assert_eq!(held(&values), 0, "{backend}: cleared");

        let values: Vec<_> = (0..100).map(keep).collect();
        clock.advance(cache.config().ttl.unwrap() * 2);
        let fresh = [keep(MANY)];
        assert_eq!(
            held(&values),
            0,
            "{backend}: expired, and swept by the next one"
        );
        assert_eq!(held(&fresh), 1, "{backend}");
    }
}
