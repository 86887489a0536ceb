//! The config file: servers by name.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::exit::Told;

/// The prefix of keys where nothing says another.
pub(crate) const PREFIX: &str = "jq";

/// `config.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The profile that is meant if neither a URL nor a profile is named.
    pub(crate) default: Option<String>,
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

/// A server, by name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    pub(crate) url: String,
    pub(crate) prefix: Option<String>,
}

impl Config {
    /// Reads the user's file; as if it were empty if there is none.
    pub(crate) fn read() -> Result<Self> {
        match path() {
            Some(path) => Self::read_from(&path),
            None => Ok(Self::default()),
        }
    }

    fn read_from(path: &Path) -> Result<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            error => error.with_context(|| format!("{} can't be read", path.display()))?,
        };
        toml::from_str(&text).map_err(|error| {
            // Without the line itself, which may have a password.
            let line = error.span().and_then(|span| text.get(..span.start));
            let line = line.map_or(1, |before| before.matches('\n').count() + 1);
            Told::usage(format_args!("{}, line {line}: {}", path.display(), error.message()))
        })
    }

    pub(crate) fn profile(&self, name: &str) -> Result<Profile> {
        let known = || match self.profile.keys().map(String::as_str).collect::<Vec<_>>() {
            names if names.is_empty() => "there is none".to_owned(),
            names => format!("there is {}", names.join(", ")),
        };
        let found = self.profile.get(name).cloned();
        found.ok_or_else(|| {
            Told::usage(format_args!("the config file has no profile {name:?}: {}", known()))
        })
    }
}

/// `$XDG_CONFIG_HOME/jobqueue/config.toml`, or that below `~/.config`.
fn path() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))?;
    Some(folder.join("jobqueue/config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config> {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        fs::write(&path, text).expect("written");
        Config::read_from(&path)
    }

    #[test]
    fn profiles_are_read() {
        let text = "default = \"local\"\n[profile.local]\nurl = \"redis://127.0.0.1\"\n\
                    [profile.prod]\nurl = \"rediss://prod\"\nprefix = \"shop\"\n";
        let config = read(text).expect("sound");
        assert_eq!(config.default.as_deref(), Some("local"));
        let prod = config.profile("prod").expect("there");
        assert_eq!((prod.url.as_str(), prod.prefix.as_deref()), ("rediss://prod", Some("shop")));
        let missing = config.profile("test").expect_err("not there").to_string();
        assert!(missing.ends_with("there is local, prod"), "{missing}");
    }

    #[test]
    fn mistakes_are_told_without_the_line() {
        let text = "[profile.prod]\nurl = \"redis://:s3cret@prod\" oops\n";
        let error = format!("{:#}", read(text).expect_err("no TOML"));
        assert!(error.contains("line 2") && !error.contains("s3cret"), "{error}");
        assert!(read("[profile.prod]\nuri = \"redis://prod\"\n").is_err(), "an unknown field");
    }

    #[test]
    fn no_file_is_an_empty_one() {
        let config = Config::read_from(Path::new("/nowhere/config.toml")).expect("none");
        assert!(config.default.is_none() && config.profile("x").is_err());
    }
}
