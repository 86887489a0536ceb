//! A master, a replica, and three sentinels that watch them.

use redis::cmd;

use crate::{server::RedisServer, wait::blocking};

/// A service that fails over; all servers end with this value.
#[derive(Debug)]
pub struct Sentinels {
    /// The master at first, and its replica.
    pub servers: [RedisServer; 2],
    sentinels: Vec<RedisServer>,
}

/// What the sentinels call the service.
const SERVICE: &str = "main";

impl Sentinels {
    /// Starts all of them, and waits until they know of each other.
    ///
    /// # Panics
    /// They don't come to.
    #[must_use]
    pub fn start() -> Self {
        let server = || RedisServer::builder().option("repl-diskless-sync-delay", &["0"]);
        let master = server().start();
        let port = master.port();
        let replica = server().option("replicaof", &["127.0.0.1", &port.to_string()]).start();
        let configuration = format!(
            "sentinel monitor {SERVICE} 127.0.0.1 {port} 2\n\
             sentinel down-after-milliseconds {SERVICE} 1000\n\
             sentinel failover-timeout {SERVICE} 3000\n"
        );
        let sentinel = |_| RedisServer::builder().sentinel(&configuration).start();
        let all = Self { servers: [master, replica], sentinels: (0..3).map(sentinel).collect() };
        all.await_replica(1);
        blocking("the sentinels to know of all", || {
            all.sentinels.iter().all(|sentinel| {
                let known = |what: &str| {
                    let mut list = cmd("SENTINEL");
                    let list = list.arg(what).arg(SERVICE);
                    list.query::<Vec<redis::Value>>(&mut sentinel.connection()).map(|it| it.len())
                };
                known("SENTINELS") == Ok(2) && known("REPLICAS") == Ok(1)
            })
        });
        all
    }

    /// Where clients find the service.
    #[must_use]
    pub fn url(&self) -> String {
        let hosts: Vec<_> = self.sentinels.iter().map(|it| it.address().to_string()).collect();
        format!("redis+sentinel://{}/{SERVICE}", hosts.join(","))
    }

    /// Waits until one of the servers is a replica that has all its master has.
    pub fn await_replica(&self, at: usize) {
        blocking("a replica to follow", || {
            let info = self.replication(at);
            info.contains("role:slave") && info.contains("master_link_status:up")
        });
    }

    /// Orders a failover.
    ///
    /// # Panics
    /// The sentinels refuse.
    pub fn fail_over(&self) {
        let mut connection = self.sentinels[0].connection();
        let mut order = cmd("SENTINEL");
        order.arg("FAILOVER").arg(SERVICE).query::<()>(&mut connection).expect("it begins");
    }

    /// Whether one of the servers is a master.
    #[must_use]
    pub fn is_master(&self, at: usize) -> bool {
        self.replication(at).contains("role:master")
    }

    fn replication(&self, at: usize) -> String {
        // A server that changes its role hangs up on everybody: the next look will see it.
        let mut connection = self.servers[at].connection();
        cmd("INFO").arg("replication").query(&mut connection).unwrap_or_default()
    }
}
