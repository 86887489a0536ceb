//! The server's own accounts.

use std::{error::Error, time::Duration};

use redis::{AsyncConnectionConfig, aio::MultiplexedConnection};

/// How long an answer may take: a million jobs of a peer's are not emptied in a moment.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection for readings, apart from the load.
#[derive(Debug)]
pub struct Server {
    redis: MultiplexedConnection,
    /// What the data took when the server was last emptied.
    bare: u64,
}

impl Server {
    /// Connects.
    ///
    /// # Errors
    /// The server can't be reached.
    pub async fn connect(url: &str) -> redis::RedisResult<Self> {
        let client = redis::Client::open(url)?;
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        let redis = client.get_multiplexed_async_connection_with_config(&config).await?;
        Ok(Self { redis, bare: 0 })
    }

    /// Connects to the server that `REDIS_URL` names, and makes sure that it is nobody else's,
    /// since it will be emptied again and again. The URL comes along.
    ///
    /// # Errors
    /// None is named, it has data, or can't be reached.
    pub async fn claim() -> Result<(Self, String), Box<dyn Error + Send + Sync>> {
        let url = std::env::var("REDIS_URL").map_err(|_| "REDIS_URL names no server")?;
        let mut server = Self::connect(&url).await?;
        let keys: u64 = redis::cmd("DBSIZE").query_async(&mut server.redis).await?;
        if keys > 0 {
            return Err(
                format!("the server has {keys} keys: give an empty one, it is emptied").into()
            );
        }
        Ok((server, url))
    }

    /// Removes all data.
    ///
    /// # Errors
    /// The server can't be reached.
    pub async fn empty(&mut self) -> redis::RedisResult<()> {
        redis::cmd("FLUSHALL").arg("SYNC").query_async::<()>(&mut self.redis).await?;
        self.bare = self.memory().await?;
        Ok(())
    }

    /// Bytes that the server's data took when it was last emptied.
    #[must_use]
    pub fn bare(&self) -> u64 {
        self.bare
    }

    /// CPU time that the server has used, in user and kernel mode, all threads.
    ///
    /// # Errors
    /// The server can't be reached, or doesn't tell.
    pub async fn cpu(&mut self) -> redis::RedisResult<Duration> {
        let info = self.info("cpu").await?;
        let seconds = |name| field(&info, name).and_then(|text| text.parse().ok()).unwrap_or(0.0);
        Ok(Duration::from_secs_f64(seconds("used_cpu_user") + seconds("used_cpu_sys")))
    }

    /// Bytes that the server's data takes, buffers of its clients left out.
    ///
    /// # Errors
    /// The server can't be reached.
    pub async fn memory(&mut self) -> redis::RedisResult<u64> {
        let info = self.info("memory").await?;
        let bytes = |name| field(&info, name).and_then(|text| text.parse().ok()).unwrap_or(0_u64);
        Ok(bytes("used_memory").saturating_sub(bytes("mem_clients_normal")))
    }

    /// How often the server has read from a connection.
    ///
    /// # Errors
    /// The server can't be reached.
    pub async fn reads(&mut self) -> redis::RedisResult<u64> {
        let info = self.info("stats").await?;
        Ok(field(&info, "total_reads_processed").and_then(|n| n.parse().ok()).unwrap_or(0))
    }

    /// The server's version.
    ///
    /// # Errors
    /// The server can't be reached.
    pub async fn version(&mut self) -> redis::RedisResult<String> {
        let info = self.info("server").await?;
        Ok(field(&info, "redis_version").unwrap_or_default().to_owned())
    }

    /// Calls and CPU microseconds by command since the last reset, busiest first.
    ///
    /// # Errors
    /// The server can't be reached.
    pub async fn commands(&mut self) -> redis::RedisResult<Vec<(String, u64, u64)>> {
        let info = self.info("commandstats").await?;
        let mut commands: Vec<_> = info.lines().filter_map(command).collect();
        commands.sort_by_key(|(_, _, usec)| std::cmp::Reverse(*usec));
        Ok(commands)
    }

    /// Forgets what commands have cost so far.
    ///
    /// # Errors
    /// The server can't be reached.
    pub async fn reset(&mut self) -> redis::RedisResult<()> {
        redis::cmd("CONFIG").arg("RESETSTAT").query_async(&mut self.redis).await
    }

    async fn info(&mut self, section: &str) -> redis::RedisResult<String> {
        redis::cmd("INFO").arg(section).query_async(&mut self.redis).await
    }
}

/// The value on a line `name:value`.
fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
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
