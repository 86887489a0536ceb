//! The account of runs that every handler keeps: which job, how often, when.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{Answer, Kind, Percentiles};

/// Milliseconds since the epoch, with their fraction.
#[must_use]
pub fn now_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1e3)
}

/// How often each job ran, and when the first run of each began. Cheap to clone, all clones are
/// one.
#[derive(Clone, Debug)]
pub struct Tally(Arc<Account>);

#[derive(Debug)]
struct Account {
    kind: Kind,
    runs: Vec<AtomicU8>,
    /// When each first began, as the bits of milliseconds since the epoch; only where waits are
    /// asked.
    began: Vec<AtomicU64>,
    ran: AtomicUsize,
    last: AtomicU64,
}

impl Tally {
    /// An account of `jobs` jobs. With `waits` it notes when each began.
    #[must_use]
    pub fn new(jobs: usize, kind: Kind, waits: bool) -> Self {
        let began = if waits { jobs } else { 0 };
        Self(Arc::new(Account {
            kind,
            runs: (0..jobs).map(|_| AtomicU8::new(0)).collect(),
            began: (0..began).map(|_| AtomicU64::new(0)).collect(),
            ran: AtomicUsize::new(0),
            last: AtomicU64::new(0),
        }))
    }

    /// Notes a run of the job with this payload. Whether it is to succeed.
    ///
    /// # Panics
    /// The payload is none of this comparison's: then it proves nothing, and had better end.
    #[must_use]
    pub fn run(&self, payload: &str) -> bool {
        let index: usize = payload.get(..10).and_then(|digits| digits.parse().ok()).expect(
            "a payload begins with the job's number, so another program uses this Redis too",
        );
        let now = now_ms().to_bits();
        let before = self.0.runs[index].fetch_add(1, Ordering::Relaxed);
        if let (0, Some(began)) = (before, self.0.began.get(index)) {
            began.store(now, Ordering::Relaxed);
        }
        self.0.last.store(now, Ordering::Relaxed);
        self.0.ran.fetch_add(1, Ordering::Release);
        self.0.kind != Kind::FailOnce || before > 0
    }

    /// Runs so far.
    #[must_use]
    pub fn ran(&self) -> usize {
        self.0.ran.load(Ordering::Acquire)
    }

    /// When the first run of a job began; 0 if it didn't.
    #[must_use]
    pub fn began_ms(&self, index: usize) -> f64 {
        f64::from_bits(self.0.began[index].load(Ordering::Relaxed))
    }

    /// The whole account, with the waits that were reckoned from it.
    #[must_use]
    pub fn done(&self, waits: Option<Percentiles>) -> Answer {
        let digit = |runs: &AtomicU8| char::from(b'0' + runs.load(Ordering::Relaxed).min(9));
        let counts = self.0.runs.iter().map(digit).collect();
        Answer::Done { counts, last_ms: f64::from_bits(self.0.last.load(Ordering::Relaxed)), waits }
    }
}
