// SPDX-License-Identifier: GPL-2.0

//! Runs the examples of the documentation, which are the files in `doc/`, and prints TAP. The guest
//! tests do so, since the examples need the device. One that panics ends it.

use std::process::ExitCode;

use mq_client::Error;

macro_rules! documented {
    ($($name:ident),*) => {
        $(mod $name {
            include!(concat!("../doc/", stringify!($name), ".rs"));

            pub fn run() -> Result<(), Error> {
                main()
            }
        })*

        const EXAMPLES: &[(&str, fn() -> Result<(), Error>)] =
            &[$((stringify!($name), $name::run)),*];
    };
}

documented!(first, adopt, outgoing, many, wanted, watch, text, tokio);

fn main() -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    println!("1..{}", EXAMPLES.len());
    for (name, example) in EXAMPLES {
        let verdict = match example() {
            Ok(()) => "ok",
            Err(error) => {
                println!("# {error}");
                code = ExitCode::FAILURE;
                "not ok"
            }
        };
        println!("{verdict} - documentation: {name}");
    }
    code
}
