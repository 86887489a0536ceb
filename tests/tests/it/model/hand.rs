//! Receiving by hand: who has which jobs, what may be done with them, and what the queue makes of
//! it.

use jobqueue_tests::raw::{Rig, args};
use proptest::{prelude::*, sample::select};
use redis::Value;

use super::{
    op::{Ending, ending},
    queue::{Answer, Out, Place, Queue},
    reply::{number, text},
    request::{self, Call, Join, Turn, signed},
    turn::SLEEP,
    workers,
};

/// The name under which all jobs are held that are out by hand.
pub(super) const NAME: &str = "by-hand";

/// What a consumer does.
#[derive(Clone, Debug)]
pub(super) enum Op {
    /// Its answer may get lost on the way.
    Receive {
        want: usize,
        out: u64,
        lost: bool,
    },
    Acknowledge {
        delivery: usize,
        hold: u64,
        end: Ending,
    },
    Extend {
        delivery: usize,
        out: u64,
    },
    /// Of a receive whose answer was lost; then a call of it arrives late.
    GiveBack,
}

/// A call.
#[derive(Clone, Debug)]
pub(super) enum Request {
    Settle { id: String, turn: Turn },
    Extend { receive: String, id: String, out: u64 },
    GiveBack { receive: String },
}

pub(super) fn op() -> impl Strategy<Value = Op> {
    let out = || select(vec![100, 1_000, 10_000, 43_200_000]);
    let hold = select(vec![0, 0, 0, 800]);
    prop_oneof![
        4 => (0_usize..4, out(), prop::bool::weighted(0.2))
            .prop_map(|(want, out, lost)| Op::Receive { want, out, lost }),
        4 => (0_usize..6, hold, ending())
            .prop_map(|(delivery, hold, end)| Op::Acknowledge { delivery, hold, end }),
        2 => (0_usize..6, out()).prop_map(|(delivery, out)| Op::Extend { delivery, out }),
        1 => Just(Op::GiveBack),
    ]
}

/// What consumers believe they have.
#[derive(Debug, Default)]
pub(super) struct Hand {
    receives: usize,
    /// Receive, id, failed attempts.
    out: Vec<(String, String, u32)>,
    /// Receives whose answers were lost.
    lost: Vec<String>,
}

impl Hand {
    /// The calls that an operation makes.
    pub(super) fn requests(&mut self, op: &Op) -> Vec<request::Request> {
        let late = |receive: &str, want, out| {
            let worker = receive.to_owned();
            let turn = Turn { worker, lease: 30_000, want, out: Some(out), ..Turn::default() };
            request::Request::Advance(turn)
        };
        match op {
            Op::Receive { want, out, .. } => {
                self.receives += 1;
                let receive = format!("r{}", self.receives);
                let join = Join {
                    worker: receive.clone(),
                    former: String::new(),
                    lease: 30_000,
                    rate: "-".to_owned(),
                    active: "-".to_owned(),
                    known: Vec::new(),
                };
                vec![request::Request::Join(join), late(&receive, *want, *out)]
            }
            Op::Acknowledge { delivery, hold, end } => {
                let Some((receive, id, attempts)) = self.pick(*delivery) else { return Vec::new() };
                let mut turn = Turn { worker: receive, hold: *hold, ..Turn::default() };
                turn.end(id.clone(), attempts + 1, end);
                vec![request::Request::Hand(Request::Settle { id, turn })]
            }
            Op::Extend { delivery, out } => {
                let Some((receive, id, _)) = self.pick(*delivery) else { return Vec::new() };
                let extend = Request::Extend { receive, id, out: *out };
                // Heard of or not, it may be made twice.
                vec![request::Request::Hand(extend); 2]
            }
            Op::GiveBack => {
                let Some(receive) = self.lost.pop() else { return Vec::new() };
                let late = late(&receive, 3, 1_000);
                let back = request::Request::Hand(Request::GiveBack { receive });
                vec![back.clone(), late, back]
            }
        }
    }

    fn pick(&self, delivery: usize) -> Option<(String, String, u32)> {
        self.out.get(delivery % self.out.len().max(1)).cloned()
    }

