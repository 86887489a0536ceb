//! A real cluster: masters, each with a replica, on ports and in directories of their own.

use std::net::SocketAddr;

use redis::{Cmd, FromRedisValue, cmd};

use crate::{server::RedisServer, wait::blocking};

/// Three masters and three replicas. They are killed when this is dropped.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

const MASTERS: usize = 3;

/// How many slots a cluster has.
const SLOTS: usize = 16_384;

/// First slot, last slot, and the address of each node, the master first.
type Row = (u16, u16, Vec<(String, u16, String)>);

impl RedisCluster {
    /// A cluster whose nodes agree, and whose replicas have all.
    ///
    /// # Panics
    /// It doesn't come to be.
    #[must_use]
    pub fn start() -> Self {
        let node = |_| {
            RedisServer::builder()
                .option("cluster-enabled", &["yes"])
                .option("cluster-node-timeout", &["1500"])
                .option("cluster-require-full-coverage", &["no"])
                .option("cluster-replica-validity-factor", &["0"])
                .option("cluster-allow-replica-migration", &["no"])
                .option("repl-diskless-sync-delay", &["0"])
                .start()
        };
        let cluster = Self { nodes: (0..2 * MASTERS).map(node).collect() };
        cluster.join();
        cluster
    }

    fn join(&self) {
        for (at, node) in self.nodes.iter().enumerate() {
            ask::<()>(node, cmd("CLUSTER").arg("SET-CONFIG-EPOCH").arg(at + 1));
            if at < MASTERS {
                let (first, next) = (SLOTS * at / MASTERS, SLOTS * (at + 1) / MASTERS);
                ask::<()>(node, cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(first).arg(next - 1));
            }
            let mut meet = cmd("CLUSTER");
            meet.arg("MEET").arg("127.0.0.1").arg(node.port());
            ask::<()>(&self.nodes[0], &meet);
        }
        for (at, replica) in self.nodes.iter().enumerate().skip(MASTERS) {
            let master = self.id(at - MASTERS);
            let mut replicate = cmd("CLUSTER");
            replicate.arg("REPLICATE").arg(master);
            // Refused until it has heard of its master.
            blocking("a replica to know its master", || {
                replicate.query::<()>(&mut replica.connection()).is_ok()
            });
        }
        blocking("the nodes to agree", || {
            self.nodes.iter().all(|node| {
                let rows = rows(node);
                let info: String = ask(node, cmd("CLUSTER").arg("INFO"));
                rows.len() == MASTERS
                    && rows.iter().all(|(_, _, nodes)| nodes.len() == 2)
                    && info.contains("cluster_state:ok")
            })
        });
        (MASTERS..2 * MASTERS).for_each(|at| self.await_replica(at));
    }

    /// A node: the first three are masters at first, and the next three their replicas.
    #[must_use]
    pub fn node(&self, at: usize) -> &RedisServer {
        &self.nodes[at]
    }

    fn id(&self, at: usize) -> String {
        ask(&self.nodes[at], cmd("CLUSTER").arg("MYID"))
    }

    /// The slot of a queue.
    #[must_use]
    pub fn slot(&self, queue: &str) -> u16 {
        ask(&self.nodes[1], cmd("CLUSTER").arg("KEYSLOT").arg(queue))
    }

    /// Which node serves a slot, as a node sees it.
    #[must_use]
    pub fn master(&self, slot: u16, seen_by: usize) -> Option<usize> {
        let rows = rows(&self.nodes[seen_by]);
        let row = rows.into_iter().find(|(first, last, _)| (*first..=*last).contains(&slot))?;
        let (_, port, _) = row.2.into_iter().next()?;
        self.nodes.iter().position(|node| node.port() == port)
    }

    /// Kills a node.
    pub fn kill(&mut self, at: usize) {
        self.nodes[at].kill();
    }

    /// Starts a node again.
    pub fn restart(&mut self, at: usize) {
        self.nodes[at].restart();
    }

    /// Waits until a node is a replica that has all its master has.
    pub fn await_replica(&self, at: usize) {
        blocking("a replica to follow", || {
            let info: String = ask(&self.nodes[at], cmd("INFO").arg("replication"));
            info.contains("role:slave") && info.contains("master_link_status:up")
        });
    }

    /// Begins to move a slot: from now on either node may have a key of it.
    pub fn begin_move(&self, slot: u16, from: usize, to: usize) {
        self.set_slot(to, slot, "IMPORTING", from);
        self.set_slot(from, slot, "MIGRATING", to);
    }

    /// Moves the keys that are there now.
    pub fn move_keys(&self, slot: u16, from: usize, to: usize) {
        let address: SocketAddr = self.nodes[to].address();
        loop {
            let mut list = cmd("CLUSTER");
            list.arg("GETKEYSINSLOT").arg(slot).arg(100);
            let keys: Vec<String> = ask(&self.nodes[from], &list);
            if keys.is_empty() {
                return;
            }
            let mut migrate = cmd("MIGRATE");
            migrate.arg(address.ip().to_string()).arg(address.port()).arg("").arg(0).arg(5_000);
            ask::<()>(&self.nodes[from], migrate.arg("KEYS").arg(keys));
        }
    }

    /// Ends the move: the slot is the new node's.
    pub fn end_move(&self, slot: u16, from: usize, to: usize) {
        self.set_slot(to, slot, "NODE", to);
        self.set_slot(from, slot, "NODE", to);
    }

    fn set_slot(&self, at: usize, slot: u16, state: &str, other: usize) {
        let mut set = cmd("CLUSTER");
        set.arg("SETSLOT").arg(slot).arg(state).arg(self.id(other));
        ask::<()>(&self.nodes[at], &set);
    }

    /// How often a node has answered with an error of this code.
    #[must_use]
    pub fn errors(&self, at: usize, code: &str) -> u64 {
        let info: String = ask(&self.nodes[at], cmd("INFO").arg("errorstats"));
        let line = format!("errorstat_{code}:count=");
        let count = info.lines().find_map(|found| found.strip_prefix(&line));
        count.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
    }
}

fn rows(node: &RedisServer) -> Vec<Row> {
    let slots: redis::Value = ask(node, cmd("CLUSTER").arg("SLOTS"));
    let array = |value: redis::Value| match value {
        redis::Value::Array(items) => items,
        other => panic!("not a list: {other:?}"),
    };
    let read = |row: redis::Value| {
        let mut row = array(row).into_iter();
        let mut number = || redis::from_redis_value(row.next().expect("a slot")).expect("a number");
        let (first, last) = (number(), number());
        let nodes = row.map(|node| {
            let mut node = array(node);
            node.truncate(3);
            redis::from_redis_value(redis::Value::Array(node)).expect("a node")
        });
        (first, last, nodes.collect())
    };
    array(slots).into_iter().map(read).collect()
}

fn ask<T: FromRedisValue>(node: &RedisServer, command: &Cmd) -> T {
    command.query(&mut node.connection()).expect("the node does as told")
}
