//! An effect that happens once for a key: its result is recorded, and a repeated delivery gets
//! that.

mod error;

pub use error::{OnceError, TakesOnceError};

use std::{fmt, pin::Pin, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

use super::run::Context;
use crate::{
    error::{Error, Result},
    error_chain::chain,
    job::{Codec, JobId, OnceHeld},
    store::{
        QueueStore,
        once::{Begin, Begun, Finish, Release},
    },
    task::boxed,
    value_error::{Invalid, MAX_RESULT, TooLarge},
};

/// How long results are kept unless somebody says otherwise.
const LIFETIME: Duration = Duration::from_secs(86_400);

/// How long a run waits for another that is at the same effect.
const WAIT: Duration = Duration::from_secs(5);

/// How long a claim holds, and how often it is moved while its effect runs.
const HOLD: Duration = Duration::from_secs(15);
const RENEW: Duration = Duration::from_secs(4);

/// How often a waiting run looks: soon at first, then less often.
const FIRST_LOOK: Duration = Duration::from_millis(20);
const LAST_LOOK: Duration = Duration::from_millis(500);

/// The longest key, in bytes.
const MAX_KEY: usize = 256;

/// An effect about to happen once; awaited, it gives its result, or the one recorded before.
#[must_use = "nothing happens until it is awaited"]
pub struct Once<'a, F> {
    ctx: &'a Context,
    key: String,
    effect: F,
    lifetime: Duration,
    wait: Duration,
}

impl Context {
    /// Runs an effect once for a key: its result is recorded in the queue's Redis, and whoever
    /// comes with the same key later, in this queue, gets that result while the effect isn't run
    /// again. An error isn't recorded: the next one tries anew.
    ///
    /// Of two runs at the same time one runs the effect; the other waits for its result for [a
    /// while](Once::wait) and then goes back, which costs no attempt.
    ///
    /// What it guarantees: once a result is recorded, the effect isn't run again within the
    /// [lifetime](Once::lifetime). Between the effect and its record there is a gap that nobody can
    /// close from here: if the process dies in it, or is cut off from Redis for longer than a claim
    /// holds (15 s), the effect runs again. If it must not, let it be part of the same transaction
    /// as its record, in the database that it changes; or hand the key on to a service that knows
    /// idempotency keys.
    ///
    /// ```
    /// # use jobqueue::{job, Context, Failure};
    /// # async fn charge(_order: u64) -> Result<String, Failure> { Ok("receipt".into()) }
    /// # async fn mail(_receipt: &str) -> Result<(), Failure> { Ok(()) }
    /// #[job(queue = "orders", attempts = 5)]
    /// async fn process(order: u64, ctx: Context) -> Result<(), Failure> {
    ///     // If the mail fails, the next attempt charges nobody a second time.
    ///     let receipt = ctx.once(format!("charge-{order}"), charge(order)).await?;
    ///     mail(&receipt).await
    /// }
    /// ```
    ///
    /// The error is the effect's own, which has to take an [`OnceError`]. Keys have 1 to 256 bytes
    /// and no control characters, and a result has 1 MiB at most. [`id`](Self::id) is a good key
    /// for all that a job does.
    ///
    /// In a test of a handler without Redis the effect just runs.
    ///
    /// # Cancel safety
    /// Dropped before the effect has ended, it gives its claim back, and the next run begins anew.
    /// Once the effect has ended, its result is recorded even if this is dropped.
    pub fn once<T, E, F>(&self, key: impl fmt::Display, effect: F) -> Once<'_, F>
    where
        T: Serialize + DeserializeOwned + Send,
        E: TakesOnceError + Send,
        F: Future<Output = Result<T, E>> + Send,
    {
        Once { ctx: self, key: format!("key:{key}"), effect, lifetime: LIFETIME, wait: WAIT }
    }

