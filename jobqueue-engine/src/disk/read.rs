//! Reading a file's frames.

use std::{
    fs::File,
    io::{BufReader, Read as _},
};

use super::{
    error::OpenError,
    files::{Files, Step},
    frame::{HEAD, Head},
    header::{HEADER, Header, Kind},
};
use crate::{command, keyspace::Keyspace, words};

/// A file, and how far it was read.
pub(super) struct Frames {
    files: Files,
    pub(super) name: String,
    pub(super) header: Header,
    input: BufReader<File>,
    /// Where the next frame begins in the file.
    pub(super) at: u64,
    /// How long the file is.
    length: u64,
    /// The body of the frame that was read last.
    body: Vec<u8>,
}

/// What comes next in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A frame, whose body is in the reader.
    Frame(Head),
    /// Something that isn't the frame which belongs there.
    Broken,
    /// The file's end.
    Over,
}

impl Frames {
    pub(super) fn open(files: &Files, kind: Kind, number: u64) -> Result<Self, OpenError> {
        let name = kind.name(number);
        let unreadable = |error| files.unreadable(&name, error);
        let mut file = files.open(&name).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let mut header = Vec::new();
        (&mut file).take(HEADER).read_to_end(&mut header).map_err(unreadable)?;
        let header = Header::read(files, kind, number, &header)?;
        let input = BufReader::with_capacity(1 << 20, file);
        let body = Vec::new();
        Ok(Self { files: files.clone(), name, header, input, at: HEADER, length, body })
    }

    /// Reads the frame that begins at this position of the log.
    pub(super) fn next(&mut self, position: u64) -> Result<Next, OpenError> {
        let step = self.files.step(Step::Read);
        step.map_err(|error| self.files.unreadable(&self.name, error))?;
        let left = self.length - self.at;
        if left == 0 {
            return Ok(Next::Over);
        }
        if left < HEAD as u64 {
            return Ok(Next::Broken);
        }
        let mut head = [0; HEAD];
        self.fill(&mut head)?;
        let head = Head::parse(&head)
            .filter(|head| head.position == position && head.length <= left - HEAD as u64);
        let Some(head) = head else { return Ok(Next::Broken) };
        let mut body = std::mem::take(&mut self.body);
        body.resize(usize::try_from(head.length).unwrap_or(usize::MAX), 0);
        let filled = self.fill(&mut body);
        self.body = body;
        filled?;
        if !head.fits(&self.body) {
            return Ok(Next::Broken);
        }
        self.at += HEAD as u64 + head.length;
        Ok(Next::Frame(head))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), OpenError> {
        self.input.read_exact(bytes).map_err(|error| self.files.unreadable(&self.name, error))
    }

    /// The commands of the frame that was read last.
    pub(super) fn commands(&self) -> Commands<'_> {
        Commands(&self.body)
    }

    /// Carries them out.
    pub(super) fn apply(&self, keyspace: &mut Keyspace) -> Result<(), OpenError> {
        let mut commands = self.commands();
        for words in &mut commands {
            command::run(keyspace, &words).map_err(|_| self.senseless())?;
        }
        // Nobody waits for keys yet.
        keyspace.take_touched();
        if commands.0.is_empty() { Ok(()) } else { Err(self.senseless()) }
    }

    fn senseless(&self) -> OpenError {
        let before = self.at - self.body.len() as u64;
        self.files.damaged(&self.name, before, "a frame has what can't be carried out")
    }

    /// What the file has from the next frame on, whatever it is.
    pub(super) fn rest(&mut self) -> Result<Vec<u8>, OpenError> {
        let unreadable = |error| self.files.unreadable(&self.name, error);
        let whole = std::fs::read(self.files.path(&self.name)).map_err(unreadable)?;
        let at = usize::try_from(self.at).unwrap_or(usize::MAX);
        Ok(whole.get(at..).unwrap_or_default().to_vec())
    }

    pub(super) fn damaged(&self, what: &'static str) -> OpenError {
        self.files.damaged(&self.name, self.at, what)
    }
}

/// The commands in a frame.
pub(super) struct Commands<'a>(&'a [u8]);

impl Iterator for Commands<'_> {
    type Item = Vec<bytes::Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        // What can't be read stays, and tells that by being there.
        let mut rest = self.0;
        let words = if rest.is_empty() { None } else { words::take(&mut rest) }?;
        self.0 = rest;
        Some(words)
    }
}
