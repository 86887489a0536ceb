//! What the benchmarks share: readings of the server's own accounts.

use std::time::Duration;

use redis::aio::MultiplexedConnection;

/// A connection for readings, apart from the load.
#[derive(Debug)]
pub struct Server(MultiplexedConnection);

impl Server {
    /// Connects.
    ///
    /// # Errors
    /// The server can't be reached.
    pub async fn connect(url: &str) -> redis::RedisResult<Self> {
        let client = redis::Client::open(url)?;
        Ok(Self(client.get_multiplexed_async_connection().await?))
    }

    /// CPU time that the server has used, in user and kernel mode, all threads.
    ///
    /// # Errors
    /// The server can't be reached, or doesn't tell.
    pub async fn cpu(&mut self) -> redis::RedisResult<Duration> {
        let info: String = redis::cmd("INFO").arg("cpu").query_async(&mut self.0).await?;
        let seconds = |name: &str| {
            info.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.trim().parse().ok())
                .unwrap_or(0.0)
        };
        Ok(Duration::from_secs_f64(seconds("used_cpu_user") + seconds("used_cpu_sys")))
    }

    /// Bytes that the server's data takes.
    ///
    /// # Errors
    /// The server can't be reached.
    pub async fn memory(&mut self) -> redis::RedisResult<u64> {
        let info: String = redis::cmd("INFO").arg("memory").query_async(&mut self.0).await?;
        let line = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
        Ok(line.and_then(|bytes| bytes.trim().parse().ok()).unwrap_or(0))
    }

    /// Calls and CPU microseconds by command since the last reset, busiest first.
    ///
    /// # Errors
    /// The server can't be reached.
    pub async fn commands(&mut self) -> redis::RedisResult<Vec<(String, u64, u64)>> {
        let info: String = redis::cmd("INFO").arg("commandstats").query_async(&mut self.0).await?;
        let mut commands: Vec<_> = info.lines().filter_map(command).collect();
        commands.sort_by_key(|(_, _, usec)| std::cmp::Reverse(*usec));
        Ok(commands)
    }

    /// Forgets what commands have cost so far.
    ///
    /// # Errors
    /// The server can't be reached.
    pub async fn reset(&mut self) -> redis::RedisResult<()> {
        redis::cmd("CONFIG").arg("RESETSTAT").query_async(&mut self.0).await
    }
}

/// `cmdstat_hset:calls=2,usec=5,…`
fn command(line: &str) -> Option<(String, u64, u64)> {
    let (name, fields) = line.strip_prefix("cmdstat_")?.split_once(':')?;
    let field = |wanted: &str| {
        fields
            .split(',')
            .find_map(|field| field.strip_prefix(wanted)?.strip_prefix('=')?.parse().ok())
    };
    Some((name.to_owned(), field("calls")?, field("usec")?))
}
