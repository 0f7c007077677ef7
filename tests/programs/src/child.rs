// SPDX-License-Identifier: GPL-2.0

//! A process that a test starts, and the link over which the two talk and pass files.

use std::{
    io::{IoSlice, IoSliceMut},
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
};

use nix::{
    cmsg_space,
    errno::Errno,
    poll::{poll, PollFd, PollFlags, PollTimeout},
    sys::{
        signal::{kill, Signal},
        socket::{
            recvmsg, sendmsg, setsockopt, socketpair, sockopt::ReceiveTimeout, AddressFamily,
            ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType,
        },
        time::TimeVal,
        wait::{waitid, waitpid, Id, WaitPidFlag, WaitStatus},
    },
    unistd::{self, dup2_stdin, Pid},
};

use crate::{sys, wait};

/// One end of the link between a process and its child. Everything heard was said by one call.
pub struct Link(OwnedFd);

impl Link {
    /// The link that a program was started with as its standard input.
    pub fn inherited() -> Self {
        Self(sys::own(0))
    }

    /// Makes the link the standard input, which `execve` leaves open.
    pub fn become_standard_input(&self) {
        dup2_stdin(&self.0).expect("dup2");
    }

    /// Both ends of a new link.
    pub fn pair() -> (Self, Self) {
        let (ours, theirs) = socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        )
        .expect("socketpair");
        for end in [&ours, &theirs] {
            let limit = TimeVal::new(wait::LIMIT.as_secs() as i64, 0);
            setsockopt(end, ReceiveTimeout, &limit).expect("SO_RCVTIMEO");
        }
        (Self(ours), Self(theirs))
    }

    /// The same end of the link once more, for another thread.
    pub fn duplicate(&self) -> Self {
        Self(self.0.try_clone().expect("dup"))
    }

    /// Says something to the other end.
    pub fn say(&self, text: impl AsRef<str>) {
        self.send(text.as_ref(), &[]);
    }

    /// Passes a file to the other end.
    pub fn pass(&self, file: impl AsFd) {
        let fds = [file.as_fd().as_raw_fd()];
        self.send("a file", &[ControlMessage::ScmRights(&fds)]);
    }

    fn send(&self, text: &str, control: &[ControlMessage]) {
        let data = [IoSlice::new(text.as_bytes())];
        sendmsg::<()>(
            self.0.as_raw_fd(),
            &data,
            control,
            MsgFlags::MSG_NOSIGNAL,
            None,
        )
        .expect("the other process listens");
    }

    /// Sends bytes to the other end, by one call.
    pub fn send_bytes(&self, bytes: &[u8]) {
        let sent = unistd::write(&self.0, bytes).expect("the other process listens");
        assert_eq!(sent, bytes.len(), "all by one call");
    }

    /// What the other end has sent by one call; nothing where it has gone.
    #[track_caller]
    pub fn receive_bytes(&self, bytes: &mut [u8]) -> usize {
        unistd::read(&self.0, bytes).expect("the other process sends something in time")
    }

    /// Whether the other end has sent something that was not received yet, or has gone.
    pub fn has_something(&self) -> bool {
        let mut link = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        poll(&mut link, PollTimeout::ZERO).expect("poll") > 0
    }

    /// What the other end says next.
    #[track_caller]
    pub fn hear(&self) -> String {
        self.must_receive().0
    }

    /// What the other end has said that was not heard yet, if anything.
    pub fn heard(&self) -> Option<String> {
        self.receive(MsgFlags::MSG_DONTWAIT)
            .ok()
            .map(|(text, _)| text)
    }

    /// The file that the other end passes next.
    #[track_caller]
    pub fn take<T: From<OwnedFd>>(&self) -> T {
        self.must_receive().1.expect("a file").into()
    }

    #[track_caller]
    fn must_receive(&self) -> (String, Option<OwnedFd>) {
        let received = self.receive(MsgFlags::empty());
        let received = received.expect("the other process says something in time");
        assert!(
            !received.0.is_empty(),
            "the other process has ended without a word"
        );
        received
    }

    fn receive(&self, flags: MsgFlags) -> nix::Result<(String, Option<OwnedFd>)> {
        // What an io_uring has left to do for the process may interrupt it here.
        loop {
            match self.receive_once(flags) {
                Err(Errno::EINTR) => {}
                result => return result,
            }
        }
    }

    fn receive_once(&self, flags: MsgFlags) -> nix::Result<(String, Option<OwnedFd>)> {
        let mut bytes = vec![0; 1 << 16];
        let mut space = cmsg_space!(i32);
        let mut data = [IoSliceMut::new(&mut bytes)];
        let flags = flags | MsgFlags::MSG_CMSG_CLOEXEC;
        let message = recvmsg::<()>(self.0.as_raw_fd(), &mut data, Some(&mut space), flags)?;
        let mut file = None;
        for control in message.cmsgs()? {
            if let ControlMessageOwned::ScmRights(fds) = control {
                file = fds.first().map(|&fd| sys::own(fd));
            }
        }
        let len = message.bytes;
        bytes.truncate(len);
        Ok((String::from_utf8(bytes).expect("text"), file))
    }
}

