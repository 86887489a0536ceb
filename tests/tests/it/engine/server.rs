//! What tests and operators ask a server for, of a real one and of the engine: the same scene on
//! both.

use std::{sync::Arc, time::Duration};

use jobqueue_engine::{Clock, Engine, serve_stranger};
use jobqueue_tests::{server::RedisServer, wait::eventually};
use redis::{
    AsyncConnectionConfig, Cmd, RedisConnectionInfo, RedisResult, Value,
    aio::{MultiplexedConnection, PubSub},
};
use tokio::{
    io::{AsyncReadExt as _, DuplexStream, duplex},
    net::TcpStream,
};

/// A server of one kind or the other.
enum Server {
    Engine(Arc<Engine>),
    Redis(Box<RedisServer>),
}

impl Server {
    fn both() -> [Self; 2] {
        let engine = Engine::new(Clock::system(), 1);
        [Self::Redis(Box::new(RedisServer::start())), Self::Engine(engine)]
    }

    fn stream(engine: &Arc<Engine>) -> DuplexStream {
        let (ours, theirs) = duplex(4096);
        tokio::spawn(serve_stranger(engine.clone(), theirs));
        ours
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        match self {
            Self::Redis(server) => {
                server.client().get_multiplexed_async_connection_with_config(&config).await
            }
            Self::Engine(engine) => {
                let (info, stream) = (RedisConnectionInfo::default(), Self::stream(engine));
                let (connection, driver) =
                    MultiplexedConnection::new_with_config(&info, stream, config).await?;
                tokio::spawn(driver);
                Ok(connection)
            }
        }
    }

    /// What it says to one who has said nothing, until it ends the connection.
    async fn first_words(&self) -> String {
        let mut said = String::new();
        let read = match self {
            Self::Redis(server) => {
                let mut stream = TcpStream::connect(server.address()).await.expect("it listens");
                stream.read_to_string(&mut said).await
            }
            Self::Engine(engine) => Self::stream(engine).read_to_string(&mut said).await,
        };
        read.expect("it ends");
        said
    }

    async fn client(&self) -> MultiplexedConnection {
        self.connect().await.expect("it connects")
    }

    async fn listen(&self) -> PubSub {
        let listening = match self {
            Self::Redis(server) => server.client().get_async_pubsub().await,
            Self::Engine(engine) => {
                PubSub::new(&RedisConnectionInfo::default(), Self::stream(engine)).await
            }
        };
        listening.expect("it connects")
    }
}

async fn ask(redis: &mut MultiplexedConnection, line: &str) -> Result<Value, String> {
    let mut command = Cmd::new();
    line.split(' ').for_each(|word| {
        command.arg(word);
    });
    command.query_async(redis).await.map_err(|error| error.to_string())
}

async fn lua(redis: &mut MultiplexedConnection, source: &str) -> Result<Value, String> {
    let answer = redis::cmd("EVAL").arg(source).arg(0).query_async(redis).await;
    answer.map_err(|error| error.to_string())
}

fn text(text: &str) -> Result<Value, String> {
    Ok(Value::BulkString(text.as_bytes().to_vec()))
}

fn refused(answer: &Result<Value, String>, words: &str) -> bool {
    answer.as_ref().is_err_and(|error| error.contains(words))
}

#[tokio::test]
async fn a_full_server_refuses_what_needs_more_and_lets_a_script_end() {
    for server in Server::both() {
        let mut redis = server.client().await;
        ask(&mut redis, "SET kept x").await.expect("there is no limit");
        ask(&mut redis, "CONFIG SET maxmemory 1").await.expect("set");
        for full in ["SET k x", "HSET k f v", "RPUSH k x", "SADD k x", "ZADD k 1 x", "XADD k * f v"]
        {
            let answer = ask(&mut redis, full).await;
            assert!(
                refused(&answer, "OOM") || refused(&answer, "used memory"),
                "{full}: {answer:?}"
            );
        }
        let reads = "redis.call('GET', 'kept') redis.call('SET', 'k', 'x')";
        let answer = lua(&mut redis, reads).await;
        assert!(refused(&answer, "used memory"), "{answer:?}");
        let frees = "redis.call('DEL', 'k') redis.call('SET', 'k', 'x') return 'went on'";
        assert_eq!(lua(&mut redis, frees).await, text("went on"));
        assert_eq!(ask(&mut redis, "GET kept").await, text("x"));
        assert_eq!(ask(&mut redis, "PEXPIRE kept 60000").await, Ok(Value::Int(1)));
        assert_eq!(ask(&mut redis, "DEL kept").await, Ok(Value::Int(1)));
        ask(&mut redis, "CONFIG SET maxmemory 0").await.expect("set");
        ask(&mut redis, "SET k x").await.expect("there is no limit");
    }
}

