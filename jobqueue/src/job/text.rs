//! What names and ids have in common: each is a text that was checked when it was made.

/// Implements the traits of a text for a newtype around `Arc<str>`.
macro_rules! text_type {
    ($name:ident) => {
        impl $name {
            /// The text.
            #[must_use]
            #[allow(unreachable_pub, reason = "some names are the crate's own")]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// A text from Redis, where only valid ones were ever written.
            #[allow(dead_code, reason = "not every name is read from Redis")]
            pub(crate) fn from_store(text: &str) -> Self {
                Self(std::sync::Arc::from(text))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                *self.0 == *other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                *self.0 == **other
            }
        }

        impl PartialEq<$name> for str {
            fn eq(&self, other: &$name) -> bool {
                *self == *other.0
            }
        }

        impl PartialEq<$name> for &str {
            fn eq(&self, other: &$name) -> bool {
                **self == *other.0
            }
        }

        impl From<&$name> for $name {
            fn from(name: &$name) -> Self {
                name.clone()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(super) use text_type;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use crate::job::{JobId, JobName, QueueName};

    #[test]
    fn a_name_compares_with_text() {
        let name: QueueName = "orders".parse().expect("a good name");
        assert_eq!(name, "orders");
        assert_eq!("orders", name);
        assert_eq!(name, *"orders");
        assert_eq!(*"orders", name);
        assert_ne!(name, "mails");
        assert!(HashSet::from([name]).contains("orders"));
    }

    #[test]
    fn a_name_survives_json_and_is_checked() {
        let id: JobId = serde_json::from_str("\"invoice-7\"").expect("a good id");
        assert_eq!(serde_json::to_string(&id).expect("text"), "\"invoice-7\"");
        assert!(serde_json::from_str::<JobId>("\"two words\"").is_err());
        assert!(serde_json::from_str::<QueueName>("\"{a}\"").is_err());
        assert!(serde_json::from_str::<JobName>("\" a\"").is_err());
    }

    #[test]
    fn a_name_is_padded_as_text_is() {
        let name: JobName = "ship".parse().expect("a good name");
        assert_eq!(format!("{name:>6}|"), "  ship|");
    }
}
