//! `jobqueue top`: all queues on one screen, as they are now.
//!
//! The model is what is shown; a key or a snapshot changes it ([`update`]), and [`view`] draws it.

mod act;
mod find;
mod keyboard;
mod model;
mod poll;
mod snapshot;
mod sort;
mod update;
mod view;

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use anyhow::{Context as _, Result};
use clap::Args;
use tokio::sync::{mpsc, watch};

use self::{act::Actor, model::Model, poll::Poller, update::Next};
use crate::{
    exit::{Exit, Told},
    session::Session,
    site::shown,
    value::duration,
};

/// How many keys and answers may wait to be seen.
const BUFFER: usize = 64;

/// Shows all queues on one screen, as they are now: what waits, what fails, who works.
///
/// Keys pause and resume queues, run failed jobs again, and look into queues, jobs, dead letters and
/// workers. `?` lists them, and `q` ends it.
#[derive(Args, Debug)]
pub(crate) struct Top {
    /// How often it looks.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    every: Duration,
    /// Changes nothing, whatever is typed.
    #[arg(long)]
    read_only: bool,
}

impl Top {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let client = session.client().await?;
        if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
            return Err(Told::usage(
                "top needs a terminal; `jobqueue queues` and `jobqueue stats --watch` don't",
            ));
        }
        let every = self.every.max(Duration::from_millis(100));
        let server = shown(&session.server.url);
        let mut model = Model::new(server, every, self.read_only, session.out.paint);
        let (wish, wishes) = watch::channel(model.wish());
        let (snapshots, mut seen) = mpsc::channel(1);
        let poller = Poller::new(client.clone(), session.server.url.clone(), every);
        let polling = tokio::spawn(poller.run(wishes, snapshots));
        let (answers, mut answered) = mpsc::channel(BUFFER);
        let actor = Actor::new(client.clone(), answers);
        let stop = session.stop.take_note();
        let mut screen = ratatui::try_init().context("the terminal can't be used")?;
        let mut keys = keyboard::listen();
        let ended = loop {
            if let Err(error) = screen.draw(|frame| view::draw(frame, &model)) {
                break Err(error.into());
            }
            let next = tokio::select! {
                biased;
                () = stop.cancelled() => break Ok(Exit::CutOff),
                key = keys.recv() => match key {
                    Some(key) => update::typed(&mut model, key),
                    None => break Ok(Exit::Done),
                },
                Some(answer) = answered.recv() => update::answered(&mut model, answer),
                Some(snapshot) = seen.recv() => update::seen(&mut model, snapshot),
            };
            match next {
                Next::Quit => break Ok(Exit::Done),
                Next::Do(act) => actor.begin(act),
                Next::Draw => {}
            }
            wish.send_if_modified(|wish| {
                let new = model.wish();
                let changed = *wish != new;
                *wish = new;
                changed
            });
        };
        ratatui::restore();
        polling.abort();
        ended
    }
}