    /// A whole handler, once for its job. Its keys are apart from those that handlers choose.
    pub(crate) fn once_for_job<F>(&self, effect: F) -> Once<'_, F> {
        let key = format!("job:{}", self.id());
        Once { ctx: self, key, effect, lifetime: LIFETIME, wait: WAIT }
    }
}

impl<F> Once<'_, F> {
    /// How long the result is kept; a day by default. It should be longer than deliveries may
    /// repeat, and no longer: each result is a key in Redis for that time.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// How long to wait for another run that is at the same effect, before the job goes back; 5 s
    /// by default, and never beyond the run's own time. Zero goes back at once.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }
}

impl<T, E, F> Once<'_, F>
where
    T: Serialize + DeserializeOwned + Send,
    E: From<OnceError> + Send,
    F: Future<Output = Result<T, E>> + Send,
{
    async fn run(self) -> Result<T, E> {
        let Self { ctx, key, effect, lifetime, wait } = self;
        check(&key, lifetime).map_err(|invalid| OnceError::Error(invalid.into()))?;
        let Some(line) = ctx.shared() else { return effect.await };
        if ctx.is_lost() {
            return Err(OnceError::Error(ctx.lease_lost("run an effect once")).into());
        }
        let claim = Claim { store: line.store.clone(), key: key.clone(), token: JobId::generate() };
        // From the first call on: if this is dropped before its answer, the key may be claimed.
        let mut guard = Guard(Some(claim));
        if let Some(recorded) = guard.take(ctx, wait).await? {
            debug!(key, "done before: the recorded result is returned");
            return Ok(read(&recorded)?);
        }
        let result = tokio::select! {
            biased;
            result = effect => result?,
            // Never ready.
            never = guard.keep() => match never {},
        };
        guard.record(result, lifetime).await.map_err(E::from)
    }
}

impl<'a, T, E, F> IntoFuture for Once<'a, F>
where
    T: Serialize + DeserializeOwned + Send + 'a,
    E: From<OnceError> + Send + 'a,
    F: Future<Output = Result<T, E>> + Send + 'a,
{
    type Output = Result<T, E>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<F> fmt::Debug for Once<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, lifetime, wait, .. } = self;
        f.debug_struct("Once")
            .field("key", key)
            .field("lifetime", lifetime)
            .field("wait", wait)
            .finish_non_exhaustive()
    }
}

fn check(key: &str, lifetime: Duration) -> Result<(), Invalid> {
    // Without the kind that was put before it.
    let key = key.split_once(':').map_or(key, |(_, key)| key);
    if key.is_empty() || key.len() > MAX_KEY || key.chars().any(char::is_control) {
        let advice = "use 1 to 256 bytes of text without control characters";
        return Err(Invalid::new("idempotency key", key, advice));
    }
    if lifetime < Duration::from_millis(1) {
        return Err(Invalid::new("lifetime", lifetime, "use 1 ms or more"));
    }
    Ok(())
}

fn read<T: DeserializeOwned>(recorded: &[u8]) -> Result<T, OnceError> {
    Codec::MessagePack.decode(recorded).map_err(|error| OnceError::Error(error.into()))
}

/// The right of one run to an effect.
struct Claim {
    store: QueueStore,
    key: String,
    token: JobId,
}

impl Claim {
    async fn begin(&self) -> Result<Begun> {
        let begin = Begin { key: &self.key, token: self.token.as_str(), throttle: HOLD };
        self.store.call_retrying(&begin).await
    }

    fn held(&self, left: Duration) -> OnceError {
        OnceError::OnceHeld { key: self.key.clone(), source: OnceHeld { left } }
    }

