//! Completions for shells, and manual pages.

use std::{fs, io, path::PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use crate::{arguments::Arguments, exit::Exit};

/// Prints what a shell needs to complete this program's commands.
///
/// For bash: `jobqueue completions bash > ~/.local/share/bash-completion/completions/jobqueue`.
#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell: `bash`, `zsh`, `fish`, `elvish` or `powershell`.
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self) -> Result<Exit> {
        let mut text = Vec::new();
        generate(self.shell, &mut Arguments::command(), "jobqueue", &mut text);
        io::Write::write_all(&mut io::stdout(), &text)?;
        Ok(Exit::Done)
    }
}

/// Writes manual pages: `jobqueue man /usr/local/share/man/man1`.
#[derive(Args, Debug)]
pub(crate) struct Man {
    /// The folder that they go to, one for each command. It is made if it isn't there.
    folder: PathBuf,
}

impl Man {
    pub(crate) fn run(&self) -> Result<Exit> {
        let place = self.folder.display();
        fs::create_dir_all(&self.folder).with_context(|| format!("can't make {place}"))?;
        let mut command = Arguments::command().disable_help_subcommand(true);
        command.build();
        clap_mangen::generate_to(command, &self.folder)
            .with_context(|| format!("can't write manual pages to {place}"))?;
        Ok(Exit::Done)
    }
}
