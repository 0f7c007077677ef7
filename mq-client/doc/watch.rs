use mq_client::watch::{self, Change, Watch};
use mq_client::{Device, Error, Name};

fn main() -> Result<(), Error> {
    let mut watch = Watch::new();
    watch.changes()?;

    let me = Name::new("me")?;
    let registration = Device::open()?.register(me)?;
    assert!(matches!(&watch.changes()?[..], [Change::Came(entry)] if entry.name == me));

    registration.send(me, "hello")?;
    let all = watch::list()?;
    let entry = all.iter().find(|entry| entry.name == me).expect("it is listed");
    assert_eq!((entry.depth, entry.sent), (1, 1));

    drop(registration);
    assert!(matches!(&watch.changes()?[..], [Change::Went(entry)] if entry.name == me));
    Ok(())
}