    /// Claims the key: nothing if the claim is ours, else what is recorded. Waits for another that
    /// is at it.
    async fn take(&self, ctx: &Context, wait: Duration) -> Result<Option<bytes::Bytes>, OnceError> {
        // Some of the run's time is left for the way back.
        let wait = ctx.time_left().map_or(wait, |left| wait.min(left * 9 / 10));
        let deadline = Instant::now() + wait.min(Duration::from_secs(86_400));
        let mut look = FIRST_LOOK;
        loop {
            let left = match self.begin().await? {
                Begun::Ours => return Ok(None),
                Begun::Done(result) => return Ok(Some(result)),
                Begun::Taken(left) => left,
            };
            if Instant::now() + look > deadline {
                return Err(self.held(left));
            }
            tokio::select! {
                biased;
                () = ctx.cancelled() => return Err(self.held(left)),
                () = sleep(look) => look = (look * 2).min(LAST_LOOK),
            }
        }
    }
}

/// Gives the claim back when the effect fails, panics or is dropped.
struct Guard(Option<Claim>);

impl Guard {
    /// [Claims](Claim::take) the key. If another has it there is nothing to give back.
    async fn take(
        &mut self,
        ctx: &Context,
        wait: Duration,
    ) -> Result<Option<bytes::Bytes>, OnceError> {
        let Some(claim) = &self.0 else { return Ok(None) };
        let taken = claim.take(ctx, wait).await;
        if matches!(taken, Ok(Some(_)) | Err(OnceError::OnceHeld { .. })) {
            self.0 = None;
        }
        taken
    }

    /// Moves the claim on, for as long as the effect runs.
    async fn keep(&self) -> std::convert::Infallible {
        loop {
            sleep(RENEW).await;
            let Some(claim) = &self.0 else { continue };
            match claim.begin().await {
                Ok(Begun::Ours) => {}
                Ok(_) => {
                    warn!(
                        key = claim.key,
                        "the claim of an effect ran out: another run is at it, too"
                    );
                }
                Err(error) => {
                    warn!(key = claim.key, error = %chain(&error), "the claim of an effect could not be moved");
                }
            }
        }
    }

    fn too_large(&self, size: usize) -> Error {
        let key = self.0.as_ref().map(|claim| claim.key.as_str()).unwrap_or_default();
        let what = format!("the result of the effect with the key {key:?}");
        TooLarge::returned(what, size, MAX_RESULT).into()
    }

    /// Records the result. If another run was faster, its result counts.
    async fn record<T>(mut self, result: T, lifetime: Duration) -> Result<T, OnceError>
    where
        T: Serialize + DeserializeOwned,
    {
        let bytes = Codec::MessagePack.encode(&result);
        let bytes = bytes.map_err(|error| OnceError::Error(error.into()))?;
        if bytes.len() > MAX_RESULT {
            return Err(OnceError::Error(self.too_large(bytes.len())));
        }
        // From here on it lapses rather than being given back: the effect has happened.
        let Some(claim) = self.0.take() else { return Ok(result) };
        let key = claim.key.clone();
        // On a task of its own: a run that is dropped now would leave its claim without a result.
        let recording = tokio::spawn(boxed(async move {
            let finish = Finish { key: &claim.key, result: &bytes, lifetime };
            if claim.store.call_retrying(&finish).await? {
                return Ok(None);
            }
            // Another run's, unless it has expired meanwhile.
            match claim.begin().await? {
                Begun::Done(earlier) => Ok(Some(earlier)),
                Begun::Ours | Begun::Taken(_) => Ok(None),
            }
        }));
        match recording.await.unwrap_or(Err(Error::Closed)) {
            Ok(None) => Ok(result),
            Ok(Some(earlier)) => read(&earlier),
            Err(error) => {
                // The effect has happened, which a failure would hide, and try again.
                warn!(key, error = %chain(&error), "an effect could not be recorded: a repeated delivery runs it again");
                Ok(result)
            }
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let (Some(claim), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        // If this comes to nothing, the claim lapses.
        runtime.spawn(boxed(async move {
            let release = Release { key: &claim.key, token: claim.token.as_str() };
            if let Err(error) = claim.store.call(&release).await {
                debug!(key = claim.key, error = %chain(&error), "a claim could not be given back: it runs out by itself");
            }
        }));
    }
}
