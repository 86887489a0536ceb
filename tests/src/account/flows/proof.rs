//! Whether flows have ended as they should, and left nothing behind.

use std::collections::{BTreeMap, BTreeSet};

use jobqueue::Client;
use redis::{Connection, cmd};

use super::{QUEUES, kind::Kind};
use crate::{
    account::{Account, note::Note},
    leftovers::keys_that_stay,
};

/// What was found.
#[derive(Debug, Default)]
pub struct FlowProof {
    /// Flows that have ended, and their nodes that completed.
    pub flows: usize,
    /// Nodes that completed.
    pub nodes: usize,
    /// Jobs that followed from flows.
    pub followed: usize,
    /// Flows that were staged in part, and never started.
    pub half: usize,
    /// Whatever isn't as it should be.
    pub wrong: Vec<String>,
}

/// The notes of runs.
struct Noted {
    acknowledged: BTreeSet<String>,
    intended: BTreeSet<String>,
    /// By job, the runs that had their effect.
    effects: BTreeMap<String, Vec<String>>,
    /// By job, what it was called.
    names: BTreeMap<String, String>,
}

impl Noted {
    fn read(account: &Account) -> Self {
        let mut noted = Self {
            acknowledged: BTreeSet::new(),
            intended: BTreeSet::new(),
            effects: BTreeMap::new(),
            names: BTreeMap::new(),
        };
        for note in account.notes() {
            match note {
                Note::Intent { token } => drop(noted.intended.insert(token)),
                Note::Added { token, .. } => drop(noted.acknowledged.insert(token)),
                Note::Start { id, token, .. } => drop(noted.names.insert(id, token)),
                Note::Effect { id, run } => noted.effects.entry(id).or_default().push(run),
                Note::Lost { .. } => {}
            }
        }
        noted
    }
}

type Fields = BTreeMap<String, Vec<u8>>;

fn fields(connection: &mut Connection, key: &str) -> Fields {
    cmd("HGETALL").arg(key).query(connection).expect("a hash")
}

fn text(fields: &Fields, name: &str) -> String {
    fields.get(name).map(|text| String::from_utf8_lossy(text).into_owned()).unwrap_or_default()
}

fn number(fields: &Fields, name: &str) -> usize {
    text(fields, name).parse().unwrap_or_default()
}

/// Proves what can be proven. `connection` gives one to the node that has a queue.
///
/// # Panics
/// The server can't be reached.
pub async fn prove(
    account: &Account,
    client: &Client,
    connection: impl Fn(&str) -> Connection,
) -> FlowProof {
    let (noted, mut proof) = (Noted::read(account), FlowProof::default());
    let (mut sent, mut found) = (0, BTreeSet::new());
    for home in QUEUES {
        let mut connection = connection(home);
        let base = account.base_of(home);
        let ids: BTreeMap<String, String> =
            cmd("HGETALL").arg(format!("{base}flows")).query(&mut connection).expect("a hash");
        for (id, key) in &ids {
            let flow = fields(&mut connection, &format!("{base}flow:{key}"));
            let outcomes = fields(&mut connection, &format!("{base}flow:{key}:outcomes"));
            sent += outcomes.len() + proof.flow(&noted, (id, key), &flow, &outcomes);
            found.insert(id.clone());
        }
        proof.nothing_is_left(&mut connection, &base, ids.len());
    }
    proof.flows = found.len();
    for lost in noted.acknowledged.difference(&found) {
        proof.wrong.push(format!("{lost} was acknowledged, and isn't there"));
    }
    for unknown in found.difference(&noted.intended) {
        proof.wrong.push(format!("nobody started {unknown}"));
    }
    proof.jobs(client, sent as u64).await;
    proof
}

impl FlowProof {
    /// One flow. Answers how many jobs followed from it.
    fn flow(
        &mut self,
        noted: &Noted,
        (id, key): (&str, &str),
        flow: &Fields,
        outcomes: &Fields,
    ) -> usize {
        let end = Kind::of(id).expect("a kind").end();
        let state = text(flow, "state");
        let counts =
            ["nodes", "left", "completed", "failed", "cancelled"].map(|it| number(flow, it));
        let [nodes, left, completed, failed, cancelled] = counts;
        let failing = end.state == "failed" && end.follow.is_empty();
        let well = state == end.state
            && (nodes, left, completed + failed + cancelled) == (end.nodes, 0, nodes)
            && (failing || completed == end.completed);
        if !well {
            self.wrong.push(format!("{id} is {state} with {counts:?}, and should be {end:?}"));
        }
        for (member, outcome) in outcomes.iter().filter(|(_, outcome)| outcome[1] == 0) {
            let job = format!("{key}.{member}@");
            let runs = noted.effects.get(&job).map(Vec::as_slice).unwrap_or_default();
            let has = |run: &String| outcome.windows(run.len()).any(|part| part == run.as_bytes());
            if !runs.iter().any(has) {
                self.wrong.push(format!("the end of {job} of {id} is that of no run: {runs:?}"));
            }
            self.nodes += 1;
        }
        for on in ["success", "complete", "death"] {
            let (job, expected) = (format!("{key}.{on}"), end.follow.contains(&on));
            let ran = noted.effects.contains_key(&job);
            let named = noted.names.get(&job).is_none_or(|name| *name == format!("{id}/{on}"));
            if ran != expected || !named {
                self.wrong.push(format!("{job} of {id} ran: {ran}, and should: {expected}"));
            }
        }
        self.followed += end.follow.len();
        end.follow.len()
    }

    /// Flows that have ended are there until they expire, and nothing else.
    fn nothing_is_left(&mut self, connection: &mut Connection, base: &str, flows: usize) {
        let stay = keys_that_stay(connection, &format!("{base}flow*"));
        let known =
            ["flows", "flow:ids", "flows:ended", "flows:kept"].map(|name| format!("{base}{name}"));
        let leaked: Vec<_> = stay.iter().filter(|key| !known.contains(*key)).collect();
        if !leaked.is_empty() {
            self.wrong.push(format!("left behind: {leaked:?}"));
        }
        let outbox: usize =
            cmd("XLEN").arg(format!("{base}outbox")).query(connection).expect("a number");
        if outbox > 0 {
            self.wrong.push(format!("{outbox} entries in the outbox of {base}"));
        }
        let keys: Vec<String> =
            cmd("KEYS").arg(format!("{base}flow:*:records")).query(connection).expect("keys");
        self.half += keys.len().saturating_sub(flows);
    }

    /// Each was added once, and has ended once.
    async fn jobs(&mut self, client: &Client, sent: u64) {
        let (mut added, mut ended) = (0, 0);
        for queue in QUEUES {
            let counts = client.queue(queue).expect("a good name").counts().await.expect("counted");
            added += counts.total_added;
            ended += counts.total_completed + counts.total_failed + counts.total_cancelled;
        }
        if (added, ended) != (sent, sent) {
            self.wrong.push(format!("{sent} jobs were sent, {added} came, {ended} ended"));
        }
    }
}
