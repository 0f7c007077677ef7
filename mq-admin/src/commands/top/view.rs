// SPDX-License-Identifier: GPL-2.0

//! What `top` shows: totals, a sorted table, and the keys.

use std::cmp::Ordering;
use std::time::Duration;

use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style, Stylize};
use ratatui::text::Line as TextLine;
use ratatui::widgets::{Row, Table, TableState};
use ratatui::Frame;

use super::rates::Line;

/// One column of the table.
struct Column {
    title: &'static str,
    width: u16,
    cell: Cell,
}

enum Cell {
    Name,
    Count(fn(&Line) -> u64),
    Rate(fn(&Line) -> f64),
}

const KEYS: &str = "q quit  space pause  < > sort by  r reverse  j k scroll  + - interval";

/// Where the names stand.
const NAME: usize = 0;

const COLUMNS: [Column; 9] = [
    column("NAME", 8, Cell::Name),
    column("PID", 7, Cell::Count(|line| line.registration.pid)),
    column("DEPTH", 6, Cell::Count(|line| line.registration.depth)),
    column("LEN", 6, Cell::Count(|line| line.registration.len)),
    column("SENT/S", 8, Cell::Rate(|line| line.sent)),
    column("RECV/S", 8, Cell::Rate(|line| line.received)),
    column("DROP/S", 8, Cell::Rate(|line| line.dropped)),
    column(
        "RECEIVED",
        10,
        Cell::Count(|line| line.registration.received),
    ),
    column("DROPPED", 9, Cell::Count(|line| line.registration.dropped)),
];

const fn column(title: &'static str, width: u16, cell: Cell) -> Column {
    Column { title, width, cell }
}

impl Column {
    fn text(&self, line: &Line) -> String {
        match self.cell {
            Cell::Name => line.registration.name.to_string(),
            Cell::Count(count) => count(line).to_string(),
            Cell::Rate(of) => rate(of(line)),
        }
    }

    fn compare(&self, a: &Line, b: &Line) -> Ordering {
        match self.cell {
            Cell::Name => a.registration.name.cmp(&b.registration.name),
            Cell::Count(count) => count(a).cmp(&count(b)),
            Cell::Rate(rate) => rate(a).total_cmp(&rate(b)),
        }
    }
}

/// What is shown, and how.
pub struct View {
    /// Time between two updates.
    pub interval: Duration,
    /// Whether updates are held back.
    pub paused: bool,
    /// How many may register.
    pub max_devices: u64,
    lines: Vec<Line>,
    sorted_by: usize,
    descending: bool,
    first: usize,
}

impl View {
    pub fn new(interval: Duration) -> Self {
        Self {
            interval,
            paused: false,
            max_devices: 0,
            lines: Vec::new(),
            sorted_by: NAME,
            descending: false,
            first: 0,
        }
    }

    /// Takes over new lines.
    pub fn show(&mut self, lines: Vec<Line>) {
        self.lines = lines;
        self.sort();
    }

    /// Turns the order round.
    pub fn reverse(&mut self) {
        self.descending = !self.descending;
        self.sort();
    }

    /// Sorts by the column to the left of the present one.
    pub fn sort_left(&mut self) {
        self.sort_by(self.sorted_by.checked_sub(1).unwrap_or(COLUMNS.len() - 1));
    }

    /// Sorts by the column to the right of the present one.
    pub fn sort_right(&mut self) {
        self.sort_by((self.sorted_by + 1) % COLUMNS.len());
    }

    /// Moves the table by so many lines.
    pub fn scroll(&mut self, lines: isize) {
        let last = self.lines.len().saturating_sub(1);
        self.first = self.first.saturating_add_signed(lines).min(last);
    }

    /// Sorts by a column: names from the first on, numbers from the largest.
    fn sort_by(&mut self, column: usize) {
        self.sorted_by = column;
        self.descending = column != NAME;
        self.sort();
    }

    fn sort(&mut self) {
        let column = &COLUMNS[self.sorted_by];
        let descending = self.descending;
        // Equal lines stay in the order of registering, so they do not dance about.
        self.lines.sort_by(|a, b| match descending {
            true => column.compare(b, a),
            false => column.compare(a, b),
        });
        self.scroll(0);
    }

