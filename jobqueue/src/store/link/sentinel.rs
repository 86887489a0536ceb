//! The master that sentinels name.
//!
//! They are asked at each dial, and only then: a failover breaks the connections to the old master
//! or makes it refuse writes, and both lead to another dial.
//!
//! The redis crate's own client (feature `sentinel`) is not used. It finds the master over a
//! connection that it then drops, so a dial costs two; it has no limit for one sentinel of several;
//! it refuses a user that may run neither ROLE nor INFO; it needs `&mut self`, hence a lock; and it
//! would add the crate `log` to every program for the sake of few. (Read in redis 1.8.)

use std::time::Duration;

use redis::{ConnectionInfo, RedisError, Value, aio::MultiplexedConnection};
use tokio::time::timeout;

use super::dial::{at, dial, overdue, unreachable};

/// Sentinels, and the service whose master is wanted.
pub(crate) struct Sentinels {
    sentinels: Vec<redis::Client>,
    service: String,
    /// User, password, database and TLS for the master.
    master: ConnectionInfo,
}

/// The limit of one sentinel's answer. There are others to ask.
const ONE: Duration = Duration::from_secs(1);

impl Sentinels {
    pub(crate) fn new(
        sentinels: Vec<redis::Client>,
        service: &str,
        master: ConnectionInfo,
    ) -> Self {
        Self { sentinels, service: service.to_owned(), master }
    }

    /// Connects to the master. Sentinels are asked in turn until one names a server that is one.
    pub(crate) async fn dial_master(
        &self,
        limit: Duration,
    ) -> Result<MultiplexedConnection, RedisError> {
        Ok(self.find(limit).await?.1)
    }

    /// The master, found in the same way.
    pub(crate) async fn master(&self, limit: Duration) -> Result<redis::Client, RedisError> {
        Ok(self.find(limit).await?.0)
    }

    async fn find(
        &self,
        limit: Duration,
    ) -> Result<(redis::Client, MultiplexedConnection), RedisError> {
        let try_all = async {
            let mut last = unreachable("there are no sentinels");
            for sentinel in &self.sentinels {
                match self.dial_by(sentinel, limit).await {
                    Err(error) => last = error,
                    connected => return connected,
                }
            }
            Err(last)
        };
        timeout(limit, try_all).await.unwrap_or_else(|_| Err(overdue(limit)))
    }

    async fn dial_by(
        &self,
        sentinel: &redis::Client,
        limit: Duration,
    ) -> Result<(redis::Client, MultiplexedConnection), RedisError> {
        let mut question = redis::cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.service);
        let mut asked = dial(sentinel, limit.min(ONE)).await?;
        let named: Option<(String, u16)> = answer(&mut asked, &question).await?;
        let Some((host, port)) = named else {
            return Err(unreachable(&format!("a sentinel knows no service {:?}", self.service)));
        };
        let client = at(&self.master, &host, port)?;
        let mut master = dial(&client, limit).await?;
        // A sentinel that was cut off may still name the old one.
        match answer(&mut master, &redis::cmd("ROLE")).await {
            Ok(Value::Array(role)) if role.first().is_some_and(is_master) => Ok((client, master)),
            Ok(_) => Err(unreachable("the server that a sentinel names as master is none (yet)")),
            // A user that may not ask finds out at its first write.
            Err(error) if matches!(error.code(), Some("NOPERM" | "ERR")) => Ok((client, master)),
            Err(error) => Err(error),
        }
    }
}

async fn answer<T: redis::FromRedisValue>(
    connection: &mut MultiplexedConnection,
    question: &redis::Cmd,
) -> Result<T, RedisError> {
    let answer = timeout(ONE, question.query_async(connection)).await;
    answer.unwrap_or_else(|_| Err(overdue(ONE)))
}

fn is_master(role: &Value) -> bool {
    matches!(role, Value::BulkString(role) if role == b"master")
}

impl std::fmt::Display for Sentinels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} named by sentinels", self.service)
    }
}

impl std::fmt::Debug for Sentinels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The rest holds passwords.
        f.debug_struct("Sentinels").field("service", &self.service).finish_non_exhaustive()
    }
}
