use mq_client::{Buffer, Device, Error, Name, Wanted};
use std::time::Duration;

fn main() -> Result<(), Error> {
    let [me, alice, bob] = ["me", "alice", "bob"].map(|name| Name::new(name).expect("a name"));
    let registration = Device::open()?.register(me)?;
    Device::open()?.register(alice)?.send(me, "from alice")?;
    Device::open()?.register(bob)?.send(me, "from bob")?;

    let mut buffer = Buffer::new();
    let wanted = Wanted::next().from(bob).within(Duration::from_secs(1));
    let message = registration.take(&wanted, &mut buffer)?.expect("it is there");
    assert_eq!(&*message.text, b"from bob");
    assert!(registration.take(&wanted, &mut buffer)?.is_none());

    // To look at a message does not take it.
    let look = Wanted::next().peek();
    assert!(registration.take(&look, &mut buffer)?.is_some());
    assert_eq!(&*registration.receive(&mut buffer)?.text, b"from alice");
    assert!(registration.try_receive(&mut buffer)?.is_none());
    Ok(())
}
