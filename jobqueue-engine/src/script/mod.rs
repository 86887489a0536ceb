//! Scripts, as Redis runs them.

mod convert;
mod interpreter;

use std::{collections::HashMap, fmt};

use bytes::Bytes;
use foldhash::fast::FixedState;

use self::interpreter::with_interpreter;
use crate::{keyspace::Keyspace, refusal::Refusal, reply::Answer};

/// The scripts that a server knows.
#[derive(Default)]
pub(crate) struct Scripts {
    /// By the SHA-1 of their sources in hexadecimal digits.
    known: HashMap<String, Script, FixedState>,
    alter: Option<Alter>,
}

/// Another text in the place of a script's, if it has one.
pub(crate) type Alter = Box<dyn Fn(&str) -> Option<String> + Send>;

/// What runs, and its own hash: the interpreter knows it by that.
#[derive(Debug)]
struct Script {
    sha: String,
    source: Bytes,
}

impl Scripts {
    /// Gets to know a script, if it compiles. Its hash.
    pub(crate) fn load(&mut self, source: &Bytes) -> Result<String, Refusal> {
        with_interpreter(|lua| {
            let sha = lua.hash(source);
            if !self.known.contains_key(&sha) {
                let source = self.altered(source).unwrap_or_else(|| source.clone());
                let script = Script { sha: lua.hash(&source), source };
                lua.compile(&script.sha, &script.source)?;
                self.known.insert(sha.clone(), script);
            }
            Ok(sha)
        })
    }

    /// What runs in the place of a script, if anything does.
    fn altered(&self, source: &[u8]) -> Option<Bytes> {
        self.alter.as_ref()?(str::from_utf8(source).ok()?).map(Bytes::from)
    }

    /// Other texts run in the place of those that it gets to know from now on.
    pub(crate) fn alter(&mut self, alter: Alter) {
        self.forget_all();
        self.alter = Some(alter);
    }

    pub(crate) fn knows(&self, sha: &[u8]) -> bool {
        self.known.contains_key(&hash(sha))
    }

    pub(crate) fn forget_all(&mut self) {
        self.known.clear();
    }

    /// Runs a script. `args` are the arguments behind its hash: how many keys, keys, arguments.
    pub(crate) fn run(&self, keyspace: &mut Keyspace, sha: &[u8], args: &[Bytes]) -> Answer {
        const TOO_FEW: Refusal =
            Refusal::new("ERR Number of keys can't be greater than number of args");
        let (number, rest) = args.split_first().ok_or(TOO_FEW)?;
        let number = crate::number::integer(number).ok_or(Refusal::NO_INTEGER)?;
        let number = usize::try_from(number)
            .map_err(|_| Refusal::new("ERR Number of keys can't be negative"))?;
        let (keys, args) = rest.split_at_checked(number).ok_or(TOO_FEW)?;
        let Script { sha, source } = self
            .known
            .get(&hash(sha))
            .ok_or(Refusal::new("NOSCRIPT No matching script. Please use EVAL."))?;
        with_interpreter(|lua| {
            lua.compile(sha, source)?;
            lua.run(sha, keyspace, keys, args)
        })
    }
}

impl fmt::Debug for Scripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripts").field("known", &self.known.keys()).finish_non_exhaustive()
    }
}

fn hash(sha: &[u8]) -> String {
    String::from_utf8_lossy(sha).to_ascii_lowercase()
}
