//! What stands at a key.

mod hash;
mod list;
mod set;
mod sorted_set;
mod stream;

use bytes::Bytes;
use foldhash::fast::FixedState;
use indexmap::IndexMap;

pub(crate) use self::{
    hash::Hash,
    list::List,
    set::Set,
    sorted_set::{Bound, SortedSet},
    stream::{Entry, Id, Precision, Stream},
};

/// Its order follows from what was done to it alone, so that the same calls give the same answers.
pub(crate) type Map<V> = IndexMap<Bytes, V, FixedState>;

/// About how much memory an item takes beside its bytes, in a collection of any type.
const PER_ITEM: usize = 64;

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
    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Hash(hash) => hash.bytes(),
            Self::Set(set) => set.bytes(),
            Self::SortedSet(set) => set.bytes(),
            Self::List(list) => list.bytes(),
            Self::Stream(stream) => stream.bytes(),
        }
    }

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

    /// About how much memory it takes. It is asked before and after each change.
    fn bytes(&self) -> usize;

    /// Whether its key goes, since nothing is left in it.
    fn is_over(&self) -> bool;
}

macro_rules! kind {
    ($type:ty, $variant:ident, $bytes:expr, |$value:ident| $is_over:expr) => {
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

            fn bytes(&self) -> usize {
                $bytes(self)
            }

            fn is_over(&self) -> bool {
                let $value = self;
                $is_over
            }
        }
    };
}

kind!(Bytes, Text, Self::len, |_text| false);
kind!(Hash, Hash, Self::bytes, |hash| hash.is_empty());
kind!(Set, Set, Self::bytes, |set| set.is_empty());
kind!(SortedSet, SortedSet, Self::bytes, |set| set.is_empty());
kind!(List, List, Self::bytes, |list| list.is_empty());
// An empty stream stays: its ids must go on rising.
kind!(Stream, Stream, Self::bytes, |_stream| false);
