//! The executor: of all tasks that could go on, a seed chooses the next.
//!
//! Tokio's own would poll them in the order in which they were woken. That would always be nearly
//! the same order, and a part of it depends on random numbers that only `--cfg tokio_unstable` lets
//! a test choose. Here the order in which tasks are woken means nothing, and any interleaving can
//! come up. Tokio is left with timers, and with channels and locks.

use std::{
    any::Any,
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use jobqueue::internals::simulation;
use tokio::task::coop::unconstrained;

use crate::process::{self, Process};

/// A task of the library, or of the simulation.
pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How many tasks are polled before tokio looks at its own.
const POLLS: usize = 16;

/// Which tasks could go on. Wakers know only this, since they may be used anywhere.
#[derive(Default)]
struct Ready {
    tasks: BTreeSet<u64>,
    waker: Option<Waker>,
}

struct TaskWaker {
    number: u64,
    ready: Arc<Mutex<Ready>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if ready.tasks.insert(self.number)
            && let Some(waker) = ready.waker.take()
        {
            waker.wake();
        }
    }
}

struct Entry {
    /// None while it is polled.
    task: Option<Task>,
    process: Process,
    waker: Waker,
}

struct Executor {
    tasks: BTreeMap<u64, Entry>,
    made: u64,
    ready: Arc<Mutex<Ready>>,
    rng: fastrand::Rng,
}

thread_local! {
    static EXECUTOR: RefCell<Option<Executor>> = const { RefCell::new(None) };
}

/// Ends a task when it is dropped.
struct End(u64);

impl Drop for End {
    fn drop(&mut self) {
        end(self.0);
    }
}

/// Takes this thread's tasks, and polls them in an order of this seed.
pub(crate) fn start(seed: u64) {
    let executor = Executor {
        tasks: BTreeMap::new(),
        made: 0,
        ready: Arc::default(),
        rng: fastrand::Rng::with_seed(seed),
    };
    EXECUTOR.set(Some(executor));
    simulation::run_tasks_in(|task| spawn_in(process::current(), task));
}

/// Ends all tasks.
pub(crate) fn stop() {
    with(|executor| executor.tasks.keys().copied().collect::<Vec<_>>()).into_iter().for_each(end);
    EXECUTOR.set(None);
    simulation::leave();
}

fn with<T>(act: impl FnOnce(&mut Executor) -> T) -> T {
    EXECUTOR.with_borrow_mut(|executor| act(executor.as_mut().expect("it has started")))
}

/// Runs a task in a process, until what is returned is dropped.
pub(crate) fn spawn_in(process: Process, task: Task) -> Box<dyn Any + Send> {
    if !process.is_alive() {
        // A killed process does nothing more.
        drop(task);
        return Box::new(());
    }
    let number = with(|executor| {
        executor.made += 1;
        let (number, ready) = (executor.made, executor.ready.clone());
        let waker = Waker::from(Arc::new(TaskWaker { number, ready }));
        waker.wake_by_ref();
        // What a task may do at a time is for this executor to say.
        let task: Task = Box::pin(unconstrained(task));
        executor.tasks.insert(number, Entry { task: Some(task), process, waker });
        number
    });
    Box::new(End(number))
}

/// Runs a task in a process to its end.
pub(crate) fn detach_in(process: &Process, task: impl Future<Output = ()> + Send + 'static) {
    std::mem::forget(spawn_in(process.clone(), Box::pin(task)));
}

fn end(number: u64) {
    // At the end of a run there may be none.
    let entry = EXECUTOR.with_borrow_mut(|it| it.as_mut()?.tasks.remove(&number));
    if let Some(Entry { task, process, .. }) = entry {
        process.enter(|| drop(task));
    }
}

/// Ends all tasks of a process, wherever they are.
pub(crate) fn end_all_of(process: &Process) {
    let numbers = with(|executor| {
        let own = executor.tasks.iter().filter(|(_, entry)| entry.process == *process);
        own.map(|(number, _)| *number).collect::<Vec<_>>()
    });
    numbers.into_iter().for_each(end);
}

/// Looks again at the tasks of a process that stood still.
pub(crate) fn wake_all_of(process: &Process) {
    let wakers = with(|executor| {
        let own = executor.tasks.values().filter(|entry| entry.process == *process);
        own.map(|entry| entry.waker.clone()).collect::<Vec<_>>()
    });
    wakers.iter().for_each(Waker::wake_by_ref);
}

/// Polls tasks for ever.
pub(crate) async fn run() {
    poll_fn(|context| {
        for _ in 0..POLLS {
            if !poll_one(context) {
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// Whether there was one to poll.
fn poll_one(context: &Context<'_>) -> bool {
    let Some((number, mut task, process, waker)) = with(|executor| executor.choose(context)) else {
        return false;
    };
    let polled = process.enter(|| task.as_mut().poll(&mut Context::from_waker(&waker)));
    let kept = with(|executor| match executor.tasks.get_mut(&number) {
        Some(entry) if polled.is_pending() => {
            entry.task = Some(task);
            None
        }
        // It has ended, or its process has.
        _ => {
            executor.tasks.remove(&number);
            Some(task)
        }
    });
    process.enter(|| drop(kept));
    true
}

impl Executor {
    fn choose(&mut self, context: &Context<'_>) -> Option<(u64, Task, Process, Waker)> {
        let ready = self.ready.clone();
        let mut ready = ready.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if ready.tasks.is_empty() {
                ready.waker = Some(context.waker().clone());
                return None;
            }
            let chosen = self.rng.usize(..ready.tasks.len());
            let number = *ready.tasks.iter().nth(chosen)?;
            ready.tasks.remove(&number);
            let Some(entry) = self.tasks.get_mut(&number) else { continue };
            // One that stands still is looked at again when it goes on.
            if entry.process.is_frozen() {
                continue;
            }
            let Some(task) = entry.task.take() else { continue };
            return Some((number, task, entry.process.clone(), entry.waker.clone()));
        }
    }
}
