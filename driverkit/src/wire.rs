//! The format on the socket: frames of a little-endian `u32` length and that many bytes of postcard.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::io::{self, ErrorKind, Read, Write};

/// The longest frame that either side takes, in bytes. A length beyond it is a broken peer, not a message.
pub const MAX_FRAME: u32 = 64 << 20;

/// What a driver sends.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Message {
    /// The first message: what this driver was built from.
    Hello {
        /// The hash of the submission, where the build named one.
        submission: Option<String>,
    },
    /// The answer to one command of the request, encoded by the assignment's protocol.
    Reply(Vec<u8>),
    /// The request is carried out.
    Done {
        /// How long that took inside, in nanoseconds. A claim: the judge has its own clock.
        nanos: u64,
    },
    /// A panic, from the hook's first line, before anything could abort. The process ends after it.
    Panicked {
        /// The panic's message.
        message: String,
        /// `file:line`, empty if unknown.
        location: String,
    },
}

/// Encodes a value for the wire.
///
/// # Errors
///
/// If the value can't be encoded, which no type of ours is.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> io::Result<Vec<u8>> {
    postcard::to_stdvec(value).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

/// Decodes a value; trailing bytes are an error.
///
/// # Errors
///
/// [`ErrorKind::InvalidData`] if the bytes are no such value.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok(_) => Err(io::Error::new(ErrorKind::InvalidData, "bytes are left over")),
        Err(error) => Err(io::Error::new(ErrorKind::InvalidData, error)),
    }
}

/// Writes one frame.
///
/// # Errors
///
/// As the writer's, or if the frame is longer than [`MAX_FRAME`].
pub fn write_frame<T: Serialize + ?Sized>(to: &mut impl Write, value: &T) -> io::Result<()> {
    let bytes = encode(value)?;
    let len = u32::try_from(bytes.len()).ok().filter(|len| *len <= MAX_FRAME);
    let len = len.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "the frame is too long"))?;
    to.write_all(&len.to_le_bytes())?;
    to.write_all(&bytes)
}

/// Reads one frame; `None` at an orderly end of the stream.
///
/// # Errors
///
/// As the reader's; [`ErrorKind::InvalidData`] for a length beyond [`MAX_FRAME`] or bytes that are no
/// value; [`ErrorKind::UnexpectedEof`] if the stream ends inside a frame.
pub fn read_frame<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut len = [0; 4];
    match from.read(&mut len[..1])? {
        0 => return Ok(None),
        _ => from.read_exact(&mut len[1..])?,
    }
    let len = u32::from_le_bytes(len);
    if len > MAX_FRAME {
        return Err(io::Error::new(ErrorKind::InvalidData, "the frame is too long"));
    }
    // Grown as bytes arrive: a forged length must not cost the memory that it names.
    let mut bytes = Vec::new();
    from.take(u64::from(len)).read_to_end(&mut bytes)?;
    if bytes.len() < len as usize {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    decode(&bytes).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_the_end_is_none() {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, &(1_u32, "two")).expect("a vector takes all");
        let mut from = bytes.as_slice();
        assert_eq!(read_frame::<(u32, String)>(&mut from).expect("whole"), Some((1, "two".to_owned())));
        assert_eq!(read_frame::<(u32, String)>(&mut from).expect("the end"), None);
    }

    #[test]
    fn a_cut_frame_a_huge_length_and_bytes_left_over_are_errors() {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, &7_u64).expect("a vector takes all");
        assert!(read_frame::<u64>(&mut &bytes[..bytes.len() - 1]).is_err());
        assert!(read_frame::<u64>(&mut &[255, 255, 255, 255, 0][..]).is_err());
        assert!(decode::<u8>(&[1, 2]).is_err());
    }
}
