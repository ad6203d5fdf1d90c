//! Keeps user code off the threads that the SDK needs (invariant 1).
//!
//! Heartbeats, polls and completions run on the host's own runtime. A future that blocks would hold a thread of it, so
//! every poll of user code runs inside `block_in_place`: tokio hands the thread's queue to another thread for as long
//! as the poll lasts. And what user code spawns, sleeps on or connects lands on a second runtime, which is entered for
//! the poll: a spawned task that blocks holds a thread there, and no beat waits for it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use tokio::runtime::Handle;

/// A future of user code. Must be polled on a multi-thread tokio runtime.
#[must_use = "futures do nothing unless polled"]
pub struct Protected<'a, T> {
    future: BoxFuture<'a, T>,
    user: Handle,
}

impl<'a, T> Protected<'a, T> {
    /// Wraps `future`; what it spawns goes to `user`.
    pub const fn new(future: BoxFuture<'a, T>, user: Handle) -> Self {
        Self { future, user }
    }
}

impl<T> std::fmt::Debug for Protected<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Protected").finish_non_exhaustive()
    }
}

impl<T> Future for Protected<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = &mut *self;
        tokio::task::block_in_place(|| {
            let _entered = this.user.enter();
            this.future.as_mut().poll(cx)
        })
    }
}
