//! What a handler says when it did not succeed.

use std::{error::Error as StdError, fmt, time::Duration};

use super::{inner_verdict, job_error::JobError, marked::Marked, under_way::OnceHeld};
use crate::policy::{ErrorClass, Verdict, retry_after};

/// How long a bare `rate_limited` holds the queue.
pub const DEFAULT_HOLD: Duration = Duration::from_secs(1);

/// How long a bare `snooze` is.
pub const DEFAULT_SNOOZE: Duration = Duration::from_secs(60);

/// The most causes of an error that are kept: enough for people, and bounded.
const MAX_CAUSES: usize = 16;

/// The most bytes of one message that are kept.
const MAX_MESSAGE: usize = 4096;

/// A failed run: an error's text and causes, and what should become of the job.
///
/// A handler may return it as its error, and any error turns into one with `?`, to be retried. The
/// conversion doesn't see the verdict of an error that has one: write `.map_err(Failure::of)?`.
///
/// It turns into a `Box<dyn Error + Send + Sync>` as well, and [into an error](Self::into_error).
/// Its verdict is then found wherever it stands in an error's sources.
///
/// ```
/// use jobqueue::Failure;
///
/// fn parse(age: &str) -> Result<u8, Failure> {
///     if age.is_empty() {
///         return Err(Failure::permanent("no age given"));
///     }
///     Ok(age.parse()?)
/// }
/// # assert!(parse("12").is_ok() && parse("").is_err() && parse("x").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    verdict: Verdict,
    message: String,
    causes: Vec<String>,
    /// The job has not failed: another run has an effect of it in hand.
    held: bool,
}

impl Failure {
    /// An error that knows what follows, with its text, its causes and its verdict.
    ///
    /// ```
    /// use jobqueue::{Failure, JobError, retry::Verdict};
    ///
    /// #[derive(Debug, thiserror::Error, JobError)]
    /// #[error("no such order")]
    /// #[job(permanent)]
    /// struct NoOrder;
    ///
    /// fn find(id: u64) -> Result<u64, NoOrder> {
    ///     if id == 0 { Err(NoOrder) } else { Ok(id) }
    /// }
    ///
    /// fn total(id: u64) -> Result<u64, Failure> {
    ///     Ok(find(id).map_err(Failure::of)? * 10)
    /// }
    /// # assert_eq!(total(0).unwrap_err().verdict(), Verdict::Permanent);
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
    pub fn of<E: JobError>(error: E) -> Self {
        Self::from_error(error.verdict(), &error)
    }

    /// A failure after which the job is tried again with its backoff.
    pub fn retry(message: impl fmt::Display) -> Self {
        Self::new(Verdict::Retry, message)
    }

    /// A failure after which the job is tried again after `delay`.
    pub fn retry_after(delay: Duration, message: impl fmt::Display) -> Self {
        Self::new(Verdict::RetryAfter(delay), message)
    }

    /// A failure that no further attempt can mend.
    pub fn permanent(message: impl fmt::Display) -> Self {
        Self::new(Verdict::Permanent, message)
    }

    /// Not a failure: the work can't go on yet. The job is back after this time, and no attempt
    /// counts. How often is [bounded](crate::Add::snoozes).
    pub fn snooze(after: Duration, message: impl fmt::Display) -> Self {
        Self::new(Verdict::Snooze(after), message)
    }

    /// Not a failure of the job: the queue is held for `throttle`, and the job costs no attempt.
    pub fn rate_limited(throttle: Duration, message: impl fmt::Display) -> Self {
        Self::new(Verdict::RateLimited(throttle), message)
    }

    /// A failure of which the handler's [`RetryPolicy`](crate::retry::RetryPolicy) says what
    /// follows.
    pub fn classified(class: ErrorClass, message: impl fmt::Display) -> Self {
        Self::new(class.into(), message)
    }

    /// A failed HTTP request, [classified by its status](ErrorClass::from_http_status), with the
    /// text of its header `Retry-After` if it has one. A text that can't be read is let go.
    ///
    /// ```
    /// use std::time::Duration;
    /// use jobqueue::{retry::{ErrorClass, Verdict}, Failure};
    ///
    /// let failure = Failure::from_http(429, Some("30"), "the gateway is busy");
    /// let (class, retry_after) = (ErrorClass::RateLimited, Some(Duration::from_secs(30)));
    /// assert_eq!(failure.verdict(), Verdict::Classified { class, retry_after });
    /// ```
    pub fn from_http(status: u16, header: Option<&str>, message: impl fmt::Display) -> Self {
        let class = ErrorClass::from_http_status(status);
        let retry_after = header.and_then(retry_after);
        Self::new(Verdict::Classified { class, retry_after }, message)
    }