    /// Draws everything.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        let [totals, state, table, keys] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Fill(1),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        frame.render_widget(self.totals(), totals);
        frame.render_widget(self.state(), state);
        self.draw_table(frame, table);
        frame.render_widget(KEYS.reversed(), keys);
    }

    fn totals(&self) -> TextLine<'_> {
        let queued: u64 = self.lines.iter().map(|line| line.registration.depth).sum();
        let sum = |of: fn(&Line) -> f64| rate(self.lines.iter().map(of).sum());
        TextLine::from(format!(
            "{} of {} registered, {queued} queued; a second: {} sent, {} received, {} dropped",
            self.lines.len(),
            self.max_devices,
            sum(|line| line.sent),
            sum(|line| line.received),
            sum(|line| line.dropped),
        ))
    }

    fn state(&self) -> TextLine<'_> {
        TextLine::from(if self.paused {
            "PAUSED".to_owned()
        } else {
            format!("every {} s", self.interval.as_secs_f64())
        })
    }

    fn draw_table(&self, frame: &mut Frame<'_>, area: Rect) {
        let columns = fitting(area.width);
        let header = columns.iter().enumerate().map(|(at, column)| {
            let mark = match (at == self.sorted_by, self.descending) {
                (false, _) => "",
                (true, false) => "^",
                (true, true) => "v",
            };
            aligned(at, format!("{}{mark}", column.title))
        });
        let rows = self.lines.iter().map(|line| {
            let cells = columns.iter().enumerate();
            Row::new(cells.map(|(at, column)| aligned(at, column.text(line)))).style(style(line))
        });
        let widths = columns.iter().map(|column| column.width);
        let table = Table::new(rows, widths.map(Constraint::Length))
            .header(Row::new(header).style(Modifier::BOLD))
            .column_spacing(1);
        let mut state = TableState::new().with_offset(self.first);
        frame.render_stateful_widget(table, area, &mut state);
    }
}

/// As many of the columns as fit into `width`.
fn fitting(width: u16) -> &'static [Column] {
    let mut used = 0;
    let number = COLUMNS.iter().take_while(|column| {
        used += column.width + 1;
        used - 1 <= width
    });
    &COLUMNS[..number.count()]
}

/// Names stand to the left, numbers to the right.
fn aligned(column: usize, text: String) -> TextLine<'static> {
    let line = TextLine::from(text);
    match column {
        NAME => line,
        _ => line.right_aligned(),
    }
}

/// What is losing messages, or about to, catches the eye.
fn style(line: &Line) -> Style {
    if line.dropped > 0.0 {
        Style::new().red().bold()
    } else if line.registration.depth >= line.registration.len {
        Style::new().yellow()
    } else {
        Style::new()
    }
}

/// A rate in few characters.
fn rate(a_second: f64) -> String {
    if a_second < 100.0 {
        format!("{a_second:.1}")
    } else {
        format!("{a_second:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mq_client::watch::Entry;
    use ratatui::backend::TestBackend;
    use ratatui::Terminal;

    fn line(name: &str, pid: u64, depth: u64, sent: f64) -> Line {
        Line {
            registration: Entry {
                name: name.parse().unwrap(),
                pid,
                uid: 0,
                depth,
                len: 8,
                sent: 1,
                received: 20,
                dropped: 3,
                bytes: 0,
                waiting: 0,
            },
            sent,
            received: 0.0,
            dropped: 0.0,
        }
    }

    fn view() -> View {
        let mut view = View::new(Duration::from_secs(1));
        view.max_devices = 9;
        view.show(vec![line("bob", 9, 2, 0.25), line("alice", 10, 8, 1234.5)]);
        view
    }

    /// The screen as text, blanks at the end of lines removed.
    fn drawn(view: &View, width: u16, height: u16) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view.draw(frame)).unwrap();
        let cells = terminal.backend().buffer().content();
        cells
            .chunks(width.into())
            .map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>())
            .map(|row| row.trim_end().to_owned())
            .collect()
    }

    fn names(view: &View) -> Vec<&str> {
        let names = view.lines.iter();
        names.map(|line| line.registration.name.as_str()).collect()
    }

    #[test]
    fn everything_stands_in_eighty_columns() {
        let screen = drawn(&view(), 80, 8);
        assert_eq!(
            screen,
            [
                "2 of 9 registered, 10 queued; a second: 1235 sent, 0.0 received, 0.0 dropped",
                "every 1 s",
                "NAME^        PID  DEPTH    LEN   SENT/S   RECV/S   DROP/S   RECEIVED   DROPPED",
                "alice         10      8      8     1234      0.0      0.0         20         3",
                "bob            9      2      8      0.2      0.0      0.0         20         3",
                "",
                "",
                KEYS,
            ]
        );
    }

    #[test]
    fn a_narrow_terminal_loses_whole_columns() {
        let screen = drawn(&view(), 40, 5);
        assert_eq!(screen[2], "NAME^        PID  DEPTH    LEN   SENT/S");
    }

    #[test]
    fn numbers_start_with_the_largest_and_turn_round() {
        let mut view = view();
        assert_eq!(names(&view), ["alice", "bob"]);
        view.sort_right();
        assert_eq!(names(&view), ["alice", "bob"]);
        view.reverse();
        assert_eq!(names(&view), ["bob", "alice"]);
        view.sort_left();
        assert_eq!(names(&view), ["alice", "bob"]);
        view.sort_left();
        assert_eq!(view.sorted_by, COLUMNS.len() - 1);
    }

    #[test]
    fn scrolling_stops_at_both_ends() {
        let mut view = view();
        view.scroll(5);
        assert!(drawn(&view, 80, 8)[3].starts_with("bob"));
        view.scroll(-9);
        assert!(drawn(&view, 80, 8)[3].starts_with("alice"));
    }

    #[test]
    fn a_pause_is_seen() {
        let mut view = view();
        view.paused = true;
        assert_eq!(drawn(&view, 80, 8)[1], "PAUSED");
    }
}
