//! The schedule of a pump: whether there is a reason for a turn, how many jobs to fetch, and until
//! when to sleep if nothing is due. Pure: the time, the phase and the load are arguments.

use std::time::Duration;

use tokio::time::Instant;

use super::drain::GRACE;
use crate::{
    store::{
        MAX_BATCH,
        worker::{Limit, Turn},
    },
    worker::{config::MAX_SLEEP, run::Demand, signals::Phase},
};

/// How much later than others a pump looks for due jobs while a job may be due that it has sent
/// back for them. Otherwise all wake at the same time, and a pump that can't run the job may win
/// again and again.
const HANDOVER: Duration = Duration::from_millis(300);

/// A pump that has room for more jobs than this fetches half of what it can hold: one half runs
/// while Redis hands out the other. With all in one call, Redis and the handlers would wait for
/// each other. With fewer, a call's fixed cost counts more.
const SHARE: usize = 100;

/// What the pump expects of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FetchState {
    /// There are jobs, most likely.
    Ready,
    /// There are none for now: sleep until the token comes, or until then.
    Idle(Instant),
    /// There are, but none may be fetched before then.
    Throttled(Instant),
}

/// When to make the next turn.
#[derive(Debug)]
pub(super) struct Schedule {
    state: FetchState,
    /// When to look for expired jobs, also without a free slot; none if no job of the queue
    /// expires.
    expires: Option<Instant>,
    /// Whether this pump lets others come first to due jobs, since it has sent one back for them.
    yields: Option<Yield>,
    /// Whether it would take jobs, as of the last time that it was asked.
    looks: bool,
    /// When a handler that has reached its rate may start the next job, as of the last look.
    more_at: Option<Instant>,
    /// Whether nothing falls due before the pump looks by itself, as of the last turn.
    nothing_due: bool,
    /// Whether a heartbeat found the lease lost.
    lease_lost: bool,
}

/// A time in which others come first to due jobs.
#[derive(Clone, Copy, Debug)]
struct Yield {
    until: Instant,
    /// Whether the pump has passed on the token meanwhile.
    passed_token: bool,
}

/// What the schedule looks at, beside its own state.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) now: Instant,
    pub(super) phase: Phase,
    /// How many jobs the handlers' breakers let run.
    pub(super) demand: Demand,
    /// How many more jobs the pump can hold, and how many in all.
    pub(super) room: usize,
    pub(super) capacity: usize,
    /// How many of them run in one slot at most.
    pub(super) jobs_a_slot: usize,
    /// When a handler that has reached its rate may start the next job.
    pub(super) more_at: Option<Instant>,
    /// Whether there are settlements or a throttle to tell Redis.
    pub(super) pending: bool,
    /// Whether no job is held.
    pub(super) empty: bool,
    /// Whether no slot is taken at all.
    pub(super) idle: bool,
}

/// What the pump does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It makes a turn.
    Turn,
    /// It sleeps until then, or until a run ends or the token comes.
    Sleep { until: Instant, wait: Wait },
}

/// What a sleeping pump waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Its own runs, and time.
    Nothing,
    /// The wake token.
    ForToken,
    /// The wake token, and jobs that are fetched along with it.
    ForJobs { want: usize },
}

/// When a sleep that was planned until then ends. A pending fetch looks by itself, so a pump whose
/// time has come sleeps on: its fetch is overdue, and is answered or fails.
pub(super) fn end_of_sleep(until: Instant, is_fetching: bool) -> Instant {
    let now = Instant::now();
    if is_fetching && until <= now { now + MAX_SLEEP } else { until }
}

impl Schedule {
    pub(super) fn new() -> Self {
        Self {
            state: FetchState::Ready,
            expires: None,
            yields: None,
            looks: false,
            more_at: None,
            nothing_due: false,
            lease_lost: false,
        }
    }

