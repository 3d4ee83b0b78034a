//! The format on the socket: frames of a little-endian `u32` length and that many bytes of postcard.

use crate::seal::Seal;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::io::{self, BufRead, ErrorKind};

/// The longest frame that either side takes, in bytes. A length beyond it is a broken peer, not a message.
pub const MAX_FRAME: u32 = 64 << 20;

/// How much of a frame is taken for granted before it has come, in bytes.
const STEP: usize = 1 << 20;

/// What a driver sends.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Message {
    /// The first message: what this driver was built from.
    Hello {
        /// The hash of the submission, where the build named one.
        submission: Option<String>,
    },
    /// The answer to one command of the request follows in the same frame, encoded by the assignment's protocol.
    Reply,
    /// The same; and the driver waits for a byte until it goes on, so that the judge can look at its process meanwhile.
    Mark,
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

/// Appends one frame.
///
/// # Errors
///
/// As [`encode`], or if the frame is longer than [`MAX_FRAME`]; nothing is appended then.
pub fn push_frame<T: Serialize + ?Sized>(to: &mut Vec<u8>, value: &T) -> io::Result<()> {
    let invalid = |why: String| io::Error::new(ErrorKind::InvalidData, why);
    let start = to.len();
    to.extend([0; 4]);
    let written = postcard::to_io(value, &mut *to).map(drop).map_err(|error| invalid(error.to_string()));
    let len = u32::try_from(to.len() - start - 4).ok().filter(|len| *len <= MAX_FRAME);
    let framed = written.and_then(|()| len.ok_or_else(|| invalid("the frame is too long".to_owned())));
    match &framed {
        Ok(len) => to[start..start + 4].copy_from_slice(&len.to_le_bytes()),
        Err(_) => to.truncate(start),
    }
    framed.map(drop)
}

/// Reads one frame's bytes in the place of `frame`'s; false at an orderly end of the stream.
///
/// # Errors
///
/// As the reader's; [`ErrorKind::InvalidData`] for a length beyond [`MAX_FRAME`];
/// [`ErrorKind::UnexpectedEof`] if the stream ends inside a frame.
pub fn read_frame(from: &mut impl BufRead, frame: &mut Vec<u8>) -> io::Result<bool> {
    frame.clear();
    if from.fill_buf()?.is_empty() {
        return Ok(false);
    }
    let mut len = [0; 4];
    from.read_exact(&mut len)?;
    let len = u32::from_le_bytes(len);
    if len > MAX_FRAME {
        return Err(io::Error::new(ErrorKind::InvalidData, "the frame is too long"));
    }
    // Grown as bytes arrive: a forged length must not cost the memory that it names.
    while frame.len() < len as usize {
        let have = frame.len();
        frame.resize((len as usize).min(have + STEP), 0);
        from.read_exact(&mut frame[have..])?;
    }
    Ok(true)
}

/// The message at a frame's start, and what follows it: a reply, or nothing.
///
/// # Errors
///
/// [`ErrorKind::InvalidData`] if it starts with no message, or with another number than the `seal`'s next.
pub fn message<'f>(frame: &'f [u8], seal: &mut Seal) -> io::Result<(Message, &'f [u8])> {
    let invalid = |error| io::Error::new(ErrorKind::InvalidData, error);
    match postcard::take_from_bytes::<(u64, Message)>(frame).map_err(invalid)? {
        ((number, message), rest) if number == seal.number() => Ok((message, rest)),
        _ => Err(io::Error::new(ErrorKind::InvalidData, "the message is not the driver's own")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut bytes: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let mut frame = vec![9];
        Ok(read_frame(&mut bytes, &mut frame)?.then_some(frame))
    }

    #[test]
    fn what_is_written_is_read_back_and_the_end_is_none() {
        let mut bytes = Vec::new();
        let sealed = (Seal::new(7).number(), Message::Reply, 1_u32, "two");
        push_frame(&mut bytes, &sealed).expect("a vector takes all");
        let frame = read(&bytes).expect("whole").expect("a frame");
        assert!(message(&frame, &mut Seal::new(8)).is_err());
        let (said, reply) = message(&frame, &mut Seal::new(7)).expect("a message");
        assert!(matches!(said, Message::Reply));
        assert_eq!(decode::<(u32, String)>(reply).expect("whole"), (1, "two".to_owned()));
        assert_eq!(read(&[]).expect("the end"), None);
    }

    #[test]
    fn a_frame_of_many_steps_is_read_whole() {
        let mut bytes = Vec::new();
        let long = vec![7_u8; 3 * STEP + 1];
        push_frame(&mut bytes, &long).expect("a vector takes all");
        assert_eq!(decode::<Vec<u8>>(&read(&bytes).expect("whole").expect("a frame")).expect("whole"), long);
    }

    #[test]
    fn a_cut_frame_a_huge_length_and_bytes_left_over_are_errors() {
        let mut bytes = Vec::new();
        push_frame(&mut bytes, &7_u64).expect("a vector takes all");
        for cut in 1..bytes.len() {
            assert_eq!(read(&bytes[..cut]).expect_err("cut").kind(), ErrorKind::UnexpectedEof);
        }
        assert!(read(&[255, 255, 255, 255, 0]).is_err());
        assert!(decode::<u8>(&[1, 2]).is_err());
    }

    #[test]
    fn a_frame_that_is_too_long_is_not_begun() {
        let mut bytes = vec![1];
        assert!(push_frame(&mut bytes, &vec![0_u8; MAX_FRAME as usize]).is_err());
        assert_eq!(bytes, [1]);
    }
}
