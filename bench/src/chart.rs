// SPDX-License-Identifier: GPL-2.0

//! Counted figures as a chart in SVG: a panel for each of some figures, a bar for each peer, the
//! shorter the better. The panels have scales of their own.

use svg::{
    node::element::{Rectangle, Style, Text, Title},
    Document, Node,
};

use crate::{figure::Figure, peers};

/// The figures that have a panel: case, what of it, and what is written above.
const PANELS: [(&str, &str, &str); 6] = [
    ("A", "64 B", "Send and receive 64 B"),
    ("A", "4 KiB", "Send and receive 4 KiB"),
    ("B", "slower mode", "Round trip, two processes"),
    ("C", "1 sent", "64 B to 1 receiver, send alone"),
    ("C", "16 sent", "64 B to 16 receivers, sends alone"),
    ("C", "16 drained", "64 B to 16 receivers, and received"),
];

const COLUMNS: usize = 2;
const WIDTH: f64 = 420.0;
const MARGIN: f64 = 20.0;
/// Where the bars begin: beside the names.
const NAMES: f64 = 120.0;
/// The longest bar, with room for its number.
const BAR: f64 = WIDTH - NAMES - 70.0;
const ROW: f64 = 20.0;
const HEADING: f64 = 34.0;

/// Readable on a white page and on a black one.
const STYLE: &str = "
text { font: 13px sans-serif; fill: #1f2328; }
.heading { font-weight: 600; }
.number, .name { font-size: 12px; }
.name { text-anchor: end; }
.peer { fill: #9aa4b0; }
.own { fill: #d1480f; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .peer { fill: #6e7681; }
  .own { fill: #ff7b3d; }
}
";

/// Draws it.
pub fn draw(figures: &[Figure]) -> Result<String, String> {
    let mut peers = peers::all();
    peers.retain(|peer| figures.iter().any(|figure| figure.peer == peer.name()));
    let height = HEADING + peers.len() as f64 * ROW;
    let rows = PANELS.len().div_ceil(COLUMNS);
    let whole = (
        COLUMNS as f64 * (WIDTH + MARGIN) + MARGIN,
        rows as f64 * (height + MARGIN) + 2.0 * MARGIN,
    );
    let mut chart = Document::new()
        .set("viewBox", (0, 0, whole.0, whole.1))
        .set("width", whole.0)
        .set("height", whole.1)
        .set("role", "img")
        .add(Title::new(
            "Instructions of the same messages through /dev/mq and its peers",
        ))
        .add(Style::new(STYLE));
    for (number, (case, what, heading)) in PANELS.into_iter().enumerate() {
        let left = MARGIN + (number % COLUMNS) as f64 * (WIDTH + MARGIN);
        let top = MARGIN + (number / COLUMNS) as f64 * (height + MARGIN);
        let values: Vec<(&str, f64)> = figures
            .iter()
            .filter(|figure| figure.case == case && figure.what == what)
            .filter(|figure| figure.unit == "instructions" && figure.peer != "floor")
            .map(|figure| (figure.peer.as_str(), figure.value))
            .collect();
        if values.is_empty() {
            return Err(format!("the chart needs case {case}, {what}, counted"));
        }
        chart.append(text(left, top + 14.0, heading, "heading"));
        panel(&mut chart, left, top + HEADING - 8.0, &values);
    }
    chart.append(text(
        MARGIN,
        whole.1 - MARGIN,
        "Instructions, system calls included. Shorter is better; each panel has its own scale.",
        "number",
    ));
    Ok(format!("{chart}\n"))
}

/// The bars of one panel.
fn panel(chart: &mut Document, left: f64, top: f64, values: &[(&str, f64)]) {
    let longest = values.iter().map(|(_, value)| *value).fold(1.0, f64::max);
    for (number, (peer, value)) in values.iter().enumerate() {
        let top = top + number as f64 * ROW;
        let length = (value / longest * BAR).round();
        let bar = Rectangle::new()
            .set("x", left + NAMES)
            .set("y", top)
            .set("width", length)
            .set("height", ROW - 6.0)
            .set("class", if peers::is_ours(peer) { "own" } else { "peer" });
        let baseline = top + ROW - 9.0;
        chart.append(text(
            left + NAMES - 8.0,
            baseline,
            peers::title(peer),
            "name",
        ));
        chart.append(bar);
        let number = format!("{value:.0}");
        chart.append(text(
            left + NAMES + length + 6.0,
            baseline,
            &number,
            "number",
        ));
    }
}

fn text(x: f64, y: f64, content: &str, class: &str) -> Text {
    Text::new(content)
        .set("x", x)
        .set("y", y)
        .set("class", class)
}
