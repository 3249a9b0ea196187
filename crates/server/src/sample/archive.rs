//! A zip file with stored entries: the container of every office format.
//!
//! Entries are not compressed and carry no time of their own, so the same
//! parts always give the same bytes.

/// A file inside the archive.
pub(super) struct Entry {
    /// Its path, ASCII, with `/` between the parts.
    pub(super) path: String,
    /// Its content.
    pub(super) bytes: Vec<u8>,
}

/// 1980-01-01, the earliest day the format can write.
const NO_DATE: u16 = 0x0021;

/// The archive with `entries` in their order.
pub(super) fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let offset = out.len();
        let fields = fields(entry);
        out.extend_from_slice(&0x0403_4b50_u32.to_le_bytes());
        out.extend_from_slice(&fields);
        out.extend_from_slice(entry.path.as_bytes());
        out.extend_from_slice(&entry.bytes);

        directory.extend_from_slice(&0x0201_4b50_u32.to_le_bytes());
        directory.extend_from_slice(&20_u16.to_le_bytes()); // made by: 2.0
        directory.extend_from_slice(&fields);
        // No comment, first disk, no attributes: 2 + 2 + 2 + 4 bytes.
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&length(offset).to_le_bytes());
        directory.extend_from_slice(entry.path.as_bytes());
    }
    let start = length(out.len());
    let size = length(directory.len());
    let count = u16::try_from(entries.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&directory);
    out.extend_from_slice(&0x0605_4b50_u32.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out
}

/// The 26 bytes that the local header and the directory share: version needed
/// to the length of the extra field.
fn fields(entry: &Entry) -> Vec<u8> {
    let size = length(entry.bytes.len());
    let mut out = Vec::with_capacity(26);
    for word in [20_u16, 0, 0, 0, NO_DATE] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    for long in [crc32(&entry.bytes), size, size] {
        out.extend_from_slice(&long.to_le_bytes());
    }
    let path = u16::try_from(entry.path.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&path.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out
}

/// Sample files are kilobytes, far from the format's 4 GiB.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// CRC-32 as in ISO 3309, bit by bit: the files are small.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let divide = (crc & 1).wrapping_neg();
            crc = (crc >> 1) ^ (0xedb8_8320 & divide);
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_everybody_uses() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }
}
