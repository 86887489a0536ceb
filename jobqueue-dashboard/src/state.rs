//! What all requests share.

use std::{net::IpAddr, sync::Arc};

use jobqueue::Client;

use crate::{
    access::{Authentication, SignIns},
    act::{Refusals, Tasks},
    checkup::Checkup,
    live::Hub,
    payload::Redaction,
    readings::Readings,
    trends::Trends,
};

/// The dashboard's state; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct App(Arc<Inner>);

/// Its parts.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) client: Client,
    pub(crate) authentication: Authentication,
    pub(crate) redaction: Redaction,
    /// Proxies whose word about prefixes and addresses counts.
    pub(crate) trusted_proxies: Vec<IpAddr>,
    pub(crate) sign_ins: SignIns,
    pub(crate) readings: Readings,
    pub(crate) trends: Trends,
    pub(crate) checkup: Checkup,
    pub(crate) hub: Hub,
    pub(crate) tasks: Tasks,
    pub(crate) refusals: Refusals,
    /// Where people sign out.
    pub(crate) sign_out: Option<String>,
}

impl App {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