    pub(super) fn next(&self, view: &View) -> Next {
        if self.has_reason(view) {
            return Next::Turn;
        }
        let asks = view.phase == Phase::Working && view.room > 0;
        let takes = self.want(view) > 0;
        let tick = view.now + MAX_SLEEP;
        let until = match (self.state, view.phase) {
            (FetchState::Idle(until), _) if asks => until.min(tick),
            (FetchState::Throttled(until), Phase::Working) => until.min(tick),
            (_, Phase::Draining(deadline)) if deadline > view.now => deadline.min(tick),
            (_, Phase::Draining(_)) => view.now + GRACE / 10,
            _ => tick,
        };
        let until = [self.expires, view.more_at].into_iter().flatten().fold(until, Instant::min);
        let wait = match self.state {
            FetchState::Idle(_) if takes && self.may_fetch_along(view) => {
                Wait::ForJobs { want: self.want(view) }
            }
            // Also while the queue is throttled: that may be over sooner.
            FetchState::Idle(_) | FetchState::Throttled(_) if takes => Wait::ForToken,
            _ => Wait::Nothing,
        };
        Next::Sleep { until, wait }
    }

    fn has_reason(&self, view: &View) -> bool {
        view.pending
            || self.lease_lost
            || self.expires.is_some_and(|expires| expires <= view.now)
            || (self.state == FetchState::Ready && self.want(view) > 0)
            || (view.empty && matches!(view.phase, Phase::Draining(_)))
    }

    /// Whether the pump makes no other call before the token comes. A fetch that is sent along
    /// can't be taken back when a job falls due.
    fn may_fetch_along(&self, view: &View) -> bool {
        view.idle && view.demand == Demand::Any && view.more_at.is_none() && self.nothing_due
    }

    /// Whether the pump would have taken jobs, had it a free slot, and doesn't any more; or it was
    /// to look now, and has no free slot.
    pub(super) fn stops_looking(&mut self, view: &View) -> bool {
        let looks =
            view.phase == Phase::Working && matches!(view.demand, Demand::Any | Demand::One);
        let stops = std::mem::replace(&mut self.looks, looks) && !looks;
        self.more_at = view.more_at;
        let full = view.room == 0
            && matches!(self.state, FetchState::Throttled(until) if until <= view.now);
        if full {
            self.state = FetchState::Ready;
        }
        stops || full
    }

    /// How many jobs a call made now asks for.
    pub(super) fn want(&self, view: &View) -> usize {
        if view.phase != Phase::Working {
            return 0;
        }
        let most = match view.demand {
            Demand::Any => MAX_BATCH,
            Demand::One => 1,
            Demand::NoneUntil(_) | Demand::None => 0,
        };
        // A batch may come in one call.
        let share = (view.capacity / 2).max(SHARE).max(view.jobs_a_slot);
        view.room.min(most).min(share)
    }

    /// A turn that asked for `want` jobs was answered.
    pub(super) fn answered(&mut self, turn: &Turn, want: usize, now: Instant) {
        let yields = self.yields.is_some_and(|yields| now < yields.until);
        let nap = turn.look_in.min(MAX_SLEEP) + if yields { HANDOVER } else { Duration::ZERO };
        if want > 0 {
            // Expired jobs come on top of the wanted ones.
            let full = turn.taken.iter().filter(|taken| !taken.expired).count() == want;
            self.state = match turn.limit {
                Some(Limit::Rate | Limit::Throttled) => FetchState::Throttled(now + nap),
                Some(Limit::Paused | Limit::Active) => FetchState::Idle(now + nap),
                Some(Limit::Bytes) => FetchState::Ready,
                None if full && turn.left > 0 => FetchState::Ready,
                None => FetchState::Idle(now + nap),
            };
        }
        self.nothing_due = turn.look_in >= MAX_SLEEP && !yields && turn.more.expires_in.is_none();
        self.expires = turn.more.expires_in.map(|wait| now + wait.min(MAX_SLEEP));
    }

    /// There may be jobs: the token has come, the phase has changed, or the pump has joined anew.
    pub(super) fn ready(&mut self) {
        self.state = FetchState::Ready;
    }

    /// A handler that has a limit has room for more jobs.
    pub(super) fn room_again(&mut self) {
        if matches!(self.state, FetchState::Idle(_)) {
            self.state = FetchState::Ready;
        }
    }

    /// A sleep is over. A pending fetch looks by itself.
    pub(super) fn slept(&mut self, view: &View, is_fetching: bool) {
        if self.more_at.take().is_some_and(|at| at <= view.now) {
            self.room_again();
        }
        if !is_fetching
            && view.room > 0
            && let FetchState::Idle(until) | FetchState::Throttled(until) = self.state
            && until <= view.now
        {
            self.state = FetchState::Ready;
        }
    }

