// SPDX-License-Identifier: GPL-2.0

//! Holds `policy/uapi.rs` against `include/uapi/linux/mq.h`, with the C compiler as the judge: every
//! size, offset and number, for programs of 64 bits and of 32.

use mq_policy::uapi::{
    self,
    Format,
    Receive,
    ReceivedHeader,
    Registration,
    SendHeader, //
};
use std::{
    fmt::Write as _,
    io::Write as _,
    process::{
        Command,
        Output,
        Stdio, //
    }, //
};

/// A structure: its name, its size, and its fields with their offsets and sizes.
type Structure = (&'static str, usize, &'static [(&'static str, usize, usize)]);

const STRUCTURES: [Structure; 5] = [
    (SendHeader::C_NAME, SendHeader::SIZE, SendHeader::FIELDS),
    (
        ReceivedHeader::C_NAME,
        ReceivedHeader::SIZE,
        ReceivedHeader::FIELDS,
    ),
    (Format::C_NAME, Format::SIZE, Format::FIELDS),
    (
        Registration::C_NAME,
        Registration::SIZE,
        Registration::FIELDS,
    ),
    (Receive::C_NAME, Receive::SIZE, Receive::FIELDS),
];

const NUMBERS: [(&str, u64); 18] = [
    ("MQ_NAME_SIZE", uapi::NAME_SIZE as u64),
    ("MQ_ALIGN", uapi::ALIGN as u64),
    ("MQ_PRIORITY_MAX", uapi::PRIORITY_MAX as u64),
    ("MQ_SEND_WAIT", uapi::SEND_WAIT as u64),
    ("MQ_SEND_BROADCAST", uapi::SEND_BROADCAST as u64),
    ("MQ_RECEIVED_BROADCAST", uapi::RECEIVED_BROADCAST as u64),
    ("MQ_FORMAT_TEXT", uapi::FORMAT_TEXT as u64),
    ("MQ_FORMAT_RECORDS", uapi::FORMAT_RECORDS as u64),
    ("MQ_RECEIVE_PEEK", uapi::RECEIVE_PEEK as u64),
    ("MQ_RECEIVE_FROM", uapi::RECEIVE_FROM as u64),
    ("MQ_RECEIVE_DONTWAIT", uapi::RECEIVE_DONTWAIT as u64),
    ("MQ_IOC_TYPE", uapi::IOC_TYPE as u64),
    ("MQ_IOC_SET_FORMAT", uapi::IOC_SET_FORMAT as u64),
    ("MQ_IOC_REGISTER", uapi::IOC_REGISTER as u64),
    ("MQ_IOC_UNREGISTER", uapi::IOC_UNREGISTER as u64),
    ("MQ_IOC_RECEIVE", uapi::IOC_RECEIVE as u64),
    ("sizeof(struct mq_send)", 32),
    ("sizeof(struct mq_received)", 56),
];

const HEADER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../include/uapi/linux/mq.h");

/// Everything that is said here, as C that compiles only if it is true.
fn claims() -> String {
    let mut c = format!("#include \"{HEADER}\"\n#include <stddef.h>\n");
    for (name, size, fields) in STRUCTURES {
        writeln!(
            c,
            "_Static_assert(sizeof(struct {name}) == {size}, \"{name}\");"
        )
        .unwrap();
        for (field, at, bytes) in fields {
            writeln!(
                c,
                "_Static_assert(offsetof(struct {name}, {field}) == {at}, \"{name}.{field}\");\n\
                 _Static_assert(sizeof(((struct {name} *)0)->{field}) == {bytes}, \"{name}.{field}\");",
            )
            .unwrap();
        }
    }
    for (name, value) in NUMBERS {
        writeln!(c, "_Static_assert({name} == {value}, \"{name}\");").unwrap();
    }
    c
}

/// Has a compiler look at a program. A hole in a structure is an error, too.
fn compile(program: &str, options: &[&str]) -> Output {
    let mut compiler = Command::new("gcc")
        .args(["-x", "c", "-fsyntax-only", "-Wall", "-Wpadded", "-Werror"])
        .args(options)
        .arg("-")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("gcc is needed; ./justw installs it");
    let mut input = compiler.stdin.take().unwrap();
    input.write_all(program.as_bytes()).unwrap();
    drop(input);
    compiler.wait_with_output().unwrap()
}

fn assert_compiles(program: &str, options: &[&str]) {
    let output = compile(program, options);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn the_header_and_the_driver_agree() {
    assert_compiles(&claims(), &[]);
}

/// On a 32-bit x86 a number of 64 bits needs an address that is a multiple of 4 only.
#[cfg(target_arch = "x86_64")]
#[test]
fn programs_of_32_bits_agree_as_well() {
    let asm = Command::new("gcc")
        .arg("-print-multiarch")
        .output()
        .unwrap();
    let asm = String::from_utf8(asm.stdout).unwrap();
    let asm = format!("-I/usr/include/{}", asm.trim());
    let is_32 = "_Static_assert(sizeof(void *) == 4, \"32 bits\");\n";
    assert_compiles(&format!("{is_32}{}", claims()), &["-m32", &asm]);
}

#[test]
fn what_differs_does_not_compile() {
    let false_claim = claims().replace(
        "sizeof(struct mq_format) == 8",
        "sizeof(struct mq_format) == 4",
    );
    assert!(!compile(&false_claim, &[]).status.success());
}

/// A constant of the header that nobody compares could be changed unseen.
#[test]
fn every_number_of_the_header_is_compared() {
    let header = std::fs::read_to_string(HEADER).unwrap();
    let defined = header
        .lines()
        .filter_map(|line| line.strip_prefix("#define MQ_"))
        .filter_map(|rest| rest.split_whitespace().next());
    for name in defined {
        let name = format!("MQ_{name}");
        assert!(NUMBERS.iter().any(|(known, _)| *known == name), "{name}");
    }
    for name in header
        .lines()
        .filter_map(|line| line.strip_prefix("struct mq_"))
    {
        let name = format!("mq_{}", name.trim_end_matches(" {"));
        assert!(
            STRUCTURES.iter().any(|(known, ..)| *known == name),
            "{name}"
        );
    }
}
