//! Add a job of a schedule out of turn.

use redis::Value;

use super::fire::{Tick, Ticked};
use crate::{
    job::JobId,
    store::{
        command::{Args, Command, job::Instead},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/schedule/run.lua`
pub(crate) struct Run<'a> {
    /// With the job, and without a move.
    pub(crate) tick: &'a Tick,
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum Ran {
    /// Its job was added, or what happened instead.
    Added(Option<Instead>),
    /// Nothing: the queue is full.
    Full,
    /// Nothing: there is no such schedule.
    Missing,
}

impl Command for Run<'_> {
    const SCRIPT: &'static Script = script!(
        "schedule" / run,
        [
            clock,
            layout,
            numbered,
            rank,
            order,
            events,
            wake,
            size,
            lanes,
            deadline,
            tries,
            unique,
            pools,
            tags,
            children,
            columns,
            key,
            retention,
            outbox,
            callers,
            cancels,
            whereabouts,
            group_of,
            keys_of,
            groups,
            reprioritize,
            due,
            unfinished,
            dedup,
            add,
            ticks,
            displace,
            fire,
            call
        ],
        once
    );
    const KEYS: &'static [Key] = &[
        Key::Jobs,
        Key::Waiting,
        Key::Delayed,
        Key::Completed,
        Key::Failed,
        Key::Priority,
        Key::Uniques,
        Key::Schedules,
        Key::Ticks,
        Key::Fired,
        Key::Meta,
        Key::Events,
        Key::Wake,
    ];
    const ACTION: &'static str = "run a schedule";
    type Reply = Ran;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push("").push(1);
        self.tick.write(args);
    }

    fn size(&self) -> (usize, usize) {
        (24, 160 + self.tick.size())
    }

    fn read(&self, reply: Value) -> Result<Ran, Corrupt> {
        let text = reply::text(&reply, Self::ACTION)?;
        let unknown = || Corrupt::new(Self::ACTION, format!("an unknown answer {text}"));
        if let Some((letter, id)) = text.split_once(' ') {
            let instead = Instead::of_letter(letter).ok_or_else(unknown)?;
            return Ok(Ran::Added(Some(instead(JobId::from_store(id)))));
        }
        match Ticked::read(text.chars().next().ok_or_else(unknown)?)? {
            Ticked::Added => Ok(Ran::Added(None)),
            Ticked::Full => Ok(Ran::Full),
            Ticked::Past => Ok(Ran::Missing),
            Ticked::LeftOut | Ticked::Held => Err(unknown()),
        }
    }

    fn key(&self) -> Option<&str> {
        Some(self.tick.schedule.as_str())
    }
}
