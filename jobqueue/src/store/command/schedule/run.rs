//! Add a job of a schedule out of turn.

use redis::Value;

use super::fire::{Tick, Ticked};
use crate::{
    store::{
        command::{Args, Command},
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
            columns,
            retention,
            outbox,
            callers,
            cancels,
            whereabouts,
            reprioritize,
            due,
            unfinished,
            tags,
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
    type Reply = Ticked;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push("").push(1);
        self.tick.write(args);
    }

    fn size(&self) -> (usize, usize) {
        (24, 160 + self.tick.size())
    }

    fn read(&self, reply: Value) -> Result<Ticked, Corrupt> {
        let mut letters = reply::text(&reply, Self::ACTION)?.chars();
        letters
            .next()
            .map_or_else(|| Err(Corrupt::new(Self::ACTION, "an empty answer")), Ticked::read)
    }

    fn key(&self) -> Option<&str> {
        Some(self.tick.schedule.as_str())
    }
}
