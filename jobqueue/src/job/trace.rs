//! The trace that a job belongs to: W3C Trace Context, in the job's headers.

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

use crate::value_error::Invalid;

/// The header that has the context.
const PARENT: &str = "traceparent";

/// The header of what vendors say beside it.
const STATE: &str = "tracestate";

/// What is known of the flags: whether the trace is sampled, and whether its id is random.
const KNOWN_FLAGS: u8 = 0b11;

/// A place in a trace: which trace, which span of it, and which span that one is a child of
/// ([W3C Trace Context](https://www.w3.org/TR/trace-context/)).
///
/// It travels in a job's headers `traceparent` and `tracestate`. A run of a job that has one is a
/// child of it: [`Context::trace`](crate::Context::trace).
///
/// ```
/// use jobqueue::trace::TraceContext;
///
/// let sent: TraceContext = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse()?;
/// let run = sent.child();
/// assert_eq!(run.trace_id(), sent.trace_id());
/// assert_eq!(run.parent_span_id(), Some(sent.span_id()));
/// assert!(run.is_sampled() && run.to_string().starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
/// # Ok::<(), jobqueue::error::Invalid>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace: TraceId,
    span: SpanId,
    parent: Option<SpanId>,
    flags: u8,
    state: Option<Arc<str>>,
}

/// Which trace: 16 bytes, not all zero. Displays as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId([u8; 16]);

/// Which span of a trace: 8 bytes, not all zero. Displays as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId([u8; 8]);

impl TraceContext {
    /// A place in a trace that somebody else has begun, such as the span of OpenTelemetry that is
    /// current.
    ///
    /// # Errors
    /// An id of zeros alone.
    pub fn new(trace: [u8; 16], span: [u8; 8], sampled: bool) -> Result<Self, Invalid> {
        if trace == [0; 16] || span == [0; 8] {
            return Err(Invalid::setup(
                "a trace context has an id of zeros",
                "use ids that are not zero",
            ));
        }
        let flags = u8::from(sampled);
        Ok(Self { trace: TraceId(trace), span: SpanId(span), parent: None, flags, state: None })
    }

    /// The beginning of a trace of its own, with random ids.
    #[must_use]
    pub fn root(sampled: bool) -> Self {
        let trace = TraceId(random().to_be_bytes());
        Self { trace, span: SpanId::random(), parent: None, flags: u8::from(sampled), state: None }
    }

    /// What vendors say beside it, as it stands in `tracestate`. It is handed on as it is.
    #[must_use]
    pub fn with_state(mut self, state: &str) -> Self {
        self.state = Some(state.into());
        self
    }

    /// A new span of the same trace, whose parent is this one.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { span: SpanId::random(), parent: Some(self.span), ..self.clone() }
    }

    /// The trace.
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.trace
    }

    /// The span.
    #[must_use]
    pub fn span_id(&self) -> SpanId {
        self.span
    }

    /// The span that this one is a child of, if it is known: of a run, what its job was sent with.
    #[must_use]
    pub fn parent_span_id(&self) -> Option<SpanId> {
        self.parent
    }

    /// Whether the trace is recorded.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags & 1 == 1
    }

    /// What vendors say beside it.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The context that a job was sent with. Nothing if there is none, or none that can be read: as
    /// the standard says, a broken one is as good as none.
    pub(crate) fn sent(headers: &BTreeMap<String, String>) -> Option<Self> {
        let context: Self = headers.get(PARENT)?.parse().ok()?;
        Some(match headers.get(STATE) {
            Some(state) => context.with_state(state),
            None => context,
        })
    }

    /// Puts the context into headers, unless they have one: a trace that was given wins.
    pub(crate) fn send(&self, headers: &mut BTreeMap<String, String>) {
        if headers.contains_key(PARENT) {
            return;
        }
        headers.insert(PARENT.to_owned(), self.to_string());
        if let Some(state) = self.state() {
            headers.entry(STATE.to_owned()).or_insert_with(|| state.to_owned());
        }
    }
}

impl fmt::Display for TraceContext {
    /// As it stands in `traceparent`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace, self.span, self.flags)
    }
}

