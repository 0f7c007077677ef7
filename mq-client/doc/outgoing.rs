use mq_client::{Buffer, Device, Error, Name, Outgoing};
use std::time::Duration;

fn main() -> Result<(), Error> {
    let me = Name::new("me")?;
    let registration = Device::open()?.register(me)?;

    // Higher priorities come first.
    registration.post(&Outgoing::to(me, "later"))?;
    registration.post(&Outgoing::to(me, "urgent").priority(10))?;
    let mut buffer = Buffer::new();
    assert_eq!(&*registration.receive(&mut buffer)?.text, b"urgent");
    assert_eq!(&*registration.receive(&mut buffer)?.text, b"later");

    // Who waits for room makes no queue lose a message.
    let patient = Outgoing::to(me, "no hurry").wait_for_room_within(Duration::from_millis(10));
    let mut sent = 0;
    let error = loop {
        match registration.post(&patient) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::NoRoom(name) if name == me));
    for number in 1..=sent {
        let message = registration.receive(&mut buffer)?;
        // Two came before.
        assert_eq!((message.sequence, message.lost), (number + 2, 0));
    }
    Ok(())
}
