// SPDX-License-Identifier: GPL-2.0

//! `top`: queues and rates, live.
//!
//! Here is the loop: look, draw, sleep until there is a key or time has come to look again. What a
//! rate is is in `rates`, what is drawn in `view`, how the terminal is taken and given back in
//! `screen`.

mod rates;
mod screen;
mod view;

use std::time::{Duration, Instant};

use mq_policy::limits::MAX_DEVICES;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::cli::Top;
use crate::error::{Error, Result};
use crate::system::System;
use rates::Rates;
use screen::Screen;
use view::View;

/// The shortest and the longest time between two updates that keys can set.
const INTERVALS: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(250)..=Duration::from_secs(60);

pub fn run(system: &System, options: &Top) -> Result {
    let mut rates = Rates::default();
    let mut view = View::new(options.interval);
    // Before the terminal is taken, so that a missing driver is reported on an untouched one.
    refresh(system, &mut rates, &mut view)?;
    let mut screen = Screen::take()?;
    let mut next = Instant::now() + view.interval;
    loop {
        screen
            .terminal
            .draw(|frame| view.draw(frame))
            .map_err(Error::output)?;
        screen.wait((!view.paused).then_some(next))?;
        while let Some(key) = screen.key()? {
            if !handle(&mut view, key) {
                return Ok(());
            }
        }
        if !view.paused && Instant::now() >= next {
            refresh(system, &mut rates, &mut view)?;
            next = Instant::now() + view.interval;
        }
    }
}

fn refresh(system: &System, rates: &mut Rates, view: &mut View) -> Result {
    let registrations = system.registrations()?;
    view.max_devices = system.parameter(&MAX_DEVICES)?;
    view.show(rates.update(Instant::now(), registrations));
    Ok(())
}

/// Does what a key stands for; false for the one that quits.
fn handle(view: &mut View, key: KeyEvent) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c') if control => return false,
        KeyCode::Char('q') => return false,
        KeyCode::Char(' ' | 'p') => view.paused = !view.paused,
        KeyCode::Char('r') => view.reverse(),
        KeyCode::Left | KeyCode::Char('<') => view.sort_left(),
        KeyCode::Right | KeyCode::Char('>') => view.sort_right(),
        KeyCode::Up | KeyCode::Char('k') => view.scroll(-1),
        KeyCode::Down | KeyCode::Char('j') => view.scroll(1),
        KeyCode::PageUp => view.scroll(-10),
        KeyCode::PageDown => view.scroll(10),
        KeyCode::Char('+') => view.interval = (view.interval * 2).min(*INTERVALS.end()),
        KeyCode::Char('-') => view.interval = (view.interval / 2).max(*INTERVALS.start()),
        _ => {}
    }
    true
}
