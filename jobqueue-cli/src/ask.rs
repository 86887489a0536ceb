//! Asking before something is destroyed.

use std::io::{self, IsTerminal as _};

use anyhow::Result;
use tokio::task::spawn_blocking;

use crate::exit::{Exit, Told};

/// Whether to ask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    /// The answer is given beforehand.
    pub(crate) yes: bool,
}

impl Ask {
    /// Says what is about to happen, and goes on once this name is typed.
    ///
    /// # Errors
    /// Something else is typed, or nobody is there to type.
    pub(crate) async fn about(self, what: &str, name: &str) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(Told::usage(format_args!(
                "{what} Nobody is here to be asked: add --yes if it is meant"
            )));
        }
        eprint!("{what} Type {name} to go on: ");
        let typed = spawn_blocking(|| {
            let mut line = String::new();
            io::stdin().read_line(&mut line).map(|_| line)
        });
        if typed.await??.trim() == name {
            return Ok(());
        }
        Err(Told::error(Exit::Refused, "nothing was done: that isn't the name"))
    }
}
