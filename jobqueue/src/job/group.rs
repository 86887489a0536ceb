//! Groups, among which a queue is shared fairly.

use serde::Serialize;

use super::field_text::{field_text, hashed, is_name};
use crate::value_error::{Invalid, PayloadError};

/// Checks a group's name.
pub(crate) fn validate_group(group: &str) -> Result<(), Invalid> {
    if is_name(group) {
        return Ok(());
    }
    let advice = "use 1 to 255 bytes without control characters, such as \"tenant-42\"";
    Err(Invalid::new("group", group, advice))
}

/// The group that a value of a payload names, for the code of `#[job]`: a text as it is, and any other
/// value as JSON; none for one that is missing. What is no name for a group becomes its SHA-1.
///
/// # Errors
/// The value's own `Serialize` refuses.
pub fn group_name<T: Serialize>(value: &T) -> Result<Option<String>, PayloadError> {
    let sound = |name: String| match validate_group(&name) {
        Ok(()) => name,
        Err(_) => hashed(&name),
    };
    Ok(field_text(value, "a group")?.map(sound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_name_groups() {
        assert_eq!(group_name(&"tenant 42"), Ok(Some("tenant 42".to_owned())));
        assert_eq!(group_name(&7), Ok(Some("7".to_owned())));
        assert_eq!(group_name(&(1, "a")), Ok(Some("[1,\"a\"]".to_owned())));
        assert_eq!(group_name(&None::<u8>), Ok(None));
        for odd in [String::new(), "a\nb".to_owned(), "x".repeat(256)] {
            let name = group_name(&odd).expect("it can be written").expect("a group");
            assert!(name.starts_with("sha1:") && validate_group(&name) == Ok(()), "{name}");
        }
    }
}
