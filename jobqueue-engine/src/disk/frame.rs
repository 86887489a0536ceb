//! A frame: what one call did, whole or not at all.
//!
//! Its head has the frame's position in the log, the length of its body, how many bytes before it
//! weren't known to be on the disk when it was written, and checksums of body and head. The bytes
//! that weren't known to be there tell a torn end, which a power failure may leave, from damage: a
//! frame that is broken, and that a later one knew to be on the disk, was damaged since.

/// How long a head is.
pub(super) const HEAD: usize = 28;

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Where it begins in the log, counted over all files without their headers.
    pub(super) position: u64,
    /// How long its body is.
    pub(super) length: u64,
    /// How many bytes before it weren't known to be on the disk.
    unsynced: u32,
    check: u32,
}

impl Head {
    /// Reads a head.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (fields, check) = bytes.get(..HEAD)?.split_at(HEAD - 4);
        if crc32fast::hash(fields) != four(check, 0)? {
            return None;
        }
        Some(Self {
            position: eight(fields, 0)?,
            length: eight(fields, 8)?,
            unsynced: four(fields, 16)?,
            check: four(fields, 20)?,
        })
    }

    /// Whether this is the body.
    pub(super) fn fits(&self, body: &[u8]) -> bool {
        crc32fast::hash(body) == self.check
    }

    /// Where the next frame begins in the log.
    pub(super) fn end(&self) -> u64 {
        self.position.saturating_add(HEAD as u64).saturating_add(self.length)
    }

    /// Up to where the log was known to be on the disk.
    pub(super) fn synced(&self) -> u64 {
        self.position.saturating_sub(self.unsynced.into())
    }
}

fn four(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn eight(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// Appends a frame that begins at `position`, where the log is on the disk up to `synced`. Where
/// the next one begins.
pub(super) fn append(out: &mut Vec<u8>, position: u64, synced: u64, body: &[u8]) -> u64 {
    let begin = out.len();
    let unsynced = u32::try_from(position.saturating_sub(synced)).unwrap_or(u32::MAX);
    out.extend_from_slice(&position.to_le_bytes());
    out.extend_from_slice(&(body.len() as u64).to_le_bytes());
    out.extend_from_slice(&unsynced.to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
    let check = crc32fast::hash(&out[begin..]);
    out.extend_from_slice(&check.to_le_bytes());
    out.extend_from_slice(body);
    position + (HEAD + body.len()) as u64
}

/// All whole frames in these bytes, wherever they begin.
pub(super) fn scan(bytes: &[u8]) -> impl Iterator<Item = Head> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at + HEAD <= bytes.len() {
            let head = Head::parse(&bytes[at..]);
            let whole = head.and_then(|head| {
                let end = usize::try_from(head.length).ok()?.checked_add(at + HEAD)?;
                head.fits(bytes.get(at + HEAD..end)?).then_some((head, end))
            });
            match whole {
                Some((head, end)) => {
                    at = end;
                    return Some(head);
                }
                None => at += 1,
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_behind_what_is_broken() {
        let mut bytes = Vec::new();
        let mut position = 100;
        for body in [&b"one"[..], b"", b"three"] {
            position = append(&mut bytes, position, 90, body);
        }
        let heads: Vec<_> = scan(&bytes).collect();
        assert_eq!(heads.iter().map(|head| head.length).collect::<Vec<_>>(), [3, 0, 5]);
        assert!(heads.iter().all(|head| head.synced() == 90));
        assert_eq!((heads[2].end(), position), (position, 100 + 3 * 28 + 8));
        bytes[HEAD] ^= 1;
        assert_eq!(scan(&bytes).collect::<Vec<_>>(), heads[1..]);
        assert_eq!(scan(&[0; 200]).count(), 0, "nothing but zeros is no frame");
    }

    #[test]
    fn every_bit_of_a_frame_counts() {
        let mut bytes = Vec::new();
        append(&mut bytes, 7, 0, b"body");
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(scan(&flipped).count(), 0, "bit {bit}");
        }
    }
}
