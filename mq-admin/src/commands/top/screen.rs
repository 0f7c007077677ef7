// SPDX-License-Identifier: GPL-2.0

//! The terminal while `top` has it, and giving it back in whichever way `top` ends.

use std::io::{self, IsTerminal, Stdout};
use std::thread;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    disable_raw_mode, enable_raw_mode, EnterAlternateScreen, LeaveAlternateScreen,
};
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use rustix::termios::tcgetwinsize;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::error::{Error, Result, Status};

/// What is assumed of a terminal that does not know its size, as behind a serial line.
const UNKNOWN: Rect = Rect::new(0, 0, 80, 24);

/// The terminal; it is given back when this is dropped.
pub struct Screen {
    pub terminal: Terminal<CrosstermBackend<Stdout>>,
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
        give_back_in_any_case().map_err(failed)?;
        let backend = CrosstermBackend::new(stdout);
        let terminal = Terminal::with_options(backend, TerminalOptions { viewport });
        let screen = Self {
            terminal: terminal.map_err(failed)?,
        };
        enable_raw_mode().map_err(failed)?;
        execute!(io::stdout(), EnterAlternateScreen, Hide).map_err(failed)?;
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn give_back() {
    // Where the terminal is gone there is nothing left to restore.
    let _ = disable_raw_mode();
    let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
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
