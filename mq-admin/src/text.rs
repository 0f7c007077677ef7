// SPDX-License-Identifier: GPL-2.0

//! Text for people: bytes that strangers chose, made fit for a terminal, and numbers of messages.
//!
//! Any process may send any bytes, escape sequences included; a terminal must not obey them.
//! Files and pipes get the bytes as they are: this is not for them.

/// `bytes` as text in which every control character and every byte that is not UTF-8 shows as
/// `\x1b` and the like. A tab, and a newline where `lines` says so, stays itself.
pub fn printable(bytes: &[u8], lines: bool) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character == '\t' || (character == '\n' && lines) || !character.is_control() {
                text.push(character);
            } else {
                escape(&mut text, character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        escape(&mut text, chunk.invalid());
    }
    text
}

fn escape(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        *text += &format!("\\x{byte:02x}");
    }
}

/// So many messages, in words.
pub fn messages(number: u64) -> String {
    match number {
        1 => "1 message".to_owned(),
        _ => format!("{number} messages"),
    }
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn text_stays_and_control_characters_show() {
        assert_eq!(printable("a\tä€".as_bytes(), false), "a\tä€");
        assert_eq!(
            printable(b"\x1b[2J\0\r\x7f", false),
            "\\x1b[2J\\x00\\x0d\\x7f"
        );
        // C1 controls are obeyed by some terminals too.
        assert_eq!(printable("\u{9b}2J".as_bytes(), false), "\\xc2\\x9b2J");
        assert_eq!(printable(b"\xff\xc3", false), "\\xff\\xc3");
    }

    #[test]
    fn newlines_are_the_caller_s_choice() {
        assert_eq!(printable(b"a\nb", true), "a\nb");
        assert_eq!(printable(b"a\nb", false), "a\\x0ab");
    }
}