#[tokio::test]
async fn what_a_script_catches_is_the_text_of_the_refusal() {
    for server in Server::both() {
        let mut redis = server.client().await;
        ask(&mut redis, "SET k x").await.expect("set");
        let caught = "local done, problem = pcall(redis.call, 'HGET', 'k', 'f')
            return {tostring(done), type(problem), problem}";
        let Ok(Value::Array(parts)) = lua(&mut redis, caught).await else { panic!("a list") };
        assert_eq!(parts[..2], [text("false"), text("string")].map(Result::unwrap));
        let Value::BulkString(refusal) = &parts[2] else { panic!("a text") };
        assert!(refusal.starts_with(b"WRONGTYPE "), "{parts:?}");
        let raised = lua(&mut redis, "redis.call('HGET', 'k', 'f') return 'not here'").await;
        assert!(refused(&raised, "WRONGTYPE"), "{raised:?}");
        let own = lua(&mut redis, "error({err = 'MINE it is'})").await;
        assert!(refused(&own, "MINE"), "{own:?}");
    }
}

#[tokio::test]
async fn commands_are_counted_also_those_of_scripts() {
    for server in Server::both() {
        let mut redis = server.client().await;
        ask(&mut redis, "SET k x").await.expect("set");
        ask(&mut redis, "CONFIG RESETSTAT").await.expect("reset");
        lua(&mut redis, "for _ = 1, 3 do redis.call('GET', 'k') end").await.expect("ran");
        ask(&mut redis, "GET k").await.expect("got");
        let info: String =
            redis::cmd("INFO").arg("commandstats").query_async(&mut redis).await.expect("info");
        assert!(info.contains("cmdstat_get:calls=4,"), "{info}");
        assert!(info.contains("cmdstat_eval:calls=1,"), "{info}");
        assert!(!info.contains("cmdstat_set:"), "{info}");
        assert!(!info.contains("redis_version"), "a section alone: {info}");
    }
}

#[tokio::test]
async fn slow_calls_are_noted() {
    for server in Server::both() {
        let mut redis = server.client().await;
        ask(&mut redis, "CONFIG SET slowlog-log-slower-than -1").await.expect("set");
        ask(&mut redis, "SLOWLOG RESET").await.expect("reset");
        ask(&mut redis, "GET k").await.expect("got");
        assert_eq!(ask(&mut redis, "SLOWLOG LEN").await, Ok(Value::Int(0)));
        ask(&mut redis, "CONFIG SET slowlog-log-slower-than 0").await.expect("set");
        ask(&mut redis, "GET k").await.expect("got");
        let Ok(Value::Int(slow)) = ask(&mut redis, "SLOWLOG LEN").await else { panic!("a number") };
        assert!(slow > 0);
    }
}

#[tokio::test]
async fn one_who_waits_is_seen_and_can_be_ended() {
    for server in Server::both() {
        let (mut redis, mut waits) = (server.client().await, server.client().await);
        let behind = waits.clone();
        let waiting = tokio::spawn(async move { ask(&mut waits, "BLPOP wake 0").await });
        let list = async |redis: &mut MultiplexedConnection| {
            let list = redis::cmd("CLIENT").arg("LIST").query_async::<String>(redis).await;
            list.expect("a list")
                .lines()
                .find(|line| line.contains(" cmd=blpop "))
                .map(str::to_owned)
        };
        eventually("the wait", async || list(&mut redis.clone()).await.is_some()).await;
        assert!(list(&mut redis).await.is_some_and(|line| line.contains(" qbuf=0 ")));
        let mut pipelined = behind.clone();
        tokio::spawn(async move { ask(&mut pipelined, "GET what-is-behind").await });
        let held = async || {
            let line = list(&mut redis.clone()).await;
            line.is_some_and(|line| !line.contains(" qbuf=0 ") && line.contains(" flags=b "))
        };
        eventually("more behind it", held).await;
        let line = list(&mut redis).await.expect("it waits");
        let id = line.split([' ', '=']).nth(1).expect("an id").to_owned();
        assert_eq!(ask(&mut redis, "CLIENT KILL ID 99999").await, Ok(Value::Int(0)));
        assert_eq!(ask(&mut redis, &format!("CLIENT KILL ID {id}")).await, Ok(Value::Int(1)));
        assert!(waiting.await.expect("no panic").is_err());
        assert!(list(&mut redis).await.is_none());
        // It took nothing with it.
        ask(&mut redis, "RPUSH wake item").await.expect("pushed");
        assert_eq!(ask(&mut redis, "LLEN wake").await, Ok(Value::Int(1)));
    }
}

