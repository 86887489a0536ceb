//! All of it as one program that starts, and stops in order.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use axum::Router;
use jobqueue::Client;
use jobqueue_dashboard::{Authentication, Dashboard, Person, Role};
use jobqueue_monitor::Monitor;
use tokio::net::TcpListener;
use tracing::info;

use crate::{api, jobs, settings::Settings, traffic};

/// How long running jobs may take when the service stops.
const DRAIN: Duration = Duration::from_secs(25);

/// The API, and the dashboard under `/jobs`.
///
/// # Errors
/// The password of `admin` is too short.
pub fn router(client: &Client, settings: &Settings) -> anyhow::Result<Router> {
    let authentication = match &settings.admin_password {
        Some(password) => {
            let admin = Person::new("admin").may(Role::Admin, "*");
            Authentication::basic([(admin, password.clone())])
        }
        None => Authentication::open_on_loopback(),
    };
    let dashboard = Dashboard::builder(client.clone()).authentication(authentication).build()?;
    Ok(api::router(client.clone()).nest_service("/jobs", dashboard.router()))
}

/// Runs until `stop` is ready: then no request is taken any more, running jobs end, and nothing is
/// lost.
///
/// # Errors
/// Redis can't be reached at first, or an address is taken.
pub async fn run(settings: Settings, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let client = Client::builder(&settings.redis_url)
        .program("service", env!("CARGO_PKG_VERSION"))
        .connect()
        .await?;
    let worker = jobs::worker(&client)
        .concurrency(settings.concurrency)
        .drain_timeout(DRAIN)
        .schedules_of("service")
        .build()?;
    let (handle, router) = (worker.handle(), router(&client, &settings)?);
    let monitor = Monitor::new(&client, handle.clone()).queue("orders-dlq")?.queue("mails-dlq")?;
    let probes = tokio::spawn(monitor.serve(settings.monitor_listen));
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("failed to listen at {}", settings.listen))?;
    info!(address = %settings.listen, "the API is at /orders, the dashboard at /jobs");
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(async move { axum::serve(listener, service).await });
    let made = settings.traffic.then(|| tokio::spawn(traffic::run(client.clone())));
    // The worker last: it drains while probes are answered still.
    let worked = worker
        .run_until(async {
            stop.await;
            made.iter().for_each(|made| made.abort());
            serving.abort();
        })
        .await;
    probes.abort();
    Ok(worked?)
}
