//! Workers as their schedules have it, in a time that is simulated.

use std::collections::VecDeque;

use jobqueue::internals::scripts;
use jobqueue_tests::{
    raw::{NOW, Rig, args, clocked, run, set_clock_micros},
    server::RedisServer,
};
use redis::{Connection, Value, cmd};

#[derive(Debug)]
pub(super) struct Setup {
    /// Between two starts, in ms.
    pub(super) interval: f64,
    pub(super) burst: u32,
    pub(super) workers: usize,
    pub(super) slots: usize,
    pub(super) seed: u64,
}

/// Times are in ms since the beginning.
#[derive(Debug, Default)]
pub(super) struct Played {
    pub(super) starts: Vec<f64>,
    /// Calls that neither fetched nor settled.
    pub(super) idle_calls: usize,
}

/// A worker.
#[derive(Debug)]
struct Pump {
    name: String,
    /// When it makes its next call; and whether it must hand that over if it has no room then.
    looks: f64,
    owes: bool,
    /// Runs, and when they end.
    runs: Vec<(String, f64)>,
    slots: usize,
}

impl Pump {
    fn room(&self) -> usize {
        self.slots - self.runs.len()
    }

    /// When it does something next.
    fn next(&self) -> f64 {
        let looks = if self.room() > 0 || self.owes { self.looks } else { f64::INFINITY };
        self.runs.iter().map(|(_, end)| *end).fold(looks, f64::min)
    }
}

/// How long workers sleep at most, in ms.
const MAX_SLEEP: f64 = 5_000.0;

/// How long a call takes to the server, and its answer back, in ms.
const WAY: f64 = 0.15;

/// The number of starts that are watched.
const STARTS: usize = 80;

struct Game<'a> {
    connection: &'a mut Connection,
    /// The names of the loaded scripts.
    advance: String,
    wake: String,
    random: fastrand::Rng,
    pumps: Vec<Pump>,
    /// Workers that wait for the token, the first in front.
    line: VecDeque<usize>,
    run_time: f64,
    played: Played,
}

/// A server for all that is played.
pub(super) struct Stage {
    connection: Connection,
    _server: RedisServer,
}

impl Stage {
    pub(super) fn new() -> Self {
        let server = RedisServer::builder().unix_socket().start();
        Self { connection: server.connection(), _server: server }
    }
}

fn load(connection: &mut Connection, name: &str) -> String {
    let script = scripts().into_iter().find(|script| script.name == name).expect("a script");
    cmd("SCRIPT").arg("LOAD").arg(clocked(script.source)).query(connection).expect("an answer")
}

pub(super) fn play(stage: &mut Stage, setup: &Setup) -> Played {
    let connection = &mut stage.connection;
    run(connection, "FLUSHALL SYNC");
    run(connection, "HSET jq:{q}:meta layout 2 events 0");
    let rate = format!("{} {}", setup.interval, setup.burst);
    let () =
        cmd("HSET").arg("jq:{q}:meta").arg("rate").arg(rate).query(connection).expect("an answer");
    let mut jobs = redis::pipe();
    for job in 0..STARTS + 500 {
        jobs.cmd("ZADD").arg("jq:{q}:waiting").arg(job).arg(format!("job{job:04}")).ignore();
    }
    let () = jobs.query(connection).expect("an answer");
    let (advance, wake) = (load(connection, "worker/advance"), load(connection, "worker/wake"));
    let mut random = fastrand::Rng::with_seed(setup.seed);
    let pump = |n: usize| {
        run(connection, &format!("ZADD jq:{{q}}:workers {} w{n}", NOW * 2));
        let looks = random.f64() * 3.0;
        let (name, slots) = (format!("w{n}"), setup.slots);
        Pump { name, looks, owes: false, runs: Vec::new(), slots }
    };
    let pumps = (0..setup.workers).map(pump).collect();
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let capacity = (setup.workers * setup.slots) as f64;
    // So that there are slots enough.
    let run_time = (setup.interval * capacity / 4.0).clamp(0.0, 40.0);
    let (line, played) = (VecDeque::new(), Played::default());
    let mut game = Game { connection, advance, wake, random, pumps, line, run_time, played };
    while game.played.starts.len() < STARTS {
        game.step();
    }
    game.played
}

