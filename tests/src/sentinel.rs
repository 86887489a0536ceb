//! A master, a replica, and three sentinels that watch them.

use redis::cmd;

use crate::{
    server::{Builder, RedisServer},
    wait::blocking,
};

/// A service that fails over; all servers end with this value.
#[derive(Debug)]
pub struct Sentinels {
    /// The master at first, and its replica.
    pub servers: [RedisServer; 2],
    sentinels: Vec<RedisServer>,
}

/// The sentinels' name for the service.
const SERVICE: &str = "main";

impl Sentinels {
    /// Starts all of them, and waits until they know of each other.
    ///
    /// # Panics
    /// They don't come to.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(|server| server, |sentinel| sentinel, "")
    }

    /// The same, where servers and sentinels have passwords of their own.
    ///
    /// # Panics
    /// They don't come to know of each other.
    #[must_use]
    pub fn start_guarded(server: &str, sentinel: &str) -> Self {
        let more = format!(
            "sentinel auth-pass {SERVICE} {server}\nrequirepass {sentinel}\n\
             sentinel sentinel-pass {sentinel}\n"
        );
        let guarded = |it: Builder| it.password(server).option("masterauth", &[server]);
        Self::start_with(guarded, |it| it.password(sentinel), &more)
    }

    fn start_with(
        server: impl Fn(Builder) -> Builder,
        sentinel: impl Fn(Builder) -> Builder,
        more: &str,
    ) -> Self {
        let delay = "repl-diskless-sync-delay";
        let server = || server(RedisServer::builder().option(delay, &["0"]));
        let master = server().start();
        let port = master.port();
        let replica = server().option("replicaof", &["127.0.0.1", &port.to_string()]).start();
        let configuration = format!(
            "sentinel monitor {SERVICE} 127.0.0.1 {port} 2\n\
             sentinel down-after-milliseconds {SERVICE} 1000\n\
             sentinel failover-timeout {SERVICE} 3000\n{more}"
        );
        let sentinel = |_| sentinel(RedisServer::builder()).sentinel(&configuration).start();
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
        self.url_as("", "")
    }

    /// The same, with a part before the hosts and one after the service.
    #[must_use]
    pub fn url_as(&self, login: &str, query: &str) -> String {
        let hosts: Vec<_> = self.sentinels.iter().map(|it| it.address().to_string()).collect();
        format!("redis+sentinel://{login}{}/{SERVICE}{query}", hosts.join(","))
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

    /// A server's answer; none while it changes its role, which cuts connections.
    fn replication(&self, at: usize) -> String {
        let connection = self.servers[at].client().get_connection();
        let info = connection.and_then(|mut it| cmd("INFO").arg("replication").query(&mut it));
        info.unwrap_or_default()
    }
}
