use mq_client::text::{Buffer, Device};
use mq_client::{Error, Name};
use std::process::{Command, Stdio};

fn main() -> Result<(), Error> {
    let me = Name::new("me")?;
    let registration = Device::open()?.register(me)?;

    // A program that inherits the open file acts under the name of who opened it.
    let inherited = Device::open_for_children("/dev/mq".as_ref())?;
    let mut echo = Command::new("echo");
    echo.arg("/msg me it is me").stdout(Stdio::from(inherited));
    assert!(echo.status().is_ok_and(|status| status.success()));

    let mut buffer = Buffer::new();
    let message = registration.receive(&mut buffer)?;
    assert_eq!((message.from(), message.text()), (me, &b"it is me"[..]));
    Ok(())
}
