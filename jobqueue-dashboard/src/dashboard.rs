//! The dashboard as a value: its builder, its router, and a server of its own.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use axum::{Router, middleware::from_fn_with_state};
use jobqueue::Client;
use jobqueue_doctor::Thresholds;
use tokio::net::TcpListener;
use tracing::info;

use crate::{
    access::{Authentication, SignIns},
    act::{self, Refusals, Tasks},
    checkup::Checkup,
    gate,
    live::{self, Hub},
    pages,
    payload::Redaction,
    readings::Readings,
    state::{App, Inner},
    trends::Trends,
};

/// A dashboard: see [the crate](crate).
#[derive(Clone, Debug)]
pub struct Dashboard(App);

/// Why there is no dashboard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Nothing says who may see it.
    #[error(
        "the dashboard has no authentication: set `authentication`, or \
         `Authentication::open_on_loopback()` if only this machine's users are to reach it"
    )]
    NoAuthentication,
    /// A role is for no queue, a person has no name, or a password or token is too short.
    #[error("the dashboard's authentication can't be used: {0}")]
    Authentication(String),
}

/// Why [`Dashboard::serve`] doesn't serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// It would be open to others.
    #[error(
        "the dashboard is open to everybody who reaches {address}: set `authentication`, or \
         listen on a loopback address such as 127.0.0.1"
    )]
    Open {
        /// Where it was to listen.
        address: SocketAddr,
    },
    /// The address can't be listened at.
    #[error("failed to serve the dashboard at {address}: choose an address that is free")]
    Listen {
        /// Where it was to listen.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// A dashboard about to be made; see [`Dashboard::builder`].
#[derive(Clone, Debug)]
#[must_use = "the dashboard is made by `build`"]
pub struct DashboardBuilder {
    client: Client,
    authentication: Option<Authentication>,
    redaction: Redaction,
    trusted_proxies: Vec<IpAddr>,
    thresholds: Thresholds,
    sign_out: Option<String>,
}

impl DashboardBuilder {
    /// Who may see and do what. Required.
    pub fn authentication(mut self, authentication: Authentication) -> Self {
        self.authentication = Some(authentication);
        self
    }

    /// What is hidden in payloads, results and headers; [`Redaction::default`] by default.
    pub fn redaction(mut self, redaction: Redaction) -> Self {
        self.redaction = redaction;
        self
    }

    /// A proxy in front of the dashboard, by its address: its `X-Forwarded-Prefix`,
    /// `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto` are believed. None by default.
    pub fn trusted_proxy(mut self, address: IpAddr) -> Self {
        self.trusted_proxies.push(address);
        self
    }

    /// From where on something needs a look; [`Thresholds::default`] by default.
    pub fn thresholds(mut self, thresholds: Thresholds) -> Self {
        self.thresholds = thresholds;
        self
    }

    /// Where people sign out, if a proxy or the program that this is mounted in signs them in: an
    /// address such as `/logout`, to which every page then has a link. With
    /// [`Authentication::basic`] and [`bearer`](Authentication::bearer) browsers keep what was typed
    /// until they are closed. None by default.
    pub fn sign_out(mut self, address: impl Into<String>) -> Self {
        self.sign_out = Some(address.into());
        self
    }

    /// The dashboard.
    ///
    /// # Errors
    /// Nothing says who may see it, or what says so can't be used.
    pub fn build(self) -> Result<Dashboard, BuildError> {
        let authentication = self.authentication.ok_or(BuildError::NoAuthentication)?;
        authentication.check().map_err(BuildError::Authentication)?;
        let readings = Readings::new(self.client.clone());
        let trends = Trends::new(self.client.clone());
        let checkup = Checkup::new(&self.client, self.thresholds);
        let inner = Inner {
            client: self.client,
            authentication,
            redaction: self.redaction,
            trusted_proxies: self.trusted_proxies,
            sign_ins: SignIns::default(),
            readings,
            trends,
            checkup,
            sign_out: self.sign_out,
            hub: Hub::default(),
            tasks: Tasks::default(),
            refusals: Refusals::default(),
        };
        Ok(Dashboard(App::new(inner)))
    }
}

impl Dashboard {
    /// A dashboard of what this client sees.
    ///
    /// ```no_run
    /// # fn example(client: jobqueue::Client) -> Result<(), jobqueue_dashboard::BuildError> {
    /// use jobqueue_dashboard::{Authentication, Dashboard};
    ///
    /// let dashboard = Dashboard::builder(client)
    ///     .authentication(Authentication::open_on_loopback())
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(client: Client) -> DashboardBuilder {
        DashboardBuilder {
            client,
            authentication: None,
            redaction: Redaction::default(),
            trusted_proxies: Vec::new(),
            thresholds: Thresholds::default(),
            sign_out: None,
        }
    }

    /// Its pages, to be nested in the router of a server, under any path: by
    /// [`nest_service`](axum::Router::nest_service), which serves `/jobs` and `/jobs/` alike.
    ///
    /// Serve that with [`into_make_service_with_connect_info`] for `SocketAddr`: without the addresses of those who ask, it trusts no proxy, and
    /// [`Authentication::open_on_loopback`] lets nobody in.
    ///
    /// [`into_make_service_with_connect_info`]: axum::Router::into_make_service_with_connect_info
    pub fn router(&self) -> Router {
        let routes = pages::routes().merge(act::routes()).merge(live::routes());
        let pages = routes.with_state(self.0.clone());
        // Around the routes, not on them: paths are rewritten before they are matched, and what has
        // no route is refused by the same rules.
        Router::new().fallback_service(pages).layer(from_fn_with_state(self.0.clone(), gate::enter))
    }

    /// Listens there until it is dropped.
    ///
    /// # Errors
    /// [`ServeError::Open`] if it has no authentication and others could reach the address;
    /// [`ServeError::Listen`] if the address is taken.
    pub async fn serve(&self, address: impl Into<SocketAddr>) -> Result<(), ServeError> {
        self.bind(address).await?.serve().await
    }

    /// Takes the address, and answers nobody yet: for whoever wants to know it first, as when its port
    /// is 0.
    ///
    /// # Errors
    /// Those of [`serve`](Self::serve).
    pub async fn bind(&self, address: impl Into<SocketAddr>) -> Result<Bound, ServeError> {
        let address = address.into();
        if self.0.authentication.is_open() && !address.ip().is_loopback() {
            return Err(ServeError::Open { address });
        }
        let bound = async {
            let listener = TcpListener::bind(address).await?;
            Ok((listener.local_addr()?, listener))
        };
        let taken = |source| ServeError::Listen { address, source };
        let (address, listener) = bound.await.map_err(taken)?;
        Ok(Bound { dashboard: self.clone(), address, listener })
    }
}

/// A dashboard that has an address; see [`Dashboard::bind`].
#[derive(Debug)]
pub struct Bound {
    dashboard: Dashboard,
    address: SocketAddr,
    listener: TcpListener,
}

impl Bound {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until it is dropped.
    ///
    /// # Errors
    /// [`ServeError::Listen`] if it can't listen any more.
    pub async fn serve(self) -> Result<(), ServeError> {
        let Self { dashboard, address, listener } = self;
        info!(%address, "serving the dashboard");
        let service = dashboard.router().into_make_service_with_connect_info::<SocketAddr>();
        let served = axum::serve(listener, service).await;
        served.map_err(|source| ServeError::Listen { address, source })
    }
}
