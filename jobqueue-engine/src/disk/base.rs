//! Snapshots: the whole keyspace as commands.

use std::io;

use super::{
    error::OpenError,
    files::{Files, NEW},
    frame,
    header::{HEADER, Header, Kind},
    read::{Frames, Next},
};
use crate::{keyspace::Keyspace, portable, words};

/// How large its frames are, about.
const FRAME: usize = 256 << 10;

/// What the last frame of a snapshot has, with the position in the log at which it stands.
const END: &[u8] = b"END";

/// Writes the snapshot of this number, which stands at this position of the log. It isn't there
/// before it is whole.
pub(super) fn write(
    files: &Files,
    number: u64,
    position: u64,
    keyspace: &Keyspace,
) -> io::Result<()> {
    let name = Kind::Base.name(number);
    let new = format!("{name}{NEW}");
    let file = files.create(&new)?;
    let header = Header::new(Kind::Base, number).write();
    files.write(&file, &header, 0)?;
    let (mut at, mut body, mut out, mut written) = (0, Vec::new(), Vec::new(), Ok(()));
    let mut flush = |body: &mut Vec<u8>| {
        out.clear();
        let end = frame::append(&mut out, at, at, body);
        let result = files.write(&file, &out, HEADER + at);
        at = end;
        body.clear();
        result
    };
    for (key, slot) in keyspace.slots() {
        portable::each_command(key, slot, &mut |command| {
            words::append(&mut body, command.iter().map(AsRef::as_ref));
            if body.len() > FRAME && written.is_ok() {
                written = flush(&mut body);
            }
        });
        std::mem::replace(&mut written, Ok(()))?;
    }
    flush(&mut body)?;
    words::append(&mut body, [END, position.to_string().as_bytes()]);
    flush(&mut body)?;
    files.sync(&file)?;
    files.rename(&new, &name)?;
    files.sync_folder()
}

/// Reads a snapshot into an empty keyspace. Where in the log it stands.
pub(super) fn read(files: &Files, number: u64, keyspace: &mut Keyspace) -> Result<u64, OpenError> {
    let mut frames = Frames::open(files, Kind::Base, number)?;
    let mut position = 0;
    while let Next::Frame(head) = frames.next(position)? {
        position = head.end();
        if let Some(at) = end(&frames) {
            return match frames.next(position)? {
                Next::Over => Ok(at),
                _ => Err(frames.damaged("something follows the snapshot's end")),
            };
        }
        frames.apply(keyspace)?;
    }
    Err(frames.damaged("a frame of the snapshot is broken"))
}

/// Where in the log a snapshot stands, if the frame that was read last is its end.
fn end(frames: &Frames) -> Option<u64> {
    let words = frames.commands().next()?;
    let [word, at] = words.as_slice() else { return None };
    if word == END { str::from_utf8(at).ok()?.parse().ok() } else { None }
}
