// SPDX-License-Identifier: GPL-2.0

//! The terminal while `top` has it, and giving it back in whichever way `top` ends.

use std::io::{self, IsTerminal, Read, Stdout};
use std::mem::ManuallyDrop;
use std::os::unix::net::UnixStream;
use std::sync::Once;
use std::thread;
use std::time::{Duration, Instant};

use mq_client::wait::{wait, PollFd, PollFlags};
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, MoveTo, Show};
use ratatui::crossterm::event::{self, KeyEvent};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    disable_raw_mode, enable_raw_mode, Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen,
};
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use rustix::termios::tcgetwinsize;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH};
use signal_hook::iterator::Signals;
use signal_hook::low_level::{emulate_default_handler, pipe};

use crate::error::{Error, Result, Status};

/// What is assumed of a terminal that does not know its size, as behind a serial line.
const UNKNOWN: Rect = Rect::new(0, 0, 80, 24);

/// The terminal; it is given back when this is dropped.
pub struct Screen {
    /// What it does when dropped is done by `give_back`, which does not panic where the terminal is
    /// gone.
    pub terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    /// Can be read when the terminal has another size.
    resized: UnixStream,
}

impl Screen {
    /// Takes the terminal.
    pub fn take() -> Result<Self> {
        let stdout = io::stdout();
        if !stdout.is_terminal() || !io::stdin().is_terminal() {
            return Err(Error::new(
                Status::Failed,
                "this needs a terminal: `mq-admin list` prints the same once",
            ));
        }
        let viewport = match tcgetwinsize(&stdout) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => Viewport::Fullscreen,
            _ => Viewport::Fixed(UNKNOWN),
        };
        let (resized, sender) = UnixStream::pair().map_err(failed)?;
        resized.set_nonblocking(true).map_err(failed)?;
        pipe::register(SIGWINCH, sender).map_err(failed)?;
        give_back_in_any_case().map_err(failed)?;
        let backend = CrosstermBackend::new(stdout);
        let terminal = Terminal::with_options(backend, TerminalOptions { viewport });
        let screen = Self {
            terminal: ManuallyDrop::new(terminal.map_err(failed)?),
            resized,
        };
        enable_raw_mode().map_err(failed)?;
        // The Linux console has no alternate screen, and blanks are not drawn.
        let clear = Clear(ClearType::All);
        execute!(io::stdout(), EnterAlternateScreen, clear, Hide).map_err(failed)?;
        Ok(screen)
    }

    /// Sleeps until there is something to react to, or the deadline has come.
    ///
    /// Crossterm could do this too, but never returns from a terminal that has been hung up.
    pub fn wait(&mut self, deadline: Option<Instant>) -> Result {
        let stdin = io::stdin();
        let mut files = [
            PollFd::new(&stdin, PollFlags::IN),
            PollFd::new(&self.resized, PollFlags::IN),
        ];
        wait(&mut files, deadline)?;
        let [input, _] = files.map(|file| file.revents());
        if input.intersects(PollFlags::HUP | PollFlags::ERR) {
            return Err(Error::ReaderGone);
        }
        // That there was something to read is all that it says.
        let _ = self.resized.read(&mut [0; 64]);
        Ok(())
    }

    /// The next key that was pressed, if any.
    pub fn key(&self) -> Result<Option<KeyEvent>> {
        while event::poll(Duration::ZERO).map_err(failed)? {
            let event = event::read().map_err(failed)?;
            if let Some(key) = event.as_key_press_event() {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn give_back() {
    // Once, lest the usual screen be cleared.
    static GIVEN_BACK: Once = Once::new();
    GIVEN_BACK.call_once(|| {
        // Where the terminal is gone there is nothing left to restore. Where it has no alternate
        // screen, what comes next does not stand among what was drawn.
        let _ = disable_raw_mode();
        let home = MoveTo(0, 0);
        let clear = Clear(ClearType::All);
        let _ = execute!(io::stdout(), clear, home, LeaveAlternateScreen, Show);
    });
}

/// A panic aborts, and a signal kills: neither drops anything.
fn give_back_in_any_case() -> io::Result<()> {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        give_back();
        usual(panic);
    }));
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    thread::spawn(move || {
        for signal in signals.forever() {
            give_back();
            // So that whoever waits for this process learns what ended it.
            let _ = emulate_default_handler(signal);
        }
    });
    Ok(())
}

fn failed(error: io::Error) -> Error {
    Error::new(
        Status::Failed,
        format!("the terminal cannot be used: {error}"),
    )
}
