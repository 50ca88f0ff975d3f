//! The worker's side: a process of this program runs one function on what its parent sends, and
//! exits when the parent closes the channel.
//!
//! The main thread reads the channel and never runs anything of the user's, so it sees the parent's
//! end whatever the function is stuck in. The function runs on a thread of its own.

mod asynchronous;
mod blocking;
mod counter;
mod inbox;
mod panics;
mod replies;
mod system;

use std::io;
use std::os::unix::net::UnixStream;
use std::process::exit;
use std::sync::Arc;
use std::thread;

use opero_core::{Codec, ThreadObserver, threads};

use crate::executor::process::function::{WorkerFunction, WorkerRun};
use crate::executor::process::ipc::SHUTDOWN_GRACE;
use crate::executor::process::ipc::buffers::Buffers;
use crate::executor::process::ipc::current_call::CurrentCall;
use crate::executor::process::ipc::wire::{Decoder, Frame, FrameKey, Hello, Kind};
use counter::Counter;
use inbox::Inbox;
use replies::Replies;

/// The exit code of a worker that could not start (`EX_SOFTWARE`).
const START_FAILED: i32 = 70;

/// Runs calls until the parent closes the channel.
pub(super) fn work(token: &str) -> ! {
    let (channel, hello, current_call) = match receive_hello(token) {
        Ok(greeted) => greeted,
        // The parent is gone already: nothing is reported.
        Err(error) if is_the_end(&error) => exit(START_FAILED),
        Err(error) => {
            eprintln!("opero: a worker process could not begin: {error}");
            exit(START_FAILED);
        }
    };
    let socket = channel.socket.try_clone();
    let replies = match socket {
        Ok(socket) => Arc::new(Replies::new(socket, hello.key, hello.resident)),
        Err(_) => exit(START_FAILED),
    };
    // Otherwise a signal to all processes of the program would end items that the parent lets
    // finish.
    let _ = system::outlive_sigterm();
    let inbox = Arc::new(Inbox::default());
    let for_calls = (Arc::clone(&inbox), Arc::clone(&replies));
    let buffers = Arc::clone(&channel.buffers);
    // The function may have been written for a main thread's stack.
    let started = threads::builder("opero-worker").spawn(move || {
        // Without this thread the parent would wait for ever.
        let _always = system::KillOnDrop;
        run(&hello, current_call, for_calls.0, &for_calls.1, &buffers)
    });
    if let Err(error) = started {
        fail_start(&replies, &error.to_string());
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
    /// The buffers of large payloads.
    buffers: Arc<Buffers>,
}

fn receive_hello(token: &str) -> io::Result<(Channel, Hello, CurrentCall)> {
    let socket = system::take_channel()?;
    let buffers = Arc::new(Buffers::default());
    let mut decoder = Decoder::with(Arc::clone(&buffers), FrameKey::default());
    let mut descriptors = Vec::new();
    let mut first = system::WithDescriptors {
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
    let current_call = descriptors.next().map(CurrentCall::from_fd);
    let current_call =
        current_call.ok_or_else(|| io::Error::other("no current_call came with the greeting"))?;
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
    Ok((channel, hello, current_call))
}

/// Prepares the function, and runs call after call, on the function's own thread.
fn run(
    hello: &Hello,
    current_call: CurrentCall,
    inbox: Arc<Inbox>,
    replies: &Arc<Replies>,
    buffers: &Buffers,
) -> ! {
    let function = match prepare(hello, replies) {
        Ok(function) => function,
        Err(reason) => fail_start(replies, &reason),
    };
    replies.now(Kind::Ready, 0, &[]);
    let counter = Arc::new(Counter::default());
    let work = || match function.run {
        WorkerRun::Blocking(run) => {
            blocking::run(run, &current_call, &inbox, replies, &counter, buffers)
        }
        WorkerRun::Async(run) => asynchronous::run(
            run,
            current_call,
            inbox,
            Arc::clone(replies),
            Arc::clone(&counter),
        ),
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
        system::limit_memory(bytes).map_err(|error| format!("`worker_memory`: {error}"))?;
    }
    if let Some(init) = function.init {
        replies.now(Kind::Preparing, 0, &[]);
        panics::catch(init)
            .map_err(|panicked| format!("`worker_init` panicked: {}", panicked.message))?;
    }
    Ok(function)
}

/// Reports why this process cannot start, and exits.
fn fail_start(replies: &Replies, reason: &str) -> ! {
    replies.now(Kind::StartFailed, 0, reason.as_bytes());
    exit_within_time(START_FAILED)
}

/// Receives frames on the main thread until the parent closes the channel.
fn listen(mut channel: Channel, inbox: &Inbox, replies: &Replies) -> ! {
    loop {
        loop {
            match channel.decoder.next() {
                Ok(Some(frame)) => take(frame, inbox, replies),
                Ok(None) => break,
                Err(_) => exit_worker(inbox),
            }
        }
        inbox.deliver();
        match channel.decoder.read(&mut channel.socket) {
            Ok(0) => exit_worker(inbox),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => exit_worker(inbox),
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

/// Exits after the parent closed the channel: with exit handlers if it is idle, otherwise at once.
fn exit_worker(inbox: &Inbox) -> ! {
    match inbox.is_idle() {
        true => {
            system::end_children();
            exit_within_time(0)
        }
        false => system::kill_self(),
    }
}

/// Exits with exit handlers, but within a time limit.
fn exit_within_time(code: i32) -> ! {
    let watch = thread::Builder::new().spawn(|| {
        thread::sleep(SHUTDOWN_GRACE);
        system::kill_self();
    });
    match watch {
        Ok(_) => exit(code),
        Err(_) => system::kill_self(),
    }
}
