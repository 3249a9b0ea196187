//! Native messaging's frames: a length of 32 bits in the machine's own byte
//! order, then so many bytes.

use std::io::{self, Read, Write};

/// Nothing that an add-on has to say is longer: 1 MiB. So long, too, may a
/// message to the add-on be at most.
pub(super) const LONGEST: u32 = 1024 * 1024;

/// Why there is no next message.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    /// What follows is longer than anything that is read.
    #[error("A message of {0} bytes was announced, and at most {LONGEST} are read.")]
    TooLong(u32),
    /// The stream ended inside a message.
    #[error("A message was cut off.")]
    CutOff,
    /// The system refused.
    #[error("The add-on cannot be heard: {0}.")]
    Io(#[source] io::Error),
}

/// The next message; `None` at the end of the stream. Never holds more than
/// what has arrived.
pub(super) fn read_message(input: &mut impl Read) -> Result<Option<Vec<u8>>, FrameError> {
    let mut length = Vec::with_capacity(4);
    match take(input, 4, &mut length)? {
        0 => return Ok(None),
        4 => {}
        _ => return Err(FrameError::CutOff),
    }
    let length: [u8; 4] = length.try_into().map_err(|_| FrameError::CutOff)?;
    let length = u32::from_ne_bytes(length);
    if length > LONGEST {
        return Err(FrameError::TooLong(length));
    }
    let mut message = Vec::new();
    if take(input, length.into(), &mut message)? < u64::from(length) {
        return Err(FrameError::CutOff);
    }
    Ok(Some(message))
}

fn take(input: &mut impl Read, count: u64, into: &mut Vec<u8>) -> Result<u64, FrameError> {
    let read = input
        .take(count)
        .read_to_end(into)
        .map_err(FrameError::Io)?;
    Ok(u64::try_from(read).unwrap_or(u64::MAX))
}

/// Writes one message, and sends it on its way.
///
/// # Errors
/// The system's, and [`io::ErrorKind::InvalidInput`] for one that is too long.
pub(super) fn write_message(output: &mut impl Write, message: &[u8]) -> io::Result<()> {
    let length = u32::try_from(message.len())
        .ok()
        .filter(|length| *length <= LONGEST)
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    output.write_all(&length.to_ne_bytes())?;
    output.write_all(message)?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::{FrameError, LONGEST, read_message, write_message};
    use proptest::prelude::*;
    use std::io::Read;

    /// Gives its bytes in small pieces, as a pipe may.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = self.1.max(1).min(buffer.len());
            let read = self.0.take(count as u64).read(&mut buffer[..count])?;
            self.0 = &self.0[read..];
            Ok(read)
        }
    }

    proptest! {
        #[test]
        fn messages_come_out_as_they_went_in(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8),
            piece in 1_usize..40,
        ) {
            let mut stream = Vec::new();
            for message in &messages {
                write_message(&mut stream, message).expect("written");
            }
            let mut input = Pieces(&stream, piece);
            for message in &messages {
                let read = read_message(&mut input).expect("one");
                prop_assert_eq!(read.as_ref(), Some(message));
            }
            prop_assert!(read_message(&mut input).expect("the end").is_none());
        }

        #[test]
        fn any_bytes_end_in_messages_and_an_end(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut input = bytes.as_slice();
            let mut seen = 0;
            loop {
                let before = input.len();
                match read_message(&mut input) {
                    Ok(Some(message)) => {
                        prop_assert!(message.len() + 4 == before - input.len());
                        seen += 1;
                        prop_assert!(seen <= bytes.len() / 4);
                    }
                    Ok(None) => {
                        prop_assert_eq!(before, 0);
                        break;
                    }
                    Err(FrameError::TooLong(length)) => {
                        prop_assert!(length > LONGEST);
                        break;
                    }
                    Err(FrameError::CutOff) => {
                        prop_assert!(input.is_empty());
                        break;
                    }
                    Err(FrameError::Io(error)) => panic!("{error}"),
                }
            }
        }
    }

    #[test]
    fn a_length_is_believed_only_up_to_the_longest_message() {
        let announced = |length: u32| {
            let mut stream = length.to_ne_bytes().to_vec();
            stream.extend_from_slice(b"short");
            read_message(&mut stream.as_slice())
        };
        assert!(matches!(announced(LONGEST), Err(FrameError::CutOff)));
        for length in [LONGEST + 1, u32::MAX] {
            assert!(matches!(announced(length), Err(FrameError::TooLong(told)) if told == length));
        }
    }

    #[test]
    fn the_longest_message_fits_and_a_longer_one_is_not_begun() {
        let longest = vec![b'x'; LONGEST as usize];
        let mut stream = Vec::new();
        write_message(&mut stream, &longest).expect("fits");
        let read = read_message(&mut stream.as_slice()).expect("fits");
        assert_eq!(read.expect("one").len(), longest.len());
        let mut stream = Vec::new();
        write_message(&mut stream, &vec![b'x'; LONGEST as usize + 1]).expect_err("too long");
        assert!(stream.is_empty());
    }
}
