//! A quick hash, the same on every machine: what is looked up by it is compared thousands of times
//! in a long text.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// An odd number whose bits are well spread: the golden ratio.
pub const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// Numbers looked up by a quick hash.
pub type Marked = HashSet<u64, BuildHasherDefault<Mixed>>;

/// A number that is the same for the same value.
pub fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = Mixed::default();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Mixes eight bytes at a time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        let last = rest
            .iter()
            .fold(0, |last, byte| last << 8 | u64::from(*byte));
        self.write_u64(last ^ bytes.len() as u64);
    }

    fn write_u64(&mut self, word: u64) {
        let mixed = (self.0.rotate_left(5) ^ word).wrapping_mul(BASE);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u64(u64::from(byte));
    }
}
