//! `FILEGROUPDESCRIPTORW`: what the things are called that are dropped on
//! Windows without being files yet (shell clipboard formats,
//! `CFSTR_FILEDESCRIPTORW`). Another program wrote it: it is read with care.

/// So many things are taken at once, and no more.
pub(super) const MOST: u32 = 1_000;

/// The number in front, and then for each thing that many bytes.
const COUNT: usize = 4;
const EACH: usize = 592;
/// Where in these the parts are.
const ATTRIBUTES: usize = 36;
const SIZE_HIGH: usize = 64;
const SIZE_LOW: usize = 68;
const NAME: usize = 72;
/// `dwFlags`: the attributes are told, the size is told.
const HAS_ATTRIBUTES: u32 = 0x4;
const HAS_SIZE: u32 = 0x40;
const IS_DIRECTORY: u32 = 0x10;

/// A thing that is dropped, as its source describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Described {
    /// As it was told: it may hold anything, a path among it.
    pub(super) name: String,
    /// Whether it is a directory, which has no content.
    pub(super) is_directory: bool,
    /// In bytes, where it was told.
    pub(super) size: Option<u64>,
}

/// What is wrong with a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// It ends before it should.
    #[error("the description of what was dropped is cut off")]
    Short,
    /// There is more than can be taken at once.
    #[error("{0} things were dropped at once, and {MOST} are taken at most")]
    TooMany(u32),
}

/// Reads a description; what stands behind it is left aside, because memory is
/// given in larger pieces.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Described>, Fault> {
    let count = number(bytes, 0).ok_or(Fault::Short)?;
    if count > MOST {
        return Err(Fault::TooMany(count));
    }
    let things = bytes.get(COUNT..).unwrap_or_default().chunks_exact(EACH);
    let wanted = usize::try_from(count).unwrap_or(usize::MAX);
    if things.len() < wanted {
        return Err(Fault::Short);
    }
    things
        .take(wanted)
        .map(|thing| described(thing).ok_or(Fault::Short))
        .collect()
}

fn described(thing: &[u8]) -> Option<Described> {
    let flags = number(thing, 0)?;
    let attributes = number(thing, ATTRIBUTES)?;
    let size = u64::from(number(thing, SIZE_HIGH)?) << 32 | u64::from(number(thing, SIZE_LOW)?);
    let units: Vec<u16> = thing
        .get(NAME..)?
        .chunks_exact(2)
        .filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)))
        .take_while(|unit| *unit != 0)
        .collect();
    Some(Described {
        name: String::from_utf16_lossy(&units),
        is_directory: flags & HAS_ATTRIBUTES != 0 && attributes & IS_DIRECTORY != 0,
        size: (flags & HAS_SIZE != 0).then_some(size),
    })
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::{COUNT, Described, EACH, Fault, MOST, parse};
    use proptest::prelude::*;

    /// The bytes as a program lays them out that follows the description.
    pub(in super::super) fn written(things: &[Described]) -> Vec<u8> {
        let mut bytes = u32::try_from(things.len())
            .expect("few")
            .to_le_bytes()
            .to_vec();
        for thing in things {
            let begin = bytes.len();
            let flags = 0x4 | if thing.size.is_some() { 0x40_u32 } else { 0 };
            bytes.extend(flags.to_le_bytes());
            bytes.extend([0; 16 + 8 + 8]);
            let attributes = if thing.is_directory { 0x10_u32 } else { 0x80 };
            bytes.extend(attributes.to_le_bytes());
            bytes.extend([0; 24]);
            let size = thing.size.unwrap_or(0);
            bytes.extend(u32::try_from(size >> 32).expect("half").to_le_bytes());
            bytes.extend(
                u32::try_from(size & 0xffff_ffff)
                    .expect("half")
                    .to_le_bytes(),
            );
            let units = thing.name.encode_utf16().chain(std::iter::repeat(0));
            bytes.extend(units.take(260).flat_map(u16::to_le_bytes));
            assert_eq!(bytes.len() - begin, EACH);
        }
        bytes
    }

    fn thing(name: &str, size: Option<u64>) -> Described {
        Described {
            name: name.to_owned(),
            is_directory: false,
            size,
        }
    }

    #[test]
    fn names_and_sizes_are_read_as_they_were_written() {
        let things = [
            thing("Second letter.eml", Some(5 << 32 | 7)),
            thing("Anlage\\Grüße 律.pdf", None),
            Described {
                is_directory: true,
                ..thing("Anlage", None)
            },
        ];
        let mut bytes = written(&things);
        assert_eq!(parse(&bytes).expect("read"), things);
        // Memory is given in larger pieces.
        bytes.extend([0xff; 20]);
        assert_eq!(parse(&bytes).expect("read"), things);
        // A name may fill its place and then has no end.
        let long = thing(&"x".repeat(260), None);
        let read = parse(&written(std::slice::from_ref(&long)));
        assert_eq!(read.expect("read"), [long]);
    }

    #[test]
    fn what_is_cut_off_or_too_much_is_refused() {
        let bytes = written(&[thing("a", None), thing("b", None)]);
        for length in [0, 3, 4, COUNT + EACH, bytes.len() - 1] {
            assert_eq!(parse(&bytes[..length]), Err(Fault::Short), "{length}");
        }
        let count = MOST + 1;
        assert_eq!(parse(&count.to_le_bytes()), Err(Fault::TooMany(count)));
        assert_eq!(
            parse(&u32::MAX.to_le_bytes()),
            Err(Fault::TooMany(u32::MAX))
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..3000), count in 0..8_u32) {
            let mut bytes = bytes;
            if bytes.len() >= 4 {
                bytes[..4].copy_from_slice(&count.to_le_bytes());
            }
            match parse(&bytes) {
                Ok(things) => {
                    prop_assert!(things.len() * EACH + COUNT <= bytes.len());
                    prop_assert!(things.iter().all(|thing| !thing.name.contains('\0')));
                }
                Err(fault) => prop_assert_eq!(fault, Fault::Short),
            }
        }
    }
}
