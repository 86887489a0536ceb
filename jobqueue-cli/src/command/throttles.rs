//! `jobqueue throttles`: what holds jobs back, and lifting it.

use anyhow::Result;
use clap::Args;
use jobqueue::manage;
use serde_json::json;

use super::limits::rate_text;
use crate::{exit::Exit, output::counted, session::Session};

/// Shows what holds back the jobs of a queue: a pause, a throttle, its limits, those of handlers.
///
/// If no job may start now, that is 1.
#[derive(Args, Debug)]
pub(crate) struct Throttles {
    /// The queue.
    queue: String,
    /// Ends a throttle that a handler has asked for.
    #[arg(long)]
    lift: bool,
}

impl Throttles {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let queue = session.known_queue(&self.queue).await?;
        if self.lift {
            let lifted = queue.lift_throttle().await?;
            let text = if lifted { "may start jobs again" } else { "was not throttled" };
            let value = json!({"queue": self.queue, "lifted": lifted});
            session.out.answer(&value, format_args!("{} {text}", self.queue))?;
            return Ok(Exit::Done);
        }
        let throttles = queue.throttles().await?;
        if session.out.json {
            session.out.json(&throttles)?;
        } else {
            self.show(session, &throttles)?;
        }
        Ok(if throttles.holds_all() { Exit::Trouble } else { Exit::Done })
    }

    fn show(&self, session: &Session, held: &manage::Throttles) -> Result<()> {
        let out = &session.out;
        let mut reasons = Vec::new();
        if held.paused {
            reasons.push("‖ it is paused: `jobqueue resume` ends that".to_owned());
        }
        if let Some(until) = held.throttled_until {
            let since = held.throttled_since.map(|since| format!(", since {}", out.time(since)));
            let since = since.unwrap_or_default();
            reasons.push(format!(
                "⧗ a handler throttled it, until {}{since}: --lift ends that",
                out.time(until)
            ));
        }
        if let Some(at) = held.next_start_at {
            let rate = held.rate.map(rate_text).unwrap_or_default();
            reasons.push(format!(
                "⧗ its rate ({rate}) is used up: the next job starts {}",
                out.time(at)
            ));
        }
        if let Some(max) = held.max_active.filter(|max| held.active >= *max) {
            reasons.push(format!("⧗ as many are active as may be: {} of {max}", held.active));
        }
        for handler in &held.handlers {
            let waiting = counted(handler.waiting, "job");
            reasons.push(format!("⧗ the limits of handler {} hold {waiting}", handler.handler));
        }
        for key in &held.keys {
            let waiting = counted(key.waiting, "job");
            let active = key.active;
            reasons
                .push(format!("⧗ {active} of key {} are active: {waiting} wait for it", key.key));
        }
        out.say(format_args!("{}: {} waiting", self.queue, counted(held.waiting, "job")))?;
        if reasons.is_empty() {
            return out.say(
                "nothing holds them back here; for groups see `jobqueue groups QUEUE --held`",
            );
        }
        reasons.iter().try_for_each(|reason| out.say(reason))
    }
}
