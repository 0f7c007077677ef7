// SPDX-License-Identifier: GPL-2.0

//! How the memory of a message is cut into pieces, and how much that is.
//!
//! A piece is a power of two of bytes, up to a page, because that is what the kernel's allocator
//! has without waste; or it is of the one size above a page of which seven fill eight pages. A
//! message that fits into one of these has one piece. A larger one has pages and then one or two
//! smaller pieces. So above a page at most 15 % more is taken than a message has bytes.
//! Allocating is the business of `ffi/pieces.rs`.

/// A page, the largest piece of a message that has several.
pub const PAGE: usize = 4096;

/// The largest piece: a page with what belongs to it, such as a header and the sender's name.
pub const LARGE: usize = 8 * PAGE / 7 / PIECE_MIN * PIECE_MIN;

/// The smallest piece.
pub const PIECE_MIN: usize = 64;

/// Bytes at the start of the first piece that hold no part of the message.
pub const FIRST_HEADER: usize = 40;

/// Bytes at the start of every other piece that hold no part of the message.
pub const HEADER: usize = 8;

/// How many sizes of pieces there are.
pub const SIZES: usize = (PAGE / PIECE_MIN).ilog2() as usize + 2;

/// The size with this number, the smallest first.
///
/// ```
/// use mq_policy::segments::{number, size, LARGE, SIZES};
/// assert_eq!((size(0), size(1), size(SIZES - 1)), (64, 128, LARGE));
/// assert!((0..SIZES).all(|n| number(size(n)) == n));
/// ```
pub const fn size(number: usize) -> usize {
    if number == SIZES - 1 {
        LARGE
    } else {
        PIECE_MIN << number
    }
}

/// The number of the smallest size that has room for as many bytes, at most [`LARGE`].
#[inline]
pub const fn number(bytes: usize) -> usize {
    if bytes > PAGE {
        return SIZES - 1;
    }
    // What is less than the smallest size counts as more than half of it.
    (bytes.saturating_sub(1) | (PIECE_MIN / 2)).ilog2() as usize + 1 - PIECE_MIN.ilog2() as usize
}

/// The number of the size of the first piece of a message of `len` bytes.
#[inline]
pub const fn first(len: usize) -> usize {
    if len <= LARGE - FIRST_HEADER {
        number(len + FIRST_HEADER)
    } else {
        number(PAGE)
    }
}

/// How many bytes of a message of `len` bytes are in its first piece.
#[inline]
pub const fn head(len: usize) -> usize {
    if len <= LARGE - FIRST_HEADER {
        len
    } else {
        PAGE - FIRST_HEADER
    }
}

/// The size of the next piece, where `left` bytes, at least one, have no place yet.
pub const fn next(left: usize) -> usize {
    let needed = left.saturating_add(HEADER);
    if needed >= PAGE {
        return PAGE;
    }
    let whole = size(number(needed));
    // Another piece for the rest, where one alone would stay empty to a large part.
    if whole - needed > whole / 5 && whole > 4 * PIECE_MIN {
        whole / 2
    } else {
        whole
    }
}

/// Bytes of memory that a message of `len` bytes takes.
///
/// ```
/// use mq_policy::segments::memory;
/// assert_eq!(memory(24), 64);
/// assert_eq!(memory(25), 128);
/// assert!(memory(65_546) < 65_546 * 115 / 100);
/// ```
#[inline]
pub const fn memory(len: usize) -> usize {
    let mut memory = size(first(len));
    let mut left = len - head(len);
    while left > 0 {
        let size = next(left);
        left = left.saturating_sub(size - HEADER);
        memory += size;
    }
    memory
}

#[cfg(any(test, CONFIG_MQ_DRIVER_KUNIT_TEST = "y"))]
#[cfg_attr(not(test), kernel::prelude::kunit_tests(mq_segments))]
mod tests {
    use super::super::testing::sample;
    use super::*;

    fn lengths() -> impl Iterator<Item = usize> {
        sample(70_000, 1_000).map(|len| len as usize)
    }

    #[test]
    fn above_a_page_at_most_15_percent_are_lost() {
        for len in lengths().filter(|&len| len > PAGE) {
            assert!(memory(len) * 100 <= len * 115);
        }
    }

    #[test]
    fn all_bytes_have_a_place_in_few_pieces() {
        for len in lengths() {
            let mut room = head(len);
            assert!(room + FIRST_HEADER <= size(first(len)));
            let mut pieces = 1;
            while room < len {
                let size = next(len - room);
                assert!(size.is_power_of_two() && (PIECE_MIN..=PAGE).contains(&size));
                room += size - HEADER;
                pieces += 1;
            }
            assert!(pieces <= len / PAGE + 5);
        }
    }

    #[test]
    fn more_bytes_never_take_less() {
        for len in lengths() {
            assert!(memory(len) <= memory(len + 1));
        }
    }
}
