//! An input that the test gives item by item.

use opero_map::{FromStream, from_stream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::deeds::Deed;

type Fed = std::pin::Pin<Box<dyn futures_util::Stream<Item = Deed> + Send>>;

/// The input ends when the sender is dropped.
pub(crate) fn feed() -> (UnboundedSender<Deed>, FromStream<Fed>) {
    let (sender, mut receiver) = unbounded_channel();
    let stream = futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx));
    (sender, from_stream(Box::pin(stream)))
}
