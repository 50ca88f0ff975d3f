//! A worker: a process of this program that runs one function on what its parent sends, and ends when the parent is gone.
//!
//! The main thread reads the channel and never runs anything of the user's, so it sees the parent's end whatever the function
//! is stuck in. The function runs on a thread of its own.

mod asynchronous;
mod blocking;
mod counter;
mod inbox;
mod panics;
mod replies;
mod standard;

use std::io;
use std::os::unix::net::UnixStream;
use std::process::exit;
use std::sync::Arc;
use std::thread;

use opero_core::{Codec, ThreadObserver, threads};

use super::LEAVE;
use super::buffers::Buffers;
use super::function::{WorkerFunction, WorkerRun};
use super::page::Page;
use super::wire::{Decoder, Frame, Hello, Key, Kind};
use counter::Counter;
use inbox::Inbox;
use replies::Replies;

/// The exit code of a worker that could not begin (`EX_SOFTWARE`).
const UNFIT: i32 = 70;

/// Works until the parent closes the channel.
pub(super) fn work(token: &str) -> ! {
    let (channel, hello, page) = match greet(token) {
        Ok(greeted) => greeted,
        // The parent is gone already: nobody is to be told anything.
        Err(error) if is_the_end(&error) => exit(UNFIT),
        Err(error) => {
            eprintln!("opero: a worker process could not begin: {error}");
            exit(UNFIT);
        }
    };
    let socket = channel.socket.try_clone();
    let replies = match socket {
        Ok(socket) => Arc::new(Replies::new(socket, hello.key, hello.resident)),
        Err(_) => exit(UNFIT),
    };
    // Without it, a signal to all of the program's processes ends the items that their parent lets finish.
    let _ = standard::outlive_sigterm();
    let inbox = Arc::new(Inbox::default());
    let for_calls = (Arc::clone(&inbox), Arc::clone(&replies));
    let buffers = Arc::clone(&channel.buffers);
    // The function may have been written for a main thread's stack.
    let started = threads::builder("opero-worker").spawn(move || {
        // The parent would wait for ever for a function that nobody runs.
        let _always = standard::OrDie;
        run(&hello, page, for_calls.0, &for_calls.1, &buffers)
    });
    if let Err(error) = started {
        unfit(&replies, &error.to_string());
    }
    listen(channel, &inbox, &replies)
}

fn is_the_end(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | BrokenPipe)
}

/// The channel to the parent, with what was read of it.
struct Channel {
    socket: UnixStream,
    decoder: Decoder,
    /// Where the large payloads are that arrive.
    buffers: Arc<Buffers>,
}

fn greet(token: &str) -> io::Result<(Channel, Hello, Page)> {
    let socket = standard::take_channel()?;
    let buffers = Arc::new(Buffers::default());
    let mut decoder = Decoder::with(Arc::clone(&buffers), Key::default());
    let mut descriptors = Vec::new();
    let mut first = standard::WithDescriptors {
        socket: &socket,
        descriptors: &mut descriptors,
    };
    let hello = loop {
        if decoder.read(&mut first)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(frame) = decoder.next()? {
            break Codec::<Hello>::postcard()
                .decode(&frame.payload)
                .map_err(io::Error::other)?;
        }
    };
    if hello.token != token {
        return Err(io::Error::other("the channel is another's"));
    }
    let mut descriptors = descriptors.into_iter();
    let page = descriptors.next().map(Page::from_fd);
    let page = page.ok_or_else(|| io::Error::other("no page came with the greeting"))?;
    if hello.stdout
        && let Some(stdout) = descriptors.next()
    {
        rustix::stdio::dup2_stdout(stdout)?;
    }
    decoder.key = hello.key;
    let channel = Channel {
        socket,
        decoder,
        buffers,
    };
    Ok((channel, hello, page))
}

/// On the function's own thread: prepares, and runs call after call.
fn run(
    hello: &Hello,
    page: Page,
    inbox: Arc<Inbox>,
    replies: &Arc<Replies>,
    buffers: &Buffers,
) -> ! {
    let function = match prepare(hello, replies) {
        Ok(function) => function,
        Err(reason) => unfit(replies, &reason),
    };
    replies.now(Kind::Ready, 0, &[]);
    let counter = Arc::new(Counter::default());
    let work = || match function.run {
        WorkerRun::Blocking(run) => blocking::run(run, &page, &inbox, replies, &counter, buffers),
        WorkerRun::Async(run) => {
            asynchronous::run(run, page, inbox, Arc::clone(replies), Arc::clone(&counter))
        }
    };
    match hello.counts {
        // All of this thread is within the calls.
        true => ThreadObserver::new(Arc::clone(&counter) as _).within(work),
        false => work(),
    }
}

fn prepare(hello: &Hello, replies: &Replies) -> Result<WorkerFunction, String> {
    panics::remember_locations();
    let function = WorkerFunction::find(&hello.function).map_err(|error| error.to_string())?;
    if let Some(bytes) = hello.memory {
        standard::limit_memory(bytes).map_err(|error| format!("`worker_memory`: {error}"))?;
    }
    if let Some(init) = function.init {
        replies.now(Kind::Preparing, 0, &[]);
        panics::catch(init)
            .map_err(|panicked| format!("`worker_init` panicked: {}", panicked.message))?;
    }
    Ok(function)
}

/// Says why this process cannot work, and ends it.
fn unfit(replies: &Replies, reason: &str) -> ! {
    replies.now(Kind::Unfit, 0, reason.as_bytes());
    exit_within_time(UNFIT)
}

/// On the main thread: takes what the parent sends, until it closes the channel.
fn listen(mut channel: Channel, inbox: &Inbox, replies: &Replies) -> ! {
    loop {
        loop {
            match channel.decoder.next() {
                Ok(Some(frame)) => take(frame, inbox, replies),
                Ok(None) => break,
                Err(_) => leave(inbox),
            }
        }
        inbox.deliver();
        match channel.decoder.read(&mut channel.socket) {
            Ok(0) => leave(inbox),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => leave(inbox),
        }
    }
}

fn take(frame: Frame<'_>, inbox: &Inbox, replies: &Replies) {
    match frame.kind {
        Kind::Call => inbox.put(frame.id, frame.payload.into_owned()),
        Kind::Cancel if inbox.cancel(frame.id) => replies.now(Kind::Returned, frame.id, &[]),
        Kind::GiveBack => {
            for call in inbox.give_back() {
                replies.push(Kind::Returned, call, &[]);
            }
            replies.flush();
        }
        _ => {}
    }
}

/// The parent is gone, or needs this worker no more. What runs now is of no use to anybody; what is idle leaves as a program
/// usually does.
fn leave(inbox: &Inbox) -> ! {
    match inbox.is_idle() {
        true => {
            standard::end_children();
            exit_within_time(0)
        }
        false => standard::die(),
    }
}

/// Ends as a program usually does. A destructor that hangs does not keep the process.
fn exit_within_time(code: i32) -> ! {
    let watch = thread::Builder::new().spawn(|| {
        thread::sleep(LEAVE);
        standard::die();
    });
    match watch {
        Ok(_) => exit(code),
        Err(_) => standard::die(),
    }
}
