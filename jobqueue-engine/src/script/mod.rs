//! Scripts, as Redis runs them.

mod convert;
mod interpreter;

use std::collections::HashMap;

use bytes::Bytes;

use self::interpreter::with_interpreter;
use crate::{keyspace::Keyspace, refusal::Refusal, reply::Answer};

/// The scripts that a server knows, by the SHA-1 of their sources in hexadecimal digits.
#[derive(Debug, Default)]
pub(crate) struct Scripts(HashMap<String, Bytes>);

impl Scripts {
    /// Gets to know a script, if it compiles. Its hash.
    pub(crate) fn load(&mut self, source: &Bytes) -> Result<String, Refusal> {
        let sha = sha1_smol::Sha1::from(source).digest().to_string();
        if !self.0.contains_key(&sha) {
            with_interpreter(|lua| lua.compile(&sha, source))?;
            self.0.insert(sha.clone(), source.clone());
        }
        Ok(sha)
    }

    pub(crate) fn knows(&self, sha: &[u8]) -> bool {
        self.0.contains_key(&hash(sha))
    }

    pub(crate) fn forget_all(&mut self) {
        self.0.clear();
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
        let sha = hash(sha);
        let source = self
            .0
            .get(&sha)
            .ok_or(Refusal::new("NOSCRIPT No matching script. Please use EVAL."))?;
        with_interpreter(|lua| {
            lua.compile(&sha, source)?;
            lua.run(&sha, keyspace, keys, args)
        })
    }
}

fn hash(sha: &[u8]) -> String {
    String::from_utf8_lossy(sha).to_ascii_lowercase()
}
