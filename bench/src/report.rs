// SPDX-License-Identifier: GPL-2.0

//! Reporting: what one or several runs have measured, as tables, as a chart, and compared.

use std::{fs, io, path::Path};

use crate::{baseline, chart, cli::Report, figure::Figure, table};

/// Reports what is asked for.
pub fn run(asked: &Report) -> Result<(), String> {
    let mut figures = Vec::new();
    for file in &asked.files {
        for line in read(file)?.lines() {
            let figure = serde_json::from_str(line).map_err(|error| {
                format!(
                    "{}: {error}: 'mq-bench measure --json' writes such files",
                    file.display()
                )
            })?;
            add(&mut figures, figure);
        }
    }
    table::print(&mut io::stdout().lock(), &figures).map_err(|error| error.to_string())?;
    if let Some(file) = &asked.save {
        let text = serde_json::to_string_pretty(&figures).map_err(|error| error.to_string())?;
        write(file, &(text + "\n"))?;
    }
    if let Some(file) = &asked.page {
        write(file, &page(&figures)?)?;
    }
    if let Some(file) = &asked.chart {
        write(file, &chart::draw(&figures)?)?;
    }
    if let Some(file) = &asked.update {
        write(file, &baseline::of(&figures)?)?;
    }
    match &asked.check {
        Some(file) => baseline::check(&read(file)?, &figures),
        None => Ok(()),
    }
}

/// The tables as a page of the documentation.
fn page(figures: &[Figure]) -> Result<String, String> {
    let timed = figures.iter().any(|figure| figure.p99.is_some());
    let title = if timed { "time" } else { "instructions" };
    let mut page = format!(
        "# What messages cost: {title}\n\nWritten by `just bench --update`; \
         [performance.md](performance.md) says what the figures mean.\n"
    )
    .into_bytes();
    table::print(&mut page, figures).map_err(|error| error.to_string())?;
    String::from_utf8(page).map_err(|error| error.to_string())
}

/// Adds a figure. The least of several counts: whatever disturbs makes it larger.
fn add(figures: &mut Vec<Figure>, new: Figure) {
    let key = |figure: &Figure| {
        (
            figure.case.clone(),
            figure.what.clone(),
            figure.peer.clone(),
        )
    };
    match figures.iter_mut().find(|figure| key(figure) == key(&new)) {
        Some(figure) if figure.value <= new.value => {}
        Some(figure) => *figure = new,
        None => figures.push(new),
    }
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}
