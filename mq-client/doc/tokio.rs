use mq_client::{Async, Buffer, Device, Error, Name, Outgoing, Registration};
use tokio::runtime::Builder;

/// Sends each message back to where it came from.
async fn echo(registration: Async<Registration>) -> Result<(), Error> {
    let mut buffer = Buffer::new();
    loop {
        let message = registration.receive(&mut buffer).await?;
        let answer = Outgoing::to(message.from, &*message.text).wait_for_room();
        registration.post(answer).await?;
    }
}

fn main() -> Result<(), Error> {
    let runtime = Builder::new_current_thread().enable_io().build();
    runtime.expect("a runtime").block_on(async {
        let [alice, bob] = ["alice", "bob"].map(|name| Name::new(name).expect("a name"));
        tokio::spawn(echo(Async::new(Device::open()?.register(bob)?)?));

        let at_alice = Async::new(Device::open()?.register(alice)?)?;
        let mut buffer = Buffer::new();
        for text in ["hello", "are you still there?"] {
            at_alice.send(bob, text)?;
            let message = at_alice.receive(&mut buffer).await?;
            assert_eq!((message.from, &*message.text), (bob, text.as_bytes()));
        }
        Ok(())
    })
}