impl From<OwnedFd> for Link {
    fn from(end: OwnedFd) -> Self {
        Self(end)
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A process of a test. It is killed when it goes out of scope, and fails the test if it has come to
/// a bad end before.
pub struct Child {
    /// Its PID.
    pub pid: Pid,
    link: Link,
    over: bool,
}

impl Child {
    /// Starts a process that runs `body` and ends.
    pub fn start(body: impl FnOnce(&Link)) -> Self {
        let (ours, theirs) = Link::pair();
        let pid = sys::fork(move || body(&theirs));
        Self {
            pid,
            link: ours,
            over: false,
        }
    }

    /// Takes care of a process that was started otherwise, and its end of the link.
    pub fn linked(pid: Pid, link: Link) -> Self {
        Self {
            pid,
            link,
            over: false,
        }
    }

    /// Takes care of a process that was started otherwise, and has no link.
    pub fn adopt(pid: Pid) -> Self {
        Self::linked(pid, Link::pair().0)
    }

    /// The link to it.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Says something to the process.
    pub fn say(&self, text: impl AsRef<str>) {
        self.link.say(text);
    }

    /// What the process says next.
    #[track_caller]
    pub fn hear(&self) -> String {
        self.link.hear()
    }

    /// What the process has said that was not heard yet, if anything.
    pub fn heard(&self) -> Option<String> {
        self.link.heard().filter(|text| !text.is_empty())
    }

    /// Passes a file to the process.
    pub fn pass(&self, file: impl AsFd) {
        self.link.pass(file);
    }

    /// The file that the process passes next.
    #[track_caller]
    pub fn take<T: From<OwnedFd>>(&self) -> T {
        self.link.take()
    }

    /// Waits until the process sleeps in `read`.
    #[track_caller]
    pub fn until_reading(&self) {
        wait::until_asleep_in(self.pid, &[libc::SYS_read]);
    }

    /// Fails the test if the process has come to a bad end, which is still to be waited for.
    #[track_caller]
    pub fn must_be_well(&self) {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        let status = waitid(Id::Pid(self.pid), flags).expect("waitid");
        assert!(!is_bad_end(status), "how the process ended: {status:?}");
    }

    /// Sends the process a signal.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid, signal).expect("kill");
    }

    /// Kills the process; it has been waited for on return.
    #[track_caller]
    pub fn kill(mut self) {
        self.end();
    }

    #[track_caller]
    fn end(&mut self) {
        if !self.over {
            self.over = true;
            self.signal(Signal::SIGKILL);
            let status = waitpid(self.pid, None).expect("waitpid");
            assert!(!is_bad_end(status), "how the process ended: {status:?}");
        }
    }

    /// Waits for the process to come to its end by itself, which must be a good one.
    #[track_caller]
    pub fn finish(mut self) {
        let mut status = None;
        wait::until("the process ends", || {
            let now = waitpid(self.pid, Some(WaitPidFlag::WNOHANG)).expect("waitpid");
            status = (now != WaitStatus::StillAlive).then_some(now);
            status.is_some()
        });
        self.over = true;
        assert_eq!(
            status,
            Some(WaitStatus::Exited(self.pid, 0)),
            "how the process ended"
        );
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

/// Whether a process that was killed when no longer needed had come to a bad end of its own before.
pub fn is_bad_end(status: WaitStatus) -> bool {
    match status {
        WaitStatus::Exited(_, code) => code != 0,
        WaitStatus::Signaled(_, signal, _) => signal != Signal::SIGKILL,
        _ => false,
    }
}

/// Runs `body` in a process of its own and returns what it returns.
#[track_caller]
pub fn elsewhere(body: impl FnOnce() -> String) -> String {
    let child = Child::start(|link| link.say(format!("={}", body())));
    let said = child.hear();
    child.finish();
    said[1..].to_owned()
}
