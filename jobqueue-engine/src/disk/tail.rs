//! The end of the log: frames that aren't written yet, and the file that they go to.

use std::{fs::File, io, mem, sync::Arc};

use super::{files::Files, frame, header::HEADER};

/// Frames that aren't written yet.
#[derive(Debug)]
pub(super) struct Pending {
    bytes: Vec<u8>,
    /// Where the next frame begins.
    end: u64,
}

impl Pending {
    pub(super) fn at(position: u64) -> Self {
        Self { bytes: Vec::new(), end: position }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Appends a frame. Where it ends.
    pub(super) fn push(&mut self, synced: u64, body: &[u8]) -> u64 {
        self.end = frame::append(&mut self.bytes, self.end, synced, body);
        self.end
    }

    /// Takes all frames, and leaves an empty buffer. Where they end.
    pub(super) fn take(&mut self, spare: Vec<u8>) -> (Vec<u8>, u64) {
        (mem::replace(&mut self.bytes, spare), self.end)
    }

    /// Puts frames back before those that have come since.
    pub(super) fn put_back(&mut self, mut bytes: Vec<u8>) {
        bytes.append(&mut self.bytes);
        self.bytes = bytes;
    }

    /// Forgets them: a snapshot has what they did. Where they end.
    pub(super) fn clear(&mut self) -> u64 {
        self.bytes.clear();
        self.end
    }
}

/// The file that frames go to.
#[derive(Debug)]
pub(super) struct Tail {
    file: Arc<File>,
    /// Where the next write goes in the file.
    offset: u64,
    /// Where that is in the log.
    pub(super) written: u64,
    /// Former files, whose ends aren't known to be on the disk.
    former: Vec<Arc<File>>,
    /// A buffer to write into next.
    spare: Vec<u8>,
}

/// A buffer that was needed once isn't kept if it is larger than this.
const SPARE: usize = 1 << 20;

impl Tail {
    pub(super) fn new(file: File, offset: u64, written: u64) -> Self {
        let (former, spare) = (Vec::new(), Vec::new());
        Self { file: Arc::new(file), offset, written, former, spare }
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn take_spare(&mut self) -> Vec<u8> {
        mem::take(&mut self.spare)
    }

    /// Writes frames that end here in the log. If that fails, they are given back, and the next
    /// write goes to the same place.
    pub(super) fn write(
        &mut self,
        files: &Files,
        mut bytes: Vec<u8>,
        end: u64,
    ) -> Result<(), (Vec<u8>, io::Error)> {
        if let Err(error) = files.write(&self.file, &bytes, self.offset) {
            return Err((bytes, error));
        }
        self.offset += bytes.len() as u64;
        self.written = end;
        bytes.clear();
        if bytes.capacity() <= SPARE {
            self.spare = bytes;
        }
        Ok(())
    }

    /// From now on frames go to this new file.
    pub(super) fn turn_to(&mut self, file: File) {
        self.former.push(mem::replace(&mut self.file, Arc::new(file)));
        self.offset = HEADER;
    }

    /// The same, but nothing of the former files counts any more: a snapshot has all up to here.
    pub(super) fn begin_anew(&mut self, file: File, position: u64) {
        *self = Self::new(file, HEADER, position);
    }

    /// The files to sync, and up to where the log is on the disk then.
    pub(super) fn to_sync(&self) -> (Vec<Arc<File>>, u64) {
        (self.former.iter().chain([&self.file]).cloned().collect(), self.written)
    }

    /// These files were synced after they weren't written to any more.
    pub(super) fn synced(&mut self, files: &[Arc<File>]) {
        self.former.retain(|former| !files.iter().any(|file| Arc::ptr_eq(file, former)));
    }
}