impl Game<'_> {
    /// The next worker that has something to do does it.
    fn step(&mut self) {
        let next = |pump: &usize| self.pumps[*pump].next();
        let pump =
            (0..self.pumps.len()).min_by(|a, b| next(a).total_cmp(&next(b))).expect("a pump");
        let now = self.pumps[pump].next();
        assert!(now.is_finite(), "nobody will ever do anything");
        let ends = self.pumps[pump].runs.iter().any(|(_, end)| *end <= now);
        if self.pumps[pump].room() == 0 && !ends {
            self.hand_over(pump, now + WAY);
        } else {
            self.turn(pump, now);
        }
        self.hand_out_token(now);
    }

    /// Timers are late, at times much.
    fn late(&mut self) -> f64 {
        let more = if self.random.u8(0..60) == 0 { 10.0 } else { 0.0 };
        self.random.f64() * 1.2 + more
    }

    fn turn(&mut self, index: usize, now: f64) {
        let pump = &mut self.pumps[index];
        let held = pump.runs.len();
        let ended: Vec<String> =
            pump.runs.extract_if(.., |(_, end)| *end <= now).map(|(id, _)| id).collect();
        let want = pump.room();
        let name = pump.name.clone();
        let mut args = args![Rig::BASE, name, 10_000, held, want, 0, ""];
        if ended.is_empty() {
            args.extend(args![0]);
        } else {
            args.extend(args![1, "completed", 0, -1, ended.len()]);
            ended.iter().for_each(|id| args.extend(args![id]));
        }
        args.extend(args![0, 0, 10, 0]);
        let answer = self.call(&name, now + WAY, args);
        let [
            _,
            Value::Int(wait),
            Value::Int(left),
            Value::BulkString(why),
            Value::BulkString(ids),
            ..,
        ] = &answer[..]
        else {
            panic!("another answer: {answer:?}")
        };
        let now = now + 2.0 * WAY;
        let ids = String::from_utf8_lossy(ids).into_owned();
        let ids: Vec<String> = ids.split_whitespace().map(str::to_owned).collect();
        if ids.is_empty() && ended.is_empty() {
            self.played.idle_calls += 1;
        }
        let ready = why.is_empty() && ids.len() == want && *left > 0;
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let nap = (*wait as f64).min(MAX_SLEEP);
        let late = self.late();
        let pump = &mut self.pumps[index];
        for id in ids {
            self.played.starts.push(now);
            pump.runs.push((id, now + self.run_time));
        }
        pump.looks = if ready { now } else { now + nap + late };
        pump.owes = why == b"rate";
        self.line.retain(|other| *other != index);
        self.line.push_back(index);
    }

    /// It was to look now, and has no room.
    fn hand_over(&mut self, index: usize, now: f64) {
        let pump = &mut self.pumps[index];
        (pump.owes, pump.looks) = (false, now);
        let mut eval = cmd("EVALSHA");
        eval.arg(&self.wake).arg(6);
        for column in ["waiting", "delayed", "expiring", "workers", "meta", "wake"] {
            eval.arg(format!("{}{column}", Rig::BASE));
        }
        let name = pump.name.clone();
        self.set_clock(now);
        let () = eval.arg(name).arg("").query(self.connection).expect("an answer");
        self.played.idle_calls += 1;
    }

    fn set_clock(&mut self, now: f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of our era")]
        set_clock_micros(self.connection, NOW * 1_000 + (now * 1_000.0) as u64);
    }

    fn call(&mut self, worker: &str, now: f64, args: Vec<Vec<u8>>) -> Vec<Value> {
        const COLUMNS: [&str; 18] = [
            "jobs",
            "waiting",
            "delayed",
            "workers",
            "running",
            "priority",
            "attempts",
            "stalls",
            "misses",
            "progress",
            "listed",
            "uniques",
            "outcomes",
            "completed",
            "failed",
            "meta",
            "events",
            "wake",
        ];
        self.set_clock(now);
        let mut eval = cmd("EVALSHA");
        eval.arg(&self.advance).arg(COLUMNS.len());
        for column in COLUMNS {
            let own = if column == "running" { format!(":{worker}") } else { String::new() };
            eval.arg(format!("{}{column}{own}", Rig::BASE));
        }
        match eval.arg(args).query(self.connection) {
            Ok(Value::Array(answer)) => answer,
            other => panic!("no answer: {other:?}"),
        }
    }

    /// The token goes to the first in line that has room; one that has none puts it back.
    fn hand_out_token(&mut self, now: f64) {
        let waits = |index: &usize| self.pumps[*index].room() > 0 && self.pumps[*index].looks > now;
        let Some(at) = self.line.iter().position(waits) else { return };
        if run(self.connection, "LPOP jq:{q}:wake") != Value::Nil {
            let index = self.line.remove(at).expect("it waits");
            self.pumps[index].looks = now + WAY;
        }
    }
}
