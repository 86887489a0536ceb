//! Every form of a payload with a version, and a handler of each.

use jobqueue::{handler::{IntoJob, Job}, job, Codec, Payload};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize, Payload)]
struct First(u8);

/// Documented, and an enum.
#[derive(Debug, PartialEq, Serialize, Deserialize, Payload)]
#[payload(version = 2, upgrade_from(self::First,),)]
enum Second {
    Number(u8),
    #[serde(rename = "t")]
    Text { text: String },
}

impl From<First> for Second {
    fn from(First(number): First) -> Self {
        Self::Number(number)
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Payload)]
#[payload(version = 7, upgrade_from(Second))]
struct Generic<T: Default, const N: usize>
where
    T: Clone,
{
    value: T,
}

impl<T: Default + Clone, const N: usize> TryFrom<Second> for Generic<T, N> {
    type Error = std::fmt::Error;

    fn try_from(old: Second) -> Result<Self, std::fmt::Error> {
        match old {
            Second::Number(_) => Ok(Self { value: T::default() }),
            Second::Text { .. } => Err(std::fmt::Error),
        }
    }
}

type Alias = Generic<String, 3>;

#[job]
async fn first(_: First) {}

#[job]
async fn second(payload: Second) -> Second {
    payload
}

#[job(blocking)]
fn alias(payload: Alias) -> usize {
    payload.value.len()
}

#[job]
async fn plain(_: Vec<First>) {}

fn newest<F: IntoJob<Args>, Args>(_: F) -> u32 {
    F::Job::VERSIONS.newest()
}

fn main() {
    let versions = [newest(first), newest(second), newest(alias), newest(plain)];
    assert_eq!(versions, [1, 2, 7, 1]);
    assert_eq!(Alias::read(1, Codec::Json, b"5"), Ok(Generic { value: String::new() }));
    let failed = Alias::read(2, Codec::Json, br#"{"t":{"text":"x"}}"#);
    let text = "the payload can't be upgraded from version 2 to version 7";
    assert!(failed.unwrap_err().to_string().starts_with(text));
}
