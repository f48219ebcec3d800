//! What carries over from pattern to pattern, as bytes and back.
//!
//! Each part of a state names its numbers once, in one order for both ways. Their amounts follow from the parameters, so
//! that bytes of another network are refused before a kernel sees them.

use crate::Real;

/// Why a network cannot take up what was saved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// Another kind of network wrote it, or the same on another vector unit.
    #[error("it was saved by {found:?}: this network is {expected:?}")]
    Engine {
        /// What wrote it.
        found: String,
        /// What is to read it.
        expected: String,
    },
    /// It holds fewer or more numbers than the network has, or one that it cannot have.
    #[error("it does not fit the network, or is damaged")]
    Damaged,
    /// This network has no saved form.
    #[error("this network has no saved form")]
    NoForm,
}

/// Bytes that are being written, or read from the first on.
pub(crate) enum Tape<'a> {
    Write(Vec<u8>),
    Read(&'a [u8]),
}

impl<'a> Tape<'a> {
    /// Nothing written yet but what computes, see [`Microcircuit::engine`](crate::Microcircuit::engine), and its numbers.
    pub(crate) fn write<T: Real>(engine: &str) -> Self {
        let mut bytes = heading::<T>(engine).into_bytes();
        bytes.push(b'\n');
        Self::Write(bytes)
    }

    /// What such a network wrote.
    pub(crate) fn read<T: Real>(engine: &str, saved: &'a [u8]) -> Result<Self, RestoreError> {
        let end = saved.iter().position(|&byte| byte == b'\n');
        let (found, rest) = saved.split_at(end.ok_or(RestoreError::Damaged)?);
        let expected = heading::<T>(engine);
        if found != expected.as_bytes() {
            let found = String::from_utf8_lossy(found).into_owned();
            return Err(RestoreError::Engine { found, expected });
        }
        Ok(Self::Read(&rest[1..]))
    }

    /// What was written.
    pub(crate) fn written(self) -> Vec<u8> {
        match self {
            Self::Write(bytes) => bytes,
            Self::Read(_) => Vec::new(),
        }
    }

    /// Refuses bytes that are left over.
    pub(crate) fn end(&self) -> Result<(), RestoreError> {
        match self {
            Self::Read([]) | Self::Write(_) => Ok(()),
            Self::Read(_) => Err(RestoreError::Damaged),
        }
    }

    /// Numbers of the simulation, as they are to the last bit.
    pub(crate) fn reals<T: Real>(&mut self, values: &mut [T]) -> Result<(), RestoreError> {
        for value in values {
            // Widened, single precision is exact; so it is narrowed again.
            let wide = value.to_f64();
            *value = match size_of::<T>() {
                4 => {
                    let bytes = self.bytes((wide as f32).to_le_bytes())?;
                    T::from_f64(f64::from(f32::from_le_bytes(bytes)))
                }
                _ => T::from_f64(f64::from_le_bytes(self.bytes(wide.to_le_bytes())?)),
            };
        }
        Ok(())
    }

    /// Numbers that are doubles in every network.
    pub(crate) fn doubles(&mut self, values: &mut [f64]) -> Result<(), RestoreError> {
        self.reals(values)
    }

    /// `n` doubles, or none.
    pub(crate) fn some_doubles(
        &mut self,
        values: &mut Vec<f64>,
        n: usize,
    ) -> Result<(), RestoreError> {
        let mut there = !values.is_empty();
        self.flag(&mut there)?;
        values.resize(if there { n } else { 0 }, 0.0);
        self.doubles(values)
    }

    /// A count of at most `most`.
    pub(crate) fn count(&mut self, value: &mut usize, most: usize) -> Result<(), RestoreError> {
        let mut wide = *value as u64;
        self.total(&mut wide)?;
        *value = usize::try_from(wide).map_err(|_| RestoreError::Damaged)?;
        if *value > most {
            return Err(RestoreError::Damaged);
        }
        Ok(())
    }

    /// A count of any size.
    pub(crate) fn total(&mut self, value: &mut u64) -> Result<(), RestoreError> {
        *value = u64::from_le_bytes(self.bytes(value.to_le_bytes())?);
        Ok(())
    }

    /// Yes or no.
    pub(crate) fn flag(&mut self, value: &mut bool) -> Result<(), RestoreError> {
        let mut number = usize::from(*value);
        self.count(&mut number, 1)?;
        *value = number == 1;
        Ok(())
    }

    fn bytes<const N: usize>(&mut self, value: [u8; N]) -> Result<[u8; N], RestoreError> {
        match self {
            Self::Write(bytes) => {
                bytes.extend(value);
                Ok(value)
            }
            Self::Read(bytes) => {
                let (first, rest) = bytes.split_first_chunk().ok_or(RestoreError::Damaged)?;
                *bytes = rest;
                Ok(*first)
            }
        }
    }
}

fn heading<T: Real>(engine: &str) -> String {
    format!("{engine}, {} bits", 8 * size_of::<T>())
}