#[tokio::test]
async fn those_who_listen_are_ended_apart_from_the_others() {
    for server in Server::both() {
        let mut redis = server.client().await;
        let mut listens = server.listen().await;
        listens.subscribe("channel").await.expect("subscribed");
        assert_eq!(ask(&mut redis, "CLIENT KILL TYPE normal").await, Ok(Value::Int(0)));
        assert_eq!(ask(&mut redis, "PUBLISH channel x").await, Ok(Value::Int(1)));
        assert_eq!(ask(&mut redis, "CLIENT KILL TYPE pubsub").await, Ok(Value::Int(1)));
        let nobody =
            async || ask(&mut redis.clone(), "PUBLISH channel x").await == Ok(Value::Int(0));
        eventually("it to be gone", nobody).await;
        assert!(ask(&mut redis, "CLIENT KILL TYPE nobody").await.is_err());
    }
}

#[tokio::test]
async fn calls_can_be_held_up() {
    for server in Server::both() {
        let (mut redis, mut other) = (server.client().await, server.client().await);
        ask(&mut redis, "CLIENT PAUSE 60000 WRITE").await.expect("paused");
        assert_eq!(ask(&mut other, "GET k").await, Ok(Value::Nil));
        let writing = tokio::spawn(async move { ask(&mut other, "SET k x").await });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!writing.is_finished());
        assert_eq!(ask(&mut redis, "GET k").await, Ok(Value::Nil));
        ask(&mut redis, "CLIENT UNPAUSE").await.expect("goes on");
        assert!(writing.await.expect("no panic").is_ok());
        // It ends by itself, too.
        ask(&mut redis, "CLIENT PAUSE 1").await.expect("paused");
        assert_eq!(ask(&mut redis, "GET k").await, text("x"));
    }
}

#[tokio::test]
async fn a_password_is_asked_of_those_who_come_after_it_was_set() {
    for server in Server::both() {
        let mut redis = server.client().await;
        assert!(ask(&mut redis, "AUTH secret").await.is_err(), "there is none");
        ask(&mut redis, "CONFIG SET requirepass secret").await.expect("set");
        ask(&mut redis, "SET k x").await.expect("it was there before");
        let mut late = server.client().await;
        for refusal in ["GET k", "PING", "CLIENT LIST", "SUBSCRIBE c"] {
            let answer = ask(&mut late, refusal).await;
            assert!(refused(&answer, "Authentication required"), "{refusal}: {answer:?}");
        }
        for wrong in ["AUTH secre", "AUTH secrets", "AUTH other secret", "AUTH default x"] {
            let answer = ask(&mut late, wrong).await;
            assert!(answer.is_err(), "{wrong}: {answer:?}");
        }
        assert!(ask(&mut late, "GET k").await.is_err());
        ask(&mut late, "AUTH default secret").await.expect("the password");
        assert_eq!(ask(&mut late, "GET k").await, text("x"));
    }
}

#[tokio::test]
async fn too_many_are_refused() {
    for server in Server::both() {
        let mut redis = server.client().await;
        ask(&mut redis, "CONFIG SET maxclients 1").await.expect("set");
        let told = server.first_words().await;
        assert_eq!(told, "-ERR max number of clients reached\r\n");
        ask(&mut redis, "CONFIG SET maxclients 10000").await.expect("set");
        ask(&mut server.client().await, "PING").await.expect("there is room");
    }
}