    /// The same under another verdict, or class of error:
    /// `Failure::from(error).with(ErrorClass::Validation)`.
    #[must_use]
    pub fn with(mut self, verdict: impl Into<Verdict>) -> Self {
        self.verdict = verdict.into();
        self
    }

    /// What should become of the job.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The error's own text.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The texts of the error's causes, outermost first.
    #[must_use]
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// As an error, whose sources are the causes. Whatever wraps it, `anyhow::Error` for instance:
    /// as long as it is among the sources, the verdict counts.
    #[must_use]
    pub fn into_error(self) -> impl JobError {
        Marked::new(self.verdict, self.message, self.causes)
    }

    /// An error of which nobody knows more than its sources.
    pub(crate) fn unmarked(error: &(dyn StdError + 'static)) -> Self {
        Self::from_error(inner_verdict::find(error), error)
    }

    /// What a function of the user's says of it. What another run has in hand has not failed.
    pub(crate) fn judged(self, verdict: Verdict) -> Self {
        if self.held { self } else { self.with(verdict) }
    }

    /// An error's text and causes under a verdict.
    pub(crate) fn from_error(verdict: Verdict, error: &(dyn StdError + 'static)) -> Self {
        let mut failure = Self::new(verdict, error);
        // Whatever it is wrapped in: the job has not failed.
        if let Some(under_way) = OnceHeld::find(error) {
            (failure.verdict, failure.held) = (under_way.verdict(), true);
        }
        let mut source = error.source();
        while let Some(cause) = source.filter(|_| failure.causes.len() < MAX_CAUSES) {
            failure.causes.push(bounded(cause));
            source = cause.source();
        }
        failure
    }

    /// Whether the job has not failed, and only waits for another run.
    pub(crate) fn is_held(&self) -> bool {
        self.held
    }

    pub(crate) fn into_parts(self) -> (String, Vec<String>) {
        (self.message, self.causes)
    }

    fn new(verdict: Verdict, message: impl fmt::Display) -> Self {
        Self { verdict, message: bounded(message), causes: Vec::new(), held: false }
    }
}

// `Failure` is no `std::error::Error` itself, as with `anyhow::Error`: otherwise this blanket
// conversion, which makes `?` work in handlers, would overlap with the reflexive one.
impl<E: StdError + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::unmarked(&error)
    }
}

impl From<Failure> for Box<dyn StdError + Send + Sync> {
    fn from(failure: Failure) -> Self {
        Box::new(failure.into_error())
    }
}

impl From<Failure> for Box<dyn StdError> {
    fn from(failure: Failure) -> Self {
        Box::new(failure.into_error())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// An error's text, cut on a character boundary.
fn bounded(message: impl fmt::Display) -> String {
    let mut text = message.to_string();
    if text.len() > MAX_MESSAGE {
        text.truncate(text.floor_char_boundary(MAX_MESSAGE));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    type Boxed = Box<dyn StdError + Send + Sync>;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Wrapping(#[source] Boxed);

    fn permanent() -> Failure {
        Failure::permanent("no such order")
    }

    #[test]
    fn a_failure_keeps_its_verdict_as_a_box_and_as_a_source() {
        let boxed: Boxed = permanent().into();
        assert_eq!(Marked::find(&*boxed), Some(Verdict::Permanent));
        let wrapped = Failure::from(Wrapping(permanent().into()));
        assert_eq!(wrapped.verdict(), Verdict::Permanent);
        assert_eq!((wrapped.message(), &wrapped.causes()[0][..]), ("outer", "no such order"));
        assert_eq!(Failure::from(Wrapping("other".into())).verdict(), Verdict::Retry);
    }

    #[test]
    fn its_text_and_causes_come_back() {
        let failure = Failure::from(Wrapping("inner".into())).with(Verdict::Permanent);
        let again = Failure::from(failure.clone().into_error());
        assert_eq!(again, failure);
    }

    #[test]
    fn boxes_say_what_is_in_them() {
        let marked = Arc::new(Box::new(permanent().into_error()));
        assert_eq!(marked.verdict(), Verdict::Permanent);
        let shared: Arc<dyn JobError> = marked;
        assert_eq!(shared.verdict(), Verdict::Permanent);
    }

    #[test]
    fn causes_are_kept_in_order() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] std::io::Error);

        let failure = Failure::from(Outer(std::io::Error::other("inner")));
        assert_eq!((failure.message(), failure.causes()), ("outer", &["inner".to_owned()][..]));
    }

    #[test]
    fn long_messages_are_cut() {
        let failure = Failure::permanent("ü".repeat(MAX_MESSAGE));
        assert!(failure.message().len() <= MAX_MESSAGE + '…'.len_utf8());
    }
}