    /// A run has ended, and the breakers have let their handlers want this much.
    pub(super) fn run_ended(&mut self, demand: Demand) {
        if let Demand::NoneUntil(until) = demand {
            self.state = FetchState::Throttled(until);
        }
    }

    /// A job goes back for this long, for a worker that knows it.
    pub(super) fn yield_for(&mut self, delay: Duration, now: Instant) {
        let until = now.checked_add(delay.saturating_add(2 * HANDOVER));
        self.yields = until.map(|until| Yield { until, passed_token: false });
    }

    /// Whether the token, which has come to this pump, is for others too: they must know when the
    /// job is due that this one has sent back for them. Once, or it would go round for ever.
    pub(super) fn passes_on_token(&mut self, now: Instant) -> bool {
        let Some(yields) = &mut self.yields else { return false };
        !std::mem::replace(&mut yields.passed_token, true) && now < yields.until
    }

    /// A heartbeat found the lease lost.
    pub(super) fn lose_lease(&mut self) {
        self.lease_lost = true;
    }

    /// Whether a heartbeat found the lease lost; asked once.
    pub(super) fn take_lease_lost(&mut self) -> bool {
        std::mem::take(&mut self.lease_lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::{job::JobId, store::worker::Taken};

    const SECOND: Duration = Duration::from_secs(1);

    /// An idle pump with ten free slots, and nothing to tell.
    fn idle(now: Instant) -> View {
        View {
            now,
            phase: Phase::Working,
            demand: Demand::Any,
            room: 10,
            capacity: 10,
            jobs_a_slot: 1,
            more_at: None,
            pending: false,
            empty: true,
            idle: true,
        }
    }

    fn schedule(state: FetchState) -> Schedule {
        Schedule { state, ..Schedule::new() }
    }

    fn answer(taken: usize, look_in: Duration, limit: Option<Limit>, left: u64) -> Turn {
        let job = |_| Taken {
            id: JobId::generate(),
            record: None,
            tries: Default::default(),
            stalls: 0,
            misses: 0,
            expired: false,
            was_lost: false,
        };
        let taken = (0..taken).map(job).collect();
        Turn { now: 0, taken, limit, look_in, left, effects: false, more: Default::default() }
    }

    #[test]
    fn there_is_a_reason_for_a_turn() {
        let now = Instant::now();
        let (idle_state, working) = (FetchState::Idle(now + SECOND), idle(now));
        let draining = View { phase: Phase::Draining(now), empty: false, ..working };
        let paused = View { phase: Phase::Paused, ..working };
        let expired = Schedule { expires: Some(now), ..schedule(idle_state) };
        let lost = Schedule { lease_lost: true, ..schedule(idle_state) };
        for (schedule, view, expected, why) in [
            (schedule(FetchState::Ready), working, true, "there are jobs and slots"),
            (schedule(FetchState::Ready), View { room: 0, ..working }, false, "no slot is free"),
            (schedule(FetchState::Ready), paused, false, "it is paused"),
            (
                schedule(FetchState::Ready),
                View { demand: Demand::None, ..working },
                false,
                "a probe runs",
            ),
            (schedule(idle_state), working, false, "there are no jobs"),
            (schedule(FetchState::Throttled(now + SECOND)), working, false, "it is throttled"),
            (schedule(idle_state), View { pending: true, ..working }, true, "a run has ended"),
            (schedule(idle_state), View { pending: true, ..paused }, true, "the same in a pause"),
            (expired, View { room: 0, ..working }, true, "a job has expired"),
            (lost, working, true, "the lease is lost"),
            (schedule(FetchState::Ready), draining, false, "runs are to end first"),
            (schedule(idle_state), View { empty: true, ..draining }, true, "the last has ended"),
        ] {
            assert_eq!(schedule.next(&view) == Next::Turn, expected, "{why}");
        }
    }

    #[test]
    fn it_wants_what_fits_and_what_breakers_let_run() {
        let now = Instant::now();
        let large = View { room: 5_000, capacity: 5_000, ..idle(now) };
        for (view, expected) in [
            (idle(now), 10),
            (View { room: 3, ..idle(now) }, 3),
            (View { room: 0, ..idle(now) }, 0),
            (View { demand: Demand::One, ..idle(now) }, 1),
            (View { demand: Demand::NoneUntil(now), ..idle(now) }, 0),
            (View { phase: Phase::Paused, ..idle(now) }, 0),
            (View { phase: Phase::Draining(now), ..idle(now) }, 0),
            (View { room: 150, capacity: 150, ..idle(now) }, SHARE),
            (View { room: 400, capacity: 400, ..idle(now) }, 200),
            (large, MAX_BATCH),
        ] {
            assert_eq!(schedule(FetchState::Ready).want(&view), expected, "{view:?}");
        }
        assert_eq!(schedule(FetchState::Throttled(now)).want(&idle(now)), 10);
    }

    #[test]
    fn it_sleeps_until_something_is_due() {
        let now = Instant::now();
        let (soon, late) = (now + SECOND, now + 9 * SECOND);
        let full = View { room: 0, empty: false, idle: false, ..idle(now) };
        let paused = View { phase: Phase::Paused, ..idle(now) };
        let none = View { demand: Demand::None, ..idle(now) };
        let drain = |until| View { phase: Phase::Draining(until), empty: false, ..idle(now) };
        let tick = now + MAX_SLEEP;
        for (state, expires, view, until, wait) in [
            (FetchState::Idle(soon), None, idle(now), soon, Wait::ForToken),
            (FetchState::Idle(late), None, idle(now), tick, Wait::ForToken),
            (FetchState::Idle(late), Some(soon), idle(now), soon, Wait::ForToken),
            (FetchState::Throttled(soon), None, idle(now), soon, Wait::ForToken),
            (FetchState::Throttled(soon), None, none, soon, Wait::Nothing),
            (FetchState::Throttled(soon), None, full, soon, Wait::Nothing),
            (FetchState::Idle(soon), None, none, soon, Wait::Nothing),
            (FetchState::Idle(soon), None, full, tick, Wait::Nothing),
            (FetchState::Ready, None, full, tick, Wait::Nothing),
            (FetchState::Idle(soon), None, paused, tick, Wait::Nothing),
            (FetchState::Idle(soon), None, drain(soon), soon, Wait::Nothing),
            (FetchState::Idle(soon), None, drain(late), tick, Wait::Nothing),
            (FetchState::Idle(soon), None, drain(now), now + GRACE / 10, Wait::Nothing),
        ] {
            let schedule = Schedule { expires, ..schedule(state) };
            let next = schedule.next(&view);
            assert_eq!(next, Next::Sleep { until, wait }, "{state:?} {view:?}");
        }
    }

    #[test]
    fn a_fetch_goes_along_only_if_no_other_call_may_come_before() {
        let now = Instant::now();
        let mut schedule = schedule(FetchState::Ready);
        schedule.answered(&answer(0, 2 * MAX_SLEEP, None, 0), 10, now);
        let wait = |schedule: &Schedule, view| match schedule.next(&view) {
            Next::Sleep { wait, .. } => wait,
            Next::Turn => panic!("there is no reason for a turn"),
        };
        assert_eq!(wait(&schedule, idle(now)), Wait::ForJobs { want: 10 });
        let runs = View { idle: false, empty: false, ..idle(now) };
        assert_eq!(wait(&schedule, runs), Wait::ForToken, "a run's end would need a call");
        let breaker = View { demand: Demand::One, ..idle(now) };
        assert_eq!(wait(&schedule, breaker), Wait::ForToken, "a breaker may open");
        schedule.answered(&answer(0, SECOND, None, 0), 10, now);
        assert_eq!(wait(&schedule, idle(now)), Wait::ForToken, "a job falls due");
    }

    #[test]
    fn an_answer_says_when_to_look_again() {
        let now = Instant::now();
        let until = now + SECOND;
        for (taken, limit, left, expected) in [
            (10, None, 5, FetchState::Ready),
            (10, None, 0, FetchState::Idle(until)),
            (4, None, 5, FetchState::Idle(until)),
            (0, Some(Limit::Rate), 5, FetchState::Throttled(until)),
            (0, Some(Limit::Throttled), 5, FetchState::Throttled(until)),
            (0, Some(Limit::Paused), 5, FetchState::Idle(until)),
            (3, Some(Limit::Active), 5, FetchState::Idle(until)),
        ] {
            let mut schedule = schedule(FetchState::Ready);
            schedule.answered(&answer(taken, SECOND, limit, left), 10, now);
            assert_eq!(schedule.state, expected, "{taken} {limit:?} {left}");
        }
        let mut schedule = schedule(FetchState::Throttled(until));
        schedule.answered(&answer(0, 9 * SECOND, None, 0), 0, now);
        assert_eq!(schedule.state, FetchState::Throttled(until), "it asked for none");
    }

    #[test]
    fn after_sending_a_job_back_it_looks_later_than_others() {
        let now = Instant::now();
        let mut schedule = schedule(FetchState::Ready);
        schedule.yield_for(SECOND, now);
        schedule.answered(&answer(0, SECOND, None, 0), 10, now);
        assert_eq!(schedule.state, FetchState::Idle(now + SECOND + HANDOVER));
        let later = now + SECOND + 2 * HANDOVER;
        schedule.answered(&answer(0, SECOND, None, 0), 10, later);
        assert_eq!(schedule.state, FetchState::Idle(later + SECOND));
    }

    #[test]
    fn a_sleep_that_is_over_makes_it_look_unless_a_fetch_does() {
        let now = Instant::now();
        for (state, is_fetching, ready) in [
            (FetchState::Idle(now), false, true),
            (FetchState::Throttled(now), false, true),
            (FetchState::Idle(now), true, false),
            (FetchState::Idle(now + SECOND), false, false),
        ] {
            let mut schedule = schedule(state);
            schedule.slept(&idle(now), is_fetching);
            assert_eq!(schedule.state == FetchState::Ready, ready, "{state:?} {is_fetching}");
        }
    }

    #[test]
    fn a_pump_whose_fetch_is_overdue_sleeps_on() {
        let now = Instant::now();
        let (past, soon) = (now.checked_sub(SECOND).unwrap_or(now), now + 60 * SECOND);
        assert_eq!(end_of_sleep(past, false), past);
        assert!(end_of_sleep(past, true) >= now + MAX_SLEEP);
        assert_eq!((end_of_sleep(soon, false), end_of_sleep(soon, true)), (soon, soon));
    }

    #[test]
    fn it_stops_looking_once() {
        let now = Instant::now();
        let mut schedule = schedule(FetchState::Idle(now));
        assert!(!schedule.stops_looking(&idle(now)));
        let full = View { room: 0, idle: false, empty: false, ..idle(now) };
        assert!(!schedule.stops_looking(&full), "the fetch that filled it has told");
        let paused = View { phase: Phase::Paused, ..idle(now) };
        assert!(schedule.stops_looking(&paused) && !schedule.stops_looking(&paused));
        assert!(!schedule.stops_looking(&idle(now)));
        let probing = View { demand: Demand::None, ..idle(now) };
        assert!(schedule.stops_looking(&probing) && !schedule.stops_looking(&probing));
        schedule.state = FetchState::Throttled(now + SECOND);
        assert!(!schedule.stops_looking(&full), "it isn't its turn yet");
        let later = View { now: now + SECOND, ..full };
        assert!(schedule.stops_looking(&later) && !schedule.stops_looking(&later));
    }

    #[test]
    fn the_token_is_passed_on_once_after_a_job_was_sent_back() {
        let now = Instant::now();
        let mut schedule = schedule(FetchState::Idle(now));
        assert!(!schedule.passes_on_token(now));
        schedule.yield_for(SECOND, now);
        assert!(schedule.passes_on_token(now) && !schedule.passes_on_token(now));
        schedule.yield_for(SECOND, now);
        assert!(!schedule.passes_on_token(now + 2 * SECOND), "that is over");
    }

    #[test]
    fn an_open_breaker_throttles_until_it_may_probe() {
        let (now, mut schedule) = (Instant::now(), schedule(FetchState::Ready));
        schedule.run_ended(Demand::Any);
        assert_eq!(schedule.state, FetchState::Ready);
        schedule.run_ended(Demand::NoneUntil(now));
        assert_eq!(schedule.state, FetchState::Throttled(now));
    }

    #[test]
    fn a_lost_lease_is_a_reason_once() {
        let mut schedule = schedule(FetchState::Idle(Instant::now() + SECOND));
        schedule.lose_lease();
        assert!(schedule.take_lease_lost() && !schedule.take_lease_lost());
    }
}
