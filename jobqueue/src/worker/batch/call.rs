//! A call of a batch handler, without its types.

use std::{fmt, panic::AssertUnwindSafe};

use futures_util::FutureExt as _;

use super::context::BatchContext;
use crate::{
    job::{BoxFuture, Codec, Definition, Failure, Job},
    policy::{Batching, Verdict},
    settle::RunOutcome,
    value_error::{Invalid, MAX_RESULT, TooLarge},
    worker::run::{Context, panic_message},
};

/// What a run of a handler comes to: its encoded result, or how else it ended.
pub(crate) type ItemEnd = Result<Vec<u8>, RunOutcome>;

/// What a batch handler gives: an end for each job, or one failure for all.
pub(crate) type BatchEnd<T> = Result<Vec<Result<T, Failure>>, Failure>;

/// A call of a batch handler.
type Call<P, T> = fn(Vec<P>, BatchContext) -> BoxFuture<BatchEnd<T>>;

/// How a handler runs several jobs.
pub struct BatchCall<J: Job> {
    pub(crate) batching: Batching,
    pub(super) call: Call<J::Payload, J::Output>,
}

impl<J: Job> fmt::Debug for BatchCall<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchCall").field("batching", &self.batching).finish_non_exhaustive()
    }
}

impl<J: Job> BatchCall<J> {
    /// Checks what no type could.
    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        let Definition { name, run, .. } = J::DEFINITION;
        self.batching.validate().map_err(|invalid| invalid.of(format!("handler {name:?}")))?;
        if run.steps {
            let problem = format!("handler {name:?} runs batches and has steps");
            return Err(Invalid::setup(problem, "leave the steps out: they are of one job alone"));
        }
        Ok(())
    }

    /// Runs these jobs at once. Answers what each has come to, in their order.
    pub(crate) fn run(self, jobs: Vec<Context>) -> BoxFuture<Vec<ItemEnd>> {
        let call = self.call;
        Box::pin(async move {
            let (mut payloads, mut readable, mut ends) = (Vec::new(), Vec::new(), Vec::new());
            for job in jobs {
                match job.record().read(&J::VERSIONS) {
                    Ok(payload) => {
                        payloads.push(payload);
                        readable.push(job);
                        ends.push(None);
                    }
                    Err(error) => ends.push(Some(Err(RunOutcome::BadPayload(error)))),
                }
            }
            if readable.is_empty() {
                return ends.into_iter().flatten().collect();
            }
            let ctx: BatchContext = readable.into_iter().collect();
            let run = async { call(payloads, ctx.clone()).await };
            let outcomes = match AssertUnwindSafe(run).catch_unwind().await {
                Ok(end) => each::<J>(&ctx, end),
                Err(panic) => {
                    let message = panic_message(panic);
                    ctx.jobs().iter().map(|_| Err(RunOutcome::Panicked(message.clone()))).collect()
                }
            };
            let mut outcomes = outcomes.into_iter();
            ends.into_iter().filter_map(|end| end.or_else(|| outcomes.next())).collect()
        })
    }
}

/// The end of each job of a batch.
fn each<J: Job>(ctx: &BatchContext, end: BatchEnd<J::Output>) -> Vec<ItemEnd> {
    let jobs = ctx.jobs().iter();
    let end = end.and_then(|ends| match ends.len() {
        given if given == ctx.len() => Ok(ends),
        given => Err(unwritable(&WrongCount { given, jobs: ctx.len() })),
    });
    match end {
        Ok(ends) => {
            jobs.zip(ends).map(|(job, end)| written::<J>(job.record().codec, end)).collect()
        }
        Err(failure) => jobs.map(|_| Err(RunOutcome::Failure(failure.clone()))).collect(),
    }
}

fn written<J: Job>(codec: Codec, end: Result<J::Output, Failure>) -> ItemEnd {
    end.and_then(|output| write::<J>(codec, &output)).map_err(RunOutcome::Failure)
}

/// Writes a job's result.
pub(crate) fn write<J: Job>(codec: Codec, output: &J::Output) -> Result<Vec<u8>, Failure> {
    let bytes = codec.encode(output).map_err(|error| unwritable(&error))?;
    if bytes.len() > MAX_RESULT {
        let what = format!("the result of job {}", J::DEFINITION.name);
        return Err(unwritable(&TooLarge::returned(what, bytes.len(), MAX_RESULT)));
    }
    Ok(bytes)
}

/// The work was done: another attempt would not help.
fn unwritable(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::from_error(Verdict::Permanent, error)
}

/// A batch handler has given more ends, or fewer, than its batch has jobs: nobody knows whose they
/// are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the handler gave {given} results for a batch of {jobs} jobs")]
pub(super) struct WrongCount {
    pub(super) given: usize,
    pub(super) jobs: usize,
}

impl WrongCount {
    pub(super) fn failure(self) -> Failure {
        unwritable(&self)
    }
}
