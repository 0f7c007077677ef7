// SPDX-License-Identifier: GPL-2.0

//! Commands: whatever is written is read without a panic, what a command points at lies within it,
//! and the beginning of a long command, or the shortcut for a common one, says the same as the whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mq_policy::{
    command::{length, parse, parse_head, Command},
    name::NAME_MAX,
    refusal::Refusal,
};

/// Bytes that are at hand of a long command: more than any word, name and blanks before the text.
const HEAD: usize = 2 * NAME_MAX + 8;

fuzz_target!(|written: &[u8]| {
    let command = &written[..length(written)];
    assert!(written.len() - command.len() <= 2);
    let whole = parse(command);
    if let Ok(Command::Send { text_at, .. } | Command::Broadcast { text_at }) = whole {
        assert!(text_at < command.len());
        assert_eq!(command[text_at - 1], b' ');
    }
    if command.len() > HEAD {
        let blank = || {
            let behind = command[HEAD..].iter().position(|&byte| byte == b' ');
            behind.map(|at| HEAD + at)
        };
        assert_eq!(parse_head(&command[..HEAD], command.len(), blank), whole);
    }
    check_shortcut(command, whole);
});

/// `/msg DEST TEXT` has a shortcut, and is what `/DEST TEXT` is, which has none, if DEST is no word.
fn check_shortcut(command: &[u8], whole: Result<Command, Refusal>) {
    let Some(rest) = command.strip_prefix(b"/msg ") else {
        return;
    };
    let words: [&[u8]; 6] = [b"msg", b"all", b"[all]", b"reg", b"unr", b"unreg"];
    let to = rest.split(|&byte| byte == b' ').next().unwrap_or(rest);
    if words.contains(&to) {
        return;
    }
    let shorter = match parse(&[b"/", rest].concat()) {
        Ok(Command::Send { to, text_at }) => Ok(Command::Send {
            to,
            text_at: text_at + 4,
        }),
        other => other,
    };
    assert_eq!(whole, shorter);
}