impl FromStr for TraceContext {
    type Err = Invalid;

    /// Reads a `traceparent` of this version of the standard, and of a later one what this one
    /// knows of it.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new(PARENT, text, "use 00-<32 hex>-<16 hex>-<2 hex>");
        let mut parts = text.split('-');
        let mut next = || parts.next().unwrap_or_default();
        let (version, trace, span, flags) = (next(), next(), next(), next());
        let [version] = bytes(version).ok_or_else(invalid)?;
        let more = parts.next().is_some();
        if version == 0xff || (version == 0 && more) {
            return Err(invalid());
        }
        let trace: [u8; 16] = bytes(trace).ok_or_else(invalid)?;
        let span: [u8; 8] = bytes(span).ok_or_else(invalid)?;
        let [flags] = bytes(flags).ok_or_else(invalid)?;
        let context = Self::new(trace, span, false).map_err(|_| invalid())?;
        Ok(Self { flags: flags & KNOWN_FLAGS, ..context })
    }
}

impl TraceId {
    /// Its bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl SpanId {
    fn random() -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the lower half of random bits")]
        let bits = random() as u64;
        // One in 2^64, and not allowed.
        Self(bits.max(1).to_be_bytes())
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 8] {
        self.0
    }
}

fn random() -> u128 {
    fastrand::u128(1..)
}

/// So many bytes from lower-case hexadecimal digits, as the standard wants them.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

macro_rules! in_hex {
    ($id:ty) => {
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}
in_hex!(TraceId);
in_hex!(SpanId);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn contexts() -> impl Strategy<Value = TraceContext> {
        let ids = (1..=u128::MAX, 1..=u64::MAX, any::<bool>());
        (ids, prop::option::of("[ -~]{0,40}")).prop_map(|((trace, span, sampled), state)| {
            let context = TraceContext::new(trace.to_be_bytes(), span.to_be_bytes(), sampled);
            let context = context.expect("no zeros");
            state.map_or(context.clone(), |state| context.with_state(&state))
        })
    }

    proptest! {
        #[test]
        fn what_is_sent_is_read(context in contexts()) {
            let mut headers = BTreeMap::new();
            context.send(&mut headers);
            prop_assert_eq!(TraceContext::sent(&headers), Some(context));
        }

        #[test]
        fn children_stay_in_the_trace(context in contexts()) {
            let child = context.child();
            prop_assert_eq!(child.trace_id(), context.trace_id());
            prop_assert_eq!(child.parent_span_id(), Some(context.span_id()));
            prop_assert_ne!(child.span_id(), context.span_id());
            prop_assert_eq!((child.is_sampled(), child.state()), (context.is_sampled(), context.state()));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,70}") {
            if let Ok(context) = text.parse::<TraceContext>() {
                prop_assert_eq!(context.to_string().parse::<TraceContext>(), Ok(context));
            }
        }

        #[test]
        fn one_wrong_character_is_refused_or_read_as_it_stands(at in 0..55_usize, to in "[ -~]") {
            let mut text = SENT.to_owned();
            text.replace_range(at..=at, &to);
            if let Ok(context) = text.parse::<TraceContext>() {
                let known = context.to_string();
                prop_assert_eq!(&known[3..53], &text[3..53]);
            }
        }
    }

    #[test]
    fn what_the_standard_forbids_is_refused() {
        for text in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
        ] {
            assert!(text.parse::<TraceContext>().is_err(), "{text}");
        }
        assert!(TraceContext::new([0; 16], [1; 8], true).is_err());
    }

    #[test]
    fn of_a_later_version_what_is_known_is_read() {
        let later = format!("cc{}-what-else", &SENT[2..]);
        assert_eq!(later.parse::<TraceContext>(), SENT.parse());
    }

    #[test]
    fn a_context_that_was_given_wins() {
        let mut headers = BTreeMap::from([(PARENT.to_owned(), SENT.to_owned())]);
        TraceContext::root(true).with_state("a=b").send(&mut headers);
        assert_eq!((headers.len(), headers[PARENT].as_str()), (1, SENT));
    }
}
