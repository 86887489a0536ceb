//! Tests of the servers.

use std::{io::Write as _, time::Duration};

use redis::{Commands as _, RedisError};

use super::{ClientCertificates, RedisServer};

fn set_and_get(server: &RedisServer) -> String {
    let mut connection = server.connection();
    let () = connection.set("key", "value").unwrap();
    connection.get("key").unwrap()
}

/// Whether a process of this id exists, be it a zombie.
fn exists(pid: u32) -> bool {
    std::path::Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn each_server_is_alone() {
    let (one, other) = (RedisServer::start(), RedisServer::start());
    assert_eq!(set_and_get(&one), "value");
    let missing: Option<String> = other.connection().get("key").unwrap();
    assert_eq!(missing, None);
}

#[test]
fn nothing_is_left_of_a_dropped_server() {
    let server = RedisServer::start();
    let (pid, dir) = (server.pid(), server.dir().to_owned());
    assert!(exists(pid) && dir.exists());
    drop(server);
    assert!(!exists(pid) && !dir.exists());
}

#[test]
fn a_kill_loses_what_is_not_persisted() {
    let mut server = RedisServer::start();
    let (port, pid) = (server.port(), server.pid());
    assert_eq!(set_and_get(&server), "value");
    server.kill();
    assert!(server.client().get_connection().is_err());
    server.restart();
    assert_eq!(server.port(), port);
    assert_ne!(server.pid(), pid);
    let lost: Option<String> = server.connection().get("key").unwrap();
    assert_eq!(lost, None);
}

#[test]
fn append_only_survives_a_kill() {
    let mut server = RedisServer::builder().append_only().start();
    assert_eq!(set_and_get(&server), "value");
    server.restart();
    let kept: String = server.connection().get("key").unwrap();
    assert_eq!(kept, "value");
}

/// See `RedisServer::repair`.
#[test]
fn half_a_transaction_in_the_log_never_runs() {
    let mut server = RedisServer::builder().append_only().start();
    assert_eq!(set_and_get(&server), "value");
    server.kill();
    let log = server.dir().join("appendonlydir/appendonly.aof.1.incr.aof");
    let mut log = std::fs::File::options().append(true).open(log).unwrap();
    let half = "*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$1\r\n1\r\n*3\r\n$3\r\nSE";
    log.write_all(half.as_bytes()).unwrap();
    for _ in 0..2 {
        server.restart();
        let whole: String = server.connection().get("key").unwrap();
        let half: Option<String> = server.connection().get("half").unwrap();
        assert_eq!((whole.as_str(), half), ("value", None));
        let () = redis::pipe()
            .atomic()
            .set("other", 1)
            .set("more", 2)
            .query(&mut server.connection())
            .unwrap();
    }
}

#[test]
fn a_stopped_server_is_silent_until_it_goes_on() {
    let server = RedisServer::start();
    let mut connection = server.connection();
    connection.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    server.stop_process();
    let silent: Result<String, RedisError> = redis::cmd("PING").query(&mut connection);
    assert!(silent.unwrap_err().is_timeout());
    server.cont();
    assert_eq!(set_and_get(&server), "value");
}

#[test]
fn a_full_server_refuses() {
    let server = RedisServer::builder().max_memory("1").start();
    let full: Result<(), RedisError> = server.connection().set("key", "value");
    assert_eq!(full.unwrap_err().code(), Some("OOM"));
}

#[test]
fn a_password_is_part_of_the_url() {
    let server = RedisServer::builder().password("secret").start();
    assert_eq!(set_and_get(&server), "value");
    let open = redis::Client::open(format!("redis://{}", server.address())).unwrap();
    let refused: Result<(), RedisError> = open.get_connection().unwrap().set("key", "value");
    assert_eq!(refused.unwrap_err().code(), Some("NOAUTH"));
}

#[test]
fn users_come_from_an_acl() {
    let server = RedisServer::builder()
        .acl("user default off\nuser reader on >secret ~* +@read +@connection\n")
        .start();
    let reader = redis::Client::open(server.url_as("reader", "secret")).unwrap();
    let refused: Result<(), RedisError> = reader.get_connection().unwrap().set("key", "value");
    assert_eq!(refused.unwrap_err().code(), Some("NOPERM"));
}

#[test]
fn a_unix_socket_will_do() {
    let mut server = RedisServer::builder().unix_socket().password("secret").start();
    assert_eq!(set_and_get(&server), "value");
    server.restart();
    assert_eq!(set_and_get(&server), "value");
}

#[test]
fn tls_with_and_without_client_certificates() {
    for clients in [ClientCertificates::Ignored, ClientCertificates::Required] {
        let server = RedisServer::builder().tls(clients).start();
        assert!(server.url().starts_with("rediss://"));
        assert_eq!(set_and_get(&server), "value");
    }
}

#[test]
fn two_options_can_make_a_replica() {
    let primary = RedisServer::start();
    let port = primary.port().to_string();
    let replica = RedisServer::builder().option("replicaof", &["127.0.0.1", &port]).start();
    let role: redis::Value = redis::cmd("ROLE").query(&mut replica.connection()).unwrap();
    assert!(crate::text::reply(&role).starts_with("[\"slave\", \"127.0.0.1\""), "{role:?}");
}

#[test]
#[should_panic(expected = "the server doesn't start")]
fn a_server_that_does_not_start_says_why() {
    let _ = RedisServer::builder().option("no-such-directive", &["1"]).start();
}
