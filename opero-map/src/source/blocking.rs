use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use opero_core::sync::lock;
use opero_core::threads::{self, CallerSpan};

use super::{IntoSource, Source};

/// The items of an iterator that blocks: see [`from_blocking`].
pub struct FromBlocking<It>(It);

/// Lets a map take its items from an iterator that blocks its thread until it has one: the lines of
/// standard input, a channel's receiver, the pages of a database.
///
/// A thread of its own pulls them, so that results are handed out and limits kept meanwhile, in
/// every mode. It begins with the first item that the run wants, and is at most
/// [`MAX_ITEMS_AHEAD`](FromBlocking::MAX_ITEMS_AHEAD) items ahead of it. A run that ends early leaves those behind, and
/// the thread ends with the item that it waits for.
///
/// ```
/// # #[cfg(feature = "thread")] {
/// use opero_map::{from_blocking, map};
/// use std::sync::mpsc;
///
/// let (orders, arriving) = mpsc::channel();
/// let mut done = map(from_blocking(arriving), |n: u32| Ok::<_, ()>(n * 2)).workers(1).iter();
/// orders.send(21).unwrap();
/// assert_eq!(done.next().unwrap().unwrap(), 42); // before the next order is there
/// # }
/// ```
pub fn from_blocking<C>(items: C) -> FromBlocking<C::IntoIter>
where
    C: IntoIterator,
    C::IntoIter: Send + 'static,
    C::Item: Send + 'static,
{
    FromBlocking(items.into_iter())
}

impl<It> FromBlocking<It> {
    /// How many items the thread pulls before the run wants them.
    pub const MAX_ITEMS_AHEAD: usize = 16;
}

/// The source that [`from_blocking`] becomes.
pub struct BlockingSource<It: Iterator> {
    /// Until the first item is wanted.
    items: Option<It>,
    hint: (usize, Option<usize>),
    shared: Arc<Shared<It::Item>>,
}

struct Shared<I> {
    state: Mutex<State<I>>,
    room: Condvar,
}

struct State<I> {
    items: VecDeque<I>,
    waker: Option<Waker>,
    /// The iterator is at its end, or panicked.
    ended: bool,
    panic: Option<Box<dyn Any + Send>>,
    /// The run wants no more items.
    left: bool,
}

impl<It> IntoSource<It::Item> for FromBlocking<It>
where
    It: Iterator + Send + 'static,
    It::Item: Send + 'static,
{
    type Source = BlockingSource<It>;

    fn into_source(self) -> Self::Source {
        let state = State {
            items: VecDeque::new(),
            waker: None,
            ended: false,
            panic: None,
            left: false,
        };
        BlockingSource {
            hint: self.0.size_hint(),
            items: Some(self.0),
            shared: Arc::new(Shared {
                state: Mutex::new(state),
                room: Condvar::new(),
            }),
        }
    }
}

impl<It> Source for BlockingSource<It>
where
    It: Iterator + Send + 'static,
    It::Item: Send + 'static,
{
    type Item = It::Item;

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<It::Item>> {
        if let Some(items) = self.items.take() {
            self.start(items);
        }
        let mut state = lock(&self.shared.state);
        if let Some(item) = state.items.pop_front() {
            drop(state);
            self.shared.room.notify_one();
            let (least, most) = self.hint;
            self.hint = (
                least.saturating_sub(1),
                most.map(|most| most.saturating_sub(1)),
            );
            return Poll::Ready(Some(item));
        }
        if let Some(payload) = state.panic.take() {
            drop(state);
            resume_unwind(payload);
        }
        if state.ended {
            return Poll::Ready(None);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // Counts only what has been pulled: no batch may wait for its second item.
        (lock(&self.shared.state).items.len(), self.hint.1)
    }
}

impl<It> BlockingSource<It>
where
    It: Iterator + Send + 'static,
    It::Item: Send + 'static,
{
    fn start(&self, items: It) {
        let shared = Arc::clone(&self.shared);
        let caller = CallerSpan::current();
        let pull = move || caller.in_scope(|| shared.pull(items));
        let started = threads::builder("opero-input").spawn(pull);
        if let Err(error) = started {
            // As a panic of the input, which reaches the caller: there is no item whose result
            // could say so.
            let mut state = lock(&self.shared.state);
            state.panic = Some(Box::new(format!("no thread for the input: {error}")));
        }
    }
}

impl<I> Shared<I> {
    /// Pulls items on the source's own thread, and keeps some ready.
    fn pull(&self, mut items: impl Iterator<Item = I>) {
        loop {
            let mut state = lock(&self.state);
            while state.items.len() >= FromBlocking::<()>::MAX_ITEMS_AHEAD && !state.left {
                state = self
                    .room
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if state.left {
                return;
            }
            drop(state);
            let pulled = catch_unwind(AssertUnwindSafe(|| items.next()));
            let mut state = lock(&self.state);
            let ended = match pulled {
                Ok(Some(item)) => {
                    state.items.push_back(item);
                    false
                }
                Ok(None) => true,
                Err(payload) => {
                    state.panic = Some(payload);
                    true
                }
            };
            state.ended = ended;
            let waker = state.waker.take();
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
            if ended {
                return;
            }
        }
    }
}

impl<It: Iterator> Drop for BlockingSource<It> {
    fn drop(&mut self) {
        lock(&self.shared.state).left = true;
        self.shared.room.notify_one();
    }
}

impl<It> fmt::Debug for FromBlocking<It> {
    /// Without the items: they are arguments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromBlocking")
    }
}

impl<It: Iterator> fmt::Debug for BlockingSource<It> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlockingSource")
    }
}
