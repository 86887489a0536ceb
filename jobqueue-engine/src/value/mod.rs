//! What stands at a key.

mod sorted_set;
mod stream;

use std::collections::VecDeque;

use bytes::Bytes;
use foldhash::fast::FixedState;
use indexmap::IndexMap;

pub(crate) use self::{
    sorted_set::{Bound, SortedSet},
    stream::{Entry, Id, Precision, Stream},
};

/// Its order follows from what was done to it alone, so that the same calls give the same answers.
pub(crate) type Map<V> = IndexMap<Bytes, V, FixedState>;

pub(crate) type Hash = Map<Bytes>;
pub(crate) type Set = Map<()>;
pub(crate) type List = VecDeque<Bytes>;

/// What stands at a key.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(Bytes),
    Hash(Hash),
    Set(Set),
    SortedSet(SortedSet),
    List(List),
    Stream(Stream),
}

impl Value {
    /// What `TYPE` calls it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "string",
            Self::Hash(_) => "hash",
            Self::Set(_) => "set",
            Self::SortedSet(_) => "zset",
            Self::List(_) => "list",
            Self::Stream(_) => "stream",
        }
    }
}

/// One type of value.
pub(crate) trait Kind: Default {
    fn of(value: &Value) -> Option<&Self>;
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
    fn wrap(self) -> Value;

    /// Whether its key goes, since nothing is left in it.
    fn is_over(&self) -> bool;
}

macro_rules! kind {
    ($type:ty, $variant:ident, |$value:ident| $is_over:expr) => {
        impl Kind for $type {
            fn of(value: &Value) -> Option<&Self> {
                if let Value::$variant(it) = value { Some(it) } else { None }
            }

            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                if let Value::$variant(it) = value { Some(it) } else { None }
            }

            fn wrap(self) -> Value {
                Value::$variant(self)
            }

            fn is_over(&self) -> bool {
                let $value = self;
                $is_over
            }
        }
    };
}

kind!(Bytes, Text, |_text| false);
kind!(Hash, Hash, |hash| hash.is_empty());
kind!(Set, Set, |set| set.is_empty());
kind!(SortedSet, SortedSet, |set| set.is_empty());
kind!(List, List, |list| list.is_empty());
// An empty stream stays: its ids must go on rising.
kind!(Stream, Stream, |_stream| false);
