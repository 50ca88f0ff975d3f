use opero_map::{map, map_async};

fn inner(n: u64) -> Result<u64, ()> {
    let values = map(0..n, Ok::<_, ()>).workers(2).try_run().map_err(drop)?;
    Ok(values.into_iter().sum())
}

const SUMS: [u64; 5] = [0, 0, 1, 3, 6];

#[test]
fn maps_in_maps_finish() {
    let nested = |n| map(0..n, inner).workers(2).try_run().map_err(drop);
    let results = map([5_u64; 4], nested).workers(2).try_run().unwrap();
    assert_eq!(results, vec![SUMS.to_vec(); 4]);
}

#[test]
fn maps_in_a_shared_rayon_pool_finish() {
    use rayon::prelude::*;
    let sums: Vec<_> = (0..200_u64).into_par_iter().map(inner).collect();
    assert!(sums.iter().all(Result::is_ok));
    let in_items = map(0..20_u64, |n| {
        Ok::<_, ()>((0..n).into_par_iter().map(|n| n * 2).sum::<u64>())
    });
    assert_eq!(in_items.workers(2).try_run().unwrap()[19], 342);
}

#[tokio::test]
async fn blocking_on_an_async_run_inside_a_runtime_works() {
    let doubled = map_async(0..10, async |n| {
        tokio::task::yield_now().await;
        Ok::<_, ()>(n * 2)
    });
    assert_eq!(doubled.run().len(), 10);
    let iterated = map_async(0..10, async |n| Ok::<_, ()>(n)).iter();
    assert_eq!(iterated.count(), 10);
}

#[test]
fn async_maps_in_async_maps_finish_blocking_or_not() {
    let nested = async |n: u64| {
        let inner = || map_async(0..n, async |n| Ok::<_, ()>(n));
        Ok::<_, ()>((inner().await.len(), inner().run().len()))
    };
    let results = map_async(0..5, nested).try_run().unwrap();
    assert_eq!(results[4], (4, 4));
}

#[test]
fn sync_in_async_and_async_in_sync_finish() {
    let results = map_async(0..5, async |n| map(0..n, inner).await.into_iter().collect())
        .run()
        .into_iter()
        .map(|sums: Result<Vec<u64>, _>| sums.map_err(|_| ()).unwrap().len());
    assert!(results.eq(0..5));
    let work = |n: usize| {
        map_async(0..n, async |n| Ok::<_, ()>(n))
            .try_run()
            .map_err(drop)
    };
    assert_eq!(map(0..5, work).try_run().unwrap()[4], [0, 1, 2, 3]);
}
