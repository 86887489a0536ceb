//! Finds what is wrong with the servers and the queues of a [`jobqueue`] client, and says what it
//! means and what mends it.
//!
//! ```no_run
//! use jobqueue::Client;
//! use jobqueue_doctor::Doctor;
//!
//! # async fn example() -> jobqueue::Result<()> {
//! let client = Client::connect("redis://127.0.0.1").await?;
//! let report = Doctor::new(&client).run().await?;
//! for finding in &report.findings {
//!     println!("{} {}: {} {} Mend: {}", finding.severity, finding.subject, finding.what,
//!         finding.means, finding.mend);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Whoever has snapshots of queues already asks [`queue_findings`] about them, or of glances
//! [`glance_findings`], which send nothing.
//! It changes nothing anywhere, and says what it may not look at: [`Report::unseen`].
//!
//! | file | what it has |
//! | --- | --- |
//! | `doctor` | all checks, one after the other |
//! | `finding`, `thresholds` | what is found, and from where on |
//! | `unseen` | what couldn't be looked at |
//! | `server/` | checks of servers, one a file |
//! | `queue/` | checks of queues, one a file |

mod doctor;
mod finding;
mod queue;
mod server;
mod thresholds;
mod unseen;

pub use doctor::{Doctor, Report};
pub use finding::{Check, Finding, Severity, Subject};
pub use queue::{glance_findings, queue_findings};
pub use server::server_findings;
pub use thresholds::Thresholds;
pub use unseen::Unseen;
