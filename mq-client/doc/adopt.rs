use mq_client::{Buffer, Device, Error, Name};
use std::os::fd::AsFd;

fn main() -> Result<(), Error> {
    let me = Name::new("me")?;
    let registration = Device::open()?.register(me)?;

    // The same open file, as another process gets it that inherits it.
    let file = registration.as_fd().try_clone_to_owned();
    let handed_on = Device::adopt(file.expect("another number for it"))?;
    handed_on.send(me, "it is me")?;
    let mut buffer = Buffer::new();
    assert_eq!(registration.receive(&mut buffer)?.from, me);

    // The end of the registration is the end of it everywhere.
    drop(registration);
    let error = handed_on.try_receive(&mut buffer).unwrap_err();
    assert!(matches!(error, Error::NotRegistered));
    Ok(())
}
