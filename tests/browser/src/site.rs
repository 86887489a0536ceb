//! A dashboard of a test's own, and what it looks at.

use std::{net::Ipv4Addr, time::Duration};

use jobqueue::{Client, ClientBuilder, WorkerHandle};
use jobqueue_dashboard::{Authentication, Dashboard, Person, Role};
use jobqueue_tests::{port, server::RedisServer, wait::eventually};
use tokio::{net::TcpStream, task::JoinHandle};

use crate::{
    shop::{self, Gateway},
    tab::Tab,
    visitor::Visitor,
};

/// Who may do what: `vic` looks, `olga` steers the queues of mails, `ann` may do all.
const PEOPLE: [(&str, &[(Role, &str)]); 3] = [
    ("vic", &[(Role::Viewer, "*")]),
    ("olga", &[(Role::Viewer, "*"), (Role::Operator, "mails*")]),
    ("ann", &[(Role::Admin, "*")]),
];

/// A Redis, and a dashboard that is served on a port of its own.
#[derive(Debug)]
pub struct Site {
    /// Sees what the dashboard sees.
    pub client: Client,
    /// Whether charges are taken; see [`shop::charge`].
    pub gateway: Gateway,
    origin: String,
    serving: JoinHandle<()>,
    // Last, so that it ends after all who use it.
    server: RedisServer,
}

impl Site {
    /// One with nothing to see.
    ///
    /// # Panics
    /// It can't be served.
    pub async fn start() -> Self {
        Self::start_with(|client| client).await
    }

    /// One whose client, and so whose worker, says something else of itself.
    ///
    /// # Panics
    /// It can't be served.
    pub async fn start_with(settings: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Self {
        let server = RedisServer::start();
        let builder = settings(Client::builder(&server.url()).program("shop", "2.4.1"));
        let client = builder.connect().await.expect("the server is there");
        let people = PEOPLE.map(|(name, roles)| {
            let person = roles
                .iter()
                .fold(Person::new(name), |person, (role, queues)| person.may(*role, *queues));
            (person, secret(name))
        });
        let dashboard = Dashboard::builder(client.clone())
            .authentication(Authentication::basic(people))
            .build()
            .expect("a sound dashboard");
        let address = (Ipv4Addr::LOCALHOST, port::free());
        let serving = tokio::spawn(async move {
            dashboard.serve(address).await.expect("the port is free");
        });
        eventually("the dashboard", async || TcpStream::connect(address).await.is_ok()).await;
        let origin = format!("http://{}:{}", address.0, address.1);
        Self { client, gateway: Gateway::default(), origin, serving, server }
    }

    /// Its Redis.
    #[must_use]
    pub fn server(&self) -> &RedisServer {
        &self.server
    }

    /// Somebody who isn't signed in.
    pub async fn stranger(&self) -> Visitor {
        Visitor::new(self.origin.clone()).await
    }

    /// Somebody who has signed in, and the tab in which they did, at the first page.
    ///
    /// # Panics
    /// They aren't let in.
    pub async fn visitor(&self, name: &str) -> (Visitor, Tab) {
        let visitor = self.stranger().await;
        let (tab, _) = visitor.sign_in(name, &secret(name)).await;
        tab.until(
            "the own name",
            &format!("document.querySelector('.who').innerText === '{name}'"),
        )
        .await;
        (visitor, tab)
    }

    /// A worker of the whole shop.
    ///
    /// # Panics
    /// It can't be set up.
    #[must_use]
    pub fn work(&self) -> Running {
        let worker = shop::worker(&self.client, &self.gateway).build().expect("sound");
        let handle = worker.handle();
        let task = tokio::spawn(worker.run_until(std::future::pending()));
        Running { handle, task }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The password of one of the people.
fn secret(name: &str) -> String {
    format!("{name}s-secret")
}

/// A worker that runs.
#[derive(Debug)]
pub struct Running {
    handle: WorkerHandle,
    task: JoinHandle<jobqueue::Result<()>>,
}

impl Running {
    /// Stops it, and what it runs.
    ///
    /// # Panics
    /// It has ended with an error.
    pub async fn stop(self) {
        self.handle.stop(Duration::ZERO);
        self.task.await.expect("no panic").expect("no error");
    }
}
