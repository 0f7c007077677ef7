use mq_client::{Buffer, Device, Error, Name};

fn main() -> Result<(), Error> {
    let [alice, bob] = [Name::new("alice")?, Name::new("bob")?];
    let at_alice = Device::open()?.register(alice)?;
    let at_bob = Device::open()?.register(bob)?;

    at_alice.send(bob, "hello")?;
    let mut buffer = Buffer::new();
    let message = at_bob.receive(&mut buffer)?;
    assert_eq!((message.from, &*message.text), (alice, &b"hello"[..]));
    assert_eq!(message.pid, Some(std::process::id()));

    // Registrations end when they are dropped.
    drop(at_bob);
    let error = at_alice.send(bob, "are you still there?").unwrap_err();
    assert!(matches!(error, Error::NoSuchName(name) if name == bob));
    println!("{error}");
    Ok(())
}
