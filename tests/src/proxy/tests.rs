//! Tests of the proxy.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use redis::Commands as _;

use super::{Mode, Proxy};
use crate::{server::RedisServer, wait};

const SHORT: Duration = Duration::from_millis(50);

/// A server, a proxy in front of it, and a bare connection through that.
struct Scene {
    stream: TcpStream,
    proxy: Proxy,
    server: RedisServer,
}

impl Scene {
    fn new() -> Self {
        let server = RedisServer::start();
        let proxy = Proxy::start(server.address());
        let stream = connect(&proxy);
        Self { stream, proxy, server }
    }

    fn send(&mut self, command: &str) {
        self.stream.write_all(format!("{command}\r\n").as_bytes()).unwrap();
    }

    /// The bytes that arrive: as many as `text` has, or fewer if the connection ends before.
    fn hears(&mut self, text: &str) {
        let mut heard = String::new();
        let length = u64::try_from(text.len()).unwrap();
        // A reset is an end too; the bytes before it have been kept.
        let _ = (&mut self.stream).take(length).read_to_string(&mut heard);
        assert_eq!(heard, text);
    }

    fn hears_nothing(&mut self) {
        self.stream.set_read_timeout(Some(SHORT)).unwrap();
        let error = self.stream.read(&mut [0]).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
        self.stream.set_read_timeout(Some(wait::LIMIT)).unwrap();
    }

    fn is_at_its_end(&mut self) {
        match self.stream.read(&mut [0]) {
            Ok(read) => assert_eq!(read, 0),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
        }
    }

    fn value(&self) -> Option<String> {
        self.server.connection().get("key").unwrap()
    }
}

fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).unwrap();
    stream.set_read_timeout(Some(wait::LIMIT)).unwrap();
    stream
}

#[test]
fn forwards() {
    let mut scene = Scene::new();
    scene.send("PING");
    scene.hears("+PONG\r\n");
    let client = redis::Client::open(scene.server.url_through(&scene.proxy)).unwrap();
    let pong: String = redis::cmd("PING").query(&mut client.get_connection().unwrap()).unwrap();
    assert_eq!((pong.as_str(), scene.proxy.accepted()), ("PONG", 2));
}

#[test]
fn delays_each_way() {
    let mut scene = Scene::new();
    scene.proxy.set(Mode::Delay(SHORT));
    let sent = Instant::now();
    scene.send("PING");
    scene.hears("+PONG\r\n");
    assert!(sent.elapsed() >= 2 * SHORT);
}

#[test]
fn a_black_hole_is_silent_and_loses_nothing() {
    let mut scene = Scene::new();
    scene.proxy.set(Mode::BlackHole);
    scene.send("PING");
    scene.hears_nothing();
    let mut another = connect(&scene.proxy);
    another.write_all(b"PING\r\n").unwrap();
    scene.proxy.set(Mode::Forward);
    scene.hears("+PONG\r\n");
    let mut heard = [0; 7];
    another.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"+PONG\r\n");
}

#[test]
fn a_cut_reply_leaves_the_request_done() {
    let mut scene = Scene::new();
    scene.proxy.set(Mode::CutReplies(0));
    scene.send("SET key value");
    scene.is_at_its_end();
    assert_eq!(scene.value().as_deref(), Some("value"));
}

#[test]
fn a_reply_is_cut_in_the_middle() {
    let mut scene = Scene::new();
    scene.proxy.set(Mode::CutReplies(3));
    scene.send("PING");
    scene.hears("+PO");
    scene.is_at_its_end();
}

#[test]
fn a_cut_request_is_not_done() {
    let mut scene = Scene::new();
    scene.proxy.set(Mode::CutRequests(5));
    scene.send("SET key value");
    scene.is_at_its_end();
    assert_eq!(scene.value(), None);
}

#[test]
fn half_a_connection_takes_requests_and_answers_nothing() {
    let mut scene = Scene::new();
    scene.send("PING");
    scene.hears("+PONG\r\n");
    scene.proxy.set(Mode::HalfClose);
    scene.is_at_its_end();
    scene.send("SET key value");
    wait::blocking("the request to be done", || scene.value().is_some());
}

#[test]
fn refuses_and_listens_again() {
    let mut scene = Scene::new();
    scene.proxy.set(Mode::Refuse);
    scene.is_at_its_end();
    let error = TcpStream::connect(scene.proxy.address()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    scene.proxy.set(Mode::Forward);
    scene.stream = connect(&scene.proxy);
    scene.send("PING");
    scene.hears("+PONG\r\n");
}

#[test]
fn dropped_connections_are_over_and_new_ones_are_not() {
    let mut scene = Scene::new();
    scene.send("PING");
    scene.hears("+PONG\r\n");
    scene.proxy.drop_connections();
    scene.is_at_its_end();
    scene.stream = connect(&scene.proxy);
    scene.send("PING");
    scene.hears("+PONG\r\n");
}

#[test]
fn a_server_that_is_gone_ends_the_connection() {
    let mut scene = Scene::new();
    scene.send("PING");
    scene.hears("+PONG\r\n");
    scene.server.kill();
    scene.is_at_its_end();
}
