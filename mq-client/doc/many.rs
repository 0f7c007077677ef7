use mq_client::{Buffer, Device, Error, Name, Outgoing};

fn main() -> Result<(), Error> {
    let me = Name::new("me")?;
    let registration = Device::open()?.register(me)?;

    let stranger = Name::new("stranger")?;
    let messages = [(me, "one"), (me, "two"), (stranger, "three"), (me, "four")];
    let messages = messages.map(|(to, text)| Outgoing::to(to, text));
    assert_eq!(registration.post_many(&messages)?, 2);
    let error = registration.post_many(&messages[2..]).unwrap_err();
    assert!(matches!(error, Error::NoSuchName(name) if name == stranger));
    assert_eq!(registration.post_many(&messages[3..])?, 1);

    let mut buffer = Buffer::new();
    let mut texts = Vec::new();
    for message in registration.receive_many(&mut buffer)? {
        texts.push(message?.text);
    }
    assert_eq!(texts, [&b"one"[..], b"two", b"four"]);
    Ok(())
}
