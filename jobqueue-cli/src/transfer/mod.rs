//! `jobqueue move`: copies all queues to another server, and compares the two.

mod compare;
mod copy;
mod key;
mod page;
mod ready;

use std::{fs, path::Path, time::Instant};

use self::key::Kind;
use crate::{
    arguments::Move,
    exit::Told,
    site::{Site, folder, shown},
};
use anyhow::{Context as _, Result, bail};

/// Both ends of a move.
struct Sites {
    from: Site,
    to: Site,
    /// All keys that are moved begin so.
    prefix: String,
}

/// Copies all queues, and compares.
pub(crate) async fn run(order: &Move, prefix: &str) -> Result<()> {
    let (from, to) = (folder(&order.from)?, folder(&order.to)?);
    let place = |path: Option<&str>| path.and_then(|path| fs::canonicalize(path).ok());
    let is_one_folder = place(from).is_some() && place(from) == place(to);
    if order.from == order.to || is_one_folder {
        return Err(Told::usage(format_args!("both URLs are {}", shown(&order.from))));
    }
    if let Some(path) = from.filter(|path| !Path::new(path).is_dir()) {
        return Err(Told::usage(format_args!("{path} is no folder")));
    }
    let start = Instant::now();
    let mut sites = Sites {
        from: Site::open(&order.from).await?,
        to: Site::open(&order.to).await?,
        // Every key of a queue goes on with the queue's name in braces.
        prefix: format!("{prefix}:{{"),
    };
    let mut keys =
        key::all(&mut sites.from.redis, &sites.prefix).await.context("reading the source")?;
    if keys.is_empty() {
        bail!(
            "{} has no key that begins with `{}`: is the prefix another one?",
            shown(&order.from),
            sites.prefix
        );
    }
    if !order.force && !sites.from.is_held() {
        ready::nobody_works(&mut sites.from.redis, &keys).await?;
    }
    ready::claim(&mut sites).await?;
    keys.extend(key::shared(&mut sites, prefix).await.context("reading what all queues share")?);
    let mut items = 0;
    for (number, (key, kind)) in keys.iter().enumerate() {
        let name = String::from_utf8_lossy(key);
        let copied = copy::key(&mut sites, key, *kind).await;
        items +=
            copied.with_context(|| format!("copying {name} ({kind}), {number} keys are done"))?;
    }
    println!("{} keys with {items} entries are copied; comparing", keys.len());
    compare::all(&mut sites, &keys).await?;
    ready::release(&mut sites).await?;
    println!(
        "moved {} queues in {:.1} s: {} keys, {items} entries, all equal. The source is as it was: \
         remove it when all use {}",
        keys.iter().filter(|(key, kind)| **kind == Kind::Hash && key.ends_with(b"}:meta")).count(),
        start.elapsed().as_secs_f64(),
        keys.len(),
        shown(&order.to)
    );
    Ok(())
}
