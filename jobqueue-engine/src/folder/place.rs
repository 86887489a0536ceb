//! A folder and how it is kept, as one text.

use crate::disk::Fsync;

/// A text isn't `path[?sync=always|everysec|no]`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// There is no path.
    #[error("the folder is missing")]
    Missing,
    /// The path begins with `~`.
    #[error("~ isn't replaced by a home")]
    Home,
    /// The path begins with a host.
    #[error("there is no host")]
    Host,
    /// There is no such option.
    #[error("unknown option {0}")]
    Option(String),
}

/// The path, and the setting if there is one, of `path[?sync=always|everysec|no]`. Of several
/// settings the last one counts.
///
/// # Errors
/// It isn't written so.
pub fn parse_place(place: &str) -> Result<(&str, Option<Fsync>), PlaceError> {
    let (path, query) = place.split_once('?').unwrap_or((place, ""));
    if path.is_empty() {
        return Err(PlaceError::Missing);
    }
    if path.starts_with('~') {
        return Err(PlaceError::Home);
    }
    if path.starts_with("//") && !path.starts_with("///") {
        return Err(PlaceError::Host);
    }
    let mut sync = None;
    for option in query.split('&').filter(|option| !option.is_empty()) {
        let setting = option.strip_prefix("sync=").and_then(|word| word.parse().ok());
        sync = Some(setting.ok_or_else(|| PlaceError::Option(option.to_owned()))?);
    }
    Ok((path, sync))
}
