// SPDX-License-Identifier: GPL-2.0

//! What the messages say: who sent it, its number among all that this sender sent, and filling that
//! follows from the number, so that a receiver can check every byte.

/// The last message that a reader gets.
pub const STOP: &str = "stop";

/// The text of a sender's message with this number.
pub fn text(sender: &str, number: u64) -> String {
    format!("{sender}:{number}:{}", filling(number))
}

/// Some messages take several pieces of memory.
fn filling(number: u64) -> String {
    let len = match number % 64 {
        63 => 1500,
        other => other * 3,
    };
    let letter = b'a' + (number % 26) as u8;
    char::from(letter).to_string().repeat(len as usize)
}

/// The sender and the number of a line that was read, which must be one of [`text`]; nothing of one
/// that is to be the last.
#[track_caller]
pub fn check(line: &str) -> Option<(&str, u64)> {
    let whole = line
        .strip_suffix('\n')
        .and_then(|line| line.split_once(' '));
    let (sender, text) = whole.unwrap_or_else(|| panic!("no whole message: {line:?}"));
    if text == STOP {
        return None;
    }
    let mut parts = text.splitn(3, ':');
    assert_eq!(parts.next(), Some(sender), "the stamp of {line:?}");
    let number = parts.next().and_then(|number| number.parse().ok());
    let number = number.unwrap_or_else(|| panic!("no number: {line:?}"));
    assert_eq!(
        parts.next(),
        Some(&*filling(number)),
        "the text of {line:?}"
    );
    Some((sender, number))
}