    /// What a consumer hears.
    pub(super) fn answered(&mut self, request: &request::Request, op: &Op, answer: Option<&Value>) {
        match (request, op, answer) {
            (request::Request::Advance(turn), Op::Receive { lost: true, .. }, _) => {
                self.lost.push(turn.worker.clone());
            }
            (request::Request::Advance(turn), Op::Receive { .. }, Some(answer)) => {
                let [_, _, _, _, ids, _, attempts, ..] = workers::parts(answer) else {
                    panic!("nine parts were expected");
                };
                for (index, id) in workers::text(ids).split_whitespace().enumerate() {
                    let made = workers::made(workers::parts(attempts).get(index));
                    self.out.push((turn.worker.clone(), id.to_owned(), made));
                }
            }
            (request::Request::Hand(Request::Settle { id, turn }), ..) => {
                self.out.retain(|(receive, other, _)| (receive, other) != (&turn.worker, id));
            }
            _ => {}
        }
    }
}

impl Request {
    pub(super) fn call(&self) -> Call {
        let call = |script, args| Call { script, args, ..Call::default() };
        match self {
            Self::Settle { id, turn } => {
                let mut args = args![Rig::BASE, turn.worker, turn.hold, 1, id];
                args.extend(turn.blocks());
                call("worker/settle", args)
            }
            Self::Extend { receive, id, out } => call("worker/extend", args![receive, id, out]),
            Self::GiveBack { receive } => call("worker/give_back", args![receive, 0]),
        }
    }
}

impl Place {
    /// Whether a job is out by hand, and should have been acknowledged by now.
    pub(super) fn is_overdue(&self, now: i64) -> bool {
        matches!(self, Self::Active { out: Some(out), .. } if out.until < now)
    }
}

impl Queue {
    pub(super) fn by_hand(&mut self, request: &Request) -> Answer {
        match request {
            Request::Settle { id, turn } => {
                self.must_be_out(&turn.worker, id)?;
                let (sifted, marked) = self.sifted(turn);
                self.settle(&sifted, &marked);
                self.mind_hand();
                let hold = self.now + signed(turn.hold);
                if turn.hold > 0 && hold > self.throttle().unwrap_or(0) {
                    self.meta.insert("throttled_until", hold.to_string());
                    self.meta.insert("throttled_from", self.now.to_string());
                }
                let back = !turn.retried.is_empty()
                    || !turn.released.is_empty()
                    || !turn.unstarted.is_empty();
                let news = turn.hold > 0 || self.meta.contains_key("active");
                self.token |= back || (news && self.any_waits());
                Ok(number(0))
            }
            Request::Extend { receive, id, out } => {
                self.must_be_out(receive, id)?;
                if self.jobs[id].mark.is_some() {
                    return Err("CANCELLED the job is cancelled".to_owned());
                }
                let end = self.now + signed(*out);
                let first = self.workers.values().all(|at| end < *at);
                self.token |= first && end <= self.now + SLEEP;
                if let Place::Active { out: Some(out), .. } = &mut self.job(id).place {
                    out.until = end;
                }
                self.mind_hand();
                Ok(number(1))
            }
            Request::GiveBack { receive } => {
                let ids = self.held_by(NAME);
                let own = |id: &&String| self.must_be_out(receive, id).is_ok();
                let ids: Vec<String> = ids.iter().filter(own).cloned().collect();
                let ids = self.without_cancelled(&ids);
                self.hand_back(&ids);
                self.event_of("released", ids.iter());
                self.workers.remove(receive);
                self.mind_hand();
                self.token |= self.needs_successor();
                Ok(text("0"))
            }
        }
    }

    fn must_be_out(&self, receive: &str, id: &str) -> Result<(), String> {
        let place = self.jobs.get(id).map(|job| &job.place);
        match place {
            Some(Place::Active { out: Some(out), .. }) if out.receive == receive => Ok(()),
            _ => Err("LEASELOST the receive does not hold the job".to_owned()),
        }
    }

    /// The place of a job that a turn, or a receive, has fetched.
    pub(super) fn held(&self, turn: &Turn, rank: i64) -> Place {
        let (started, receive) = (self.now, turn.worker.clone());
        match turn.out {
            None => Place::Active { worker: receive, rank, started, out: None },
            Some(ms) => {
                let out = Out { receive, until: self.now + signed(ms) };
                Place::Active { worker: NAME.to_owned(), rank, started, out: Some(out) }
            }
        }
    }

    /// The name's lease ends with the first time, and the name with the last job.
    pub(super) fn mind_hand(&mut self) {
        let until = self.jobs.values().filter_map(|job| match &job.place {
            Place::Active { out: Some(out), .. } => Some(out.until),
            _ => None,
        });
        match until.min() {
            Some(first) => self.workers.insert(NAME.to_owned(), first),
            None => self.workers.remove(NAME),
        };
    }
}
