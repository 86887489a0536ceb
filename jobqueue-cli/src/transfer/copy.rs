//! Copying one key.

use anyhow::Result;
use redis::{Cmd, aio::MultiplexedConnection, cmd, pipe};

use super::{
    Sites,
    key::Kind,
    page::{Item, Pages},
};

/// How many bytes are written at once, about.
const BYTES: usize = 1 << 20;

/// Copies a key; what stood there at the target goes. How many items there were.
pub(super) async fn key(sites: &mut Sites, key: &[u8], kind: Kind) -> Result<usize> {
    let mut pages = Pages::new(key, kind);
    let mut writer = Writer::new(&mut sites.to.redis);
    writer.add(cmd("DEL").arg(key).clone()).await?;
    let mut items = 0;
    while let Some(page) = pages.next(&mut sites.from.redis).await? {
        items += page.len();
        for item in &page {
            writer.add(write(key, kind, item)).await?;
        }
    }
    if kind == Kind::Stream {
        for command in last_id(&mut sites.from.redis, key).await? {
            writer.add(command).await?;
        }
    }
    let left: i64 = cmd("PTTL").arg(key).query_async(&mut sites.from.redis).await?;
    if left >= 0 {
        writer.add(cmd("PEXPIRE").arg(key).arg(left).clone()).await?;
    }
    writer.flush().await?;
    Ok(items)
}

/// Commands on their way to the target.
struct Writer<'a> {
    redis: &'a mut MultiplexedConnection,
    commands: Vec<Cmd>,
    bytes: usize,
}

impl<'a> Writer<'a> {
    fn new(redis: &'a mut MultiplexedConnection) -> Self {
        Self { redis, commands: Vec::new(), bytes: 0 }
    }

    async fn add(&mut self, command: Cmd) -> Result<()> {
        self.bytes += command.get_packed_command().len();
        self.commands.push(command);
        if self.bytes >= BYTES { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<()> {
        if self.commands.is_empty() {
            return Ok(());
        }
        let mut all = pipe();
        for command in self.commands.drain(..) {
            all.add_command(command).ignore();
        }
        self.bytes = 0;
        all.query_async::<()>(self.redis).await?;
        Ok(())
    }
}

/// The command that adds an item.
fn write(key: &[u8], kind: Kind, item: &Item) -> Cmd {
    let name = match kind {
        Kind::Text => "SET",
        Kind::Hash => "HSET",
        Kind::Set => "SADD",
        Kind::List => "RPUSH",
        Kind::SortedSet => "ZADD",
        Kind::Stream => "XADD",
    };
    let mut command = cmd(name);
    command.arg(key);
    match (kind, &item[..]) {
        (Kind::SortedSet, [member, score]) => command.arg(score).arg(member),
        (_, words) => command.arg(words),
    };
    command
}

/// A stream goes on behind its last id, although the entry with it may have gone.
async fn last_id(redis: &mut MultiplexedConnection, key: &[u8]) -> Result<Vec<Cmd>> {
    let info = super::compare::stream(redis, key).await?;
    if info.last_id == info.last_entry || info.last_id == b"0-0" {
        return Ok(Vec::new());
    }
    let mut push = cmd("XADD");
    push.arg(key).arg(&info.last_id).arg("last").arg("");
    let mut remove = cmd("XDEL");
    remove.arg(key).arg(&info.last_id);
    Ok(vec![push, remove])
}
