//! A dashboard by itself, for whoever sits at this machine: `REDIS_URL` says of which server, and
//! `DASHBOARD_PORT` where it listens.

use std::{env, error::Error};

use jobqueue::Client;
use jobqueue_dashboard::{Authentication, Dashboard};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned());
    let port = env::var("DASHBOARD_PORT").map_or(Ok(9000), |port| port.parse::<u16>())?;
    let client = Client::connect(&url).await?;
    let open = Authentication::open_on_loopback();
    let dashboard = Dashboard::builder(client).authentication(open).build()?;
    dashboard.serve(([127, 0, 0, 1], port)).await?;
    Ok(())
}
