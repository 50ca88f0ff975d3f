use std::time::Duration;

use futures_util::StreamExt;
use opero_core::RejectedKind;
use opero_map::map_async;
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn an_item_that_takes_too_long_is_given_up_alone() {
    let limit = Duration::from_secs(10);
    let started = Instant::now();
    let results = map_async([1_u64, 3600, 9, 11], async |seconds| {
        sleep(Duration::from_secs(seconds)).await;
        Ok::<_, ()>(seconds)
    })
    .item_timeout(limit)
    .await;
    let late: Vec<_> = results.iter().map(Result::is_err).collect();
    assert_eq!(late, [false, true, false, true]);
    let rejection = results[1].as_ref().unwrap_err().rejection().unwrap();
    assert!(matches!(rejection.kind(), RejectedKind::ItemTimeout { limit: at } if *at == limit));
    assert!(results[1].as_ref().unwrap_err().is_timeout());
    assert_eq!(started.elapsed(), limit);
}

#[tokio::test(start_paused = true)]
async fn a_late_item_makes_room_for_the_next() {
    let started = Instant::now();
    let results = map_async(0..4, async |_| {
        sleep(Duration::from_secs(3600)).await;
        Ok::<_, ()>(())
    });
    let results = results
        .workers(1)
        .item_timeout(Duration::from_secs(2))
        .await;
    assert!(results.iter().all(Result::is_err));
    assert_eq!(started.elapsed(), Duration::from_secs(8));
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_of_a_stream_uses_none_of_the_items_time() {
    let begun = Instant::now();
    let mut stream = map_async(0..12, async |n: u64| {
        sleep(Duration::from_secs(1)).await;
        sleep(Duration::from_secs(1)).await;
        Ok::<_, ()>(n)
    })
    .workers(4)
    .item_timeout(Duration::from_secs(10))
    .stream();
    let mut expected = 0..12;
    while let Some(result) = stream.next().await {
        assert_eq!(result.ok(), expected.next());
        sleep(Duration::from_secs(60)).await;
    }
    assert!(expected.is_empty());
    assert_eq!(begun.elapsed(), Duration::from_secs(12 * 60 + 2));
}
