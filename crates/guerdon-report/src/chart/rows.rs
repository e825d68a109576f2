//! Charts of labelled rows over one horizontal axis: dots with whiskers, bars with whiskers, groups, refusals.

use super::{Drawn, colour};
use crate::IntervalValue;
use crate::format::{number, shorten};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// How a value is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A dot.
    Dot,
    /// A bar from zero.
    Bar,
}

/// One value.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub label: String,
    pub value: IntervalValue,
    /// The value in words, at the right.
    pub text: String,
    pub colour: RGBColor,
    pub shape: Shape,
}

/// One row.
#[derive(Debug, Clone)]
pub(crate) enum Line {
    /// A heading over the rows that follow.
    Group(String),
    /// A value.
    Mark(Mark),
    /// A name without a value; the text says why.
    Refused { label: String, text: String },
}

/// A chart of rows.
#[derive(Debug, Clone)]
pub(crate) struct RowChart {
    pub lines: Vec<Line>,
    /// Name and unit of the axis.
    pub axis: String,
    /// Decimals of the axis' numbers.
    pub decimals: usize,
    /// Numbers are shares, shown as percentages.
    pub percent: bool,
    /// Zero is on the axis.
    pub from_zero: bool,
    /// A dashed line at this value.
    pub line_at: Option<f64>,
}

type Draw = Result<(), String>;
type Root<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Axes<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Pixels of one layout.
struct Layout {
    width: i32,
    label: i32,
    text: i32,
    row: i32,
    /// Labels stand above their marks instead of at their left.
    stacked: bool,
}

const TOP: i32 = 8;
const AXIS: i32 = 52;
const FONT: i32 = 17; // plotters divides by 1.24: 13.7 px
/// Mean width of a letter at that size.
const LETTER: f64 = 7.9;

impl Layout {
    fn new(width: u32, lines: &[Line]) -> Layout {
        let longest = |get: fn(&Line) -> &str| lines.iter().map(|l| get(l).chars().count()).max().unwrap_or(0);
        let label = (longest(|line| match line {
            Line::Mark(mark) => &mark.label,
            Line::Refused { label, .. } => label,
            Line::Group(_) => "",
        }) as f64
            * LETTER) as i32
            + 14;
        let text = (longest(|line| if let Line::Mark(mark) = line { &mark.text } else { "" }) as f64 * LETTER) as i32;
        let width = width as i32;
        if width < 600 {
            Layout { width, label: 10, text: 14, row: 42, stacked: true }
        } else {
            Layout { width, label: label.clamp(60, 250), text: (text + 20).clamp(20, 300), row: 25, stacked: false }
        }
    }

    fn height_of(&self, line: &Line) -> i32 {
        if matches!(line, Line::Group(_)) { 30 } else { self.row }
    }

    /// Most letters of a label or of a text across the plot.
    fn letters(&self, pixels: i32) -> usize {
        (pixels as f64 / LETTER) as usize
    }
}

impl Drawn for RowChart {
    fn draw(&self, width: u32) -> Result<String, String> {
        let layout = Layout::new(width, &self.lines);
        let rows: i32 = self.lines.iter().map(|line| layout.height_of(line)).sum();
        let height = TOP + rows + AXIS;
        let mut svg = String::new();
        {
            let root = SVGBackend::with_string(&mut svg, (width, height as u32)).into_drawing_area();
            self.draw_on(&root, &layout).map_err(|error| error.to_string())?;
            root.present().map_err(|error| error.to_string())?;
        }
        Ok(svg)
    }
}

impl RowChart {
    fn draw_on(&self, root: &Root<'_>, layout: &Layout) -> Draw {
        let (low, high) = self.range();
        let mut chart = ChartBuilder::on(root)
            .margin_top(TOP)
            .margin_left(layout.label)
            .margin_right(layout.text)
            .x_label_area_size(AXIS)
            .build_cartesian_2d(low..high, 0f64..1f64)
            .map_err(|error| error.to_string())?;
        self.mesh(&mut chart, layout)?;
        if let Some(at) = self.line_at.filter(|at| (low..=high).contains(at)) {
            let dashes = DashedLineSeries::new([(at, 0.0), (at, 1.0)], 4, 4, colour::MUTED.stroke_width(1));
            chart.draw_series(dashes).map_err(|error| error.to_string())?;
        }
        let mut y = TOP;
        for line in &self.lines {
            let x_of = |value: f64| chart.backend_coord(&(value, 0.0)).0;
            match line {
                Line::Group(name) => heading(root, layout, name, y)?,
                Line::Mark(mark) => draw_mark(root, layout, mark, y, &x_of)?,
                Line::Refused { label, text } => refused(root, layout, label, text, y)?,
            }
            y += layout.height_of(line);
        }
        Ok(())
    }

    fn mesh(&self, chart: &mut Axes<'_, '_>, layout: &Layout) -> Draw {
        let format = |value: &f64| {
            if self.percent {
                format!("{} %", number(100.0 * value, self.decimals))
            } else {
                number(*value, self.decimals)
            }
        };
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .x_labels(if layout.stacked { 5 } else { 8 })
            .x_max_light_lines(0)
            .bold_line_style(colour::GRID)
            .axis_style(colour::MUTED)
            .x_desc(self.axis.as_str())
            .axis_desc_style(("sans-serif", FONT, &colour::MUTED))
            .x_label_style(("sans-serif", FONT, &colour::MUTED))
            .x_label_formatter(&format)
            .draw()
            .map_err(|error| error.to_string())
    }

    /// From the smallest to the largest end with 4 % to either side.
    fn range(&self) -> (f64, f64) {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        let mut see = |value: f64| {
            if value.is_finite() {
                (low, high) = (low.min(value), high.max(value));
            }
        };
        for line in &self.lines {
            if let Line::Mark(mark) = line {
                [Some(mark.value.value), mark.value.lower, mark.value.upper].into_iter().flatten().for_each(&mut see);
            }
        }
        if self.from_zero {
            see(0.0);
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let room = if high > low { 0.04 * (high - low) } else { 0.5 * high.abs().max(1.0) };
        let flush = |end: f64| self.from_zero && end == 0.0;
        (if flush(low) { low } else { low - room }, if flush(high) { high } else { high + room })
    }
}

fn style(colour: &RGBColor, right: bool) -> TextStyle<'_> {
    let pos = Pos::new(if right { HPos::Right } else { HPos::Left }, VPos::Center);
    ("sans-serif", FONT).into_font().color(colour).pos(pos)
}

fn write(root: &Root<'_>, text: &str, style: &TextStyle<'_>, at: (i32, i32)) -> Draw {
    root.draw_text(text, style, at).map_err(|error| error.to_string())
}

fn heading(root: &Root<'_>, layout: &Layout, name: &str, y: i32) -> Draw {
    if layout.stacked {
        clear(root, (0, y), (layout.width, y + 30))?;
    }
    let style = ("sans-serif", FONT, FontStyle::Bold).into_font().color(&colour::INK);
    write(root, name, &style.pos(Pos::new(HPos::Left, VPos::Center)), (2, y + 18))
}

fn draw_mark(root: &Root<'_>, layout: &Layout, mark: &Mark, y: i32, x_of: &dyn Fn(f64) -> i32) -> Draw {
    let middle = if layout.stacked {
        let most = layout.letters(layout.width).saturating_sub(mark.text.chars().count() + 2);
        clear(root, (0, y), (layout.width, y + 20))?;
        write(root, &shorten(&mark.label, most), &style(&colour::INK, false), (2, y + 11))?;
        write(root, &mark.text, &style(&colour::MUTED, true), (layout.width - 4, y + 11))?;
        y + 29
    } else {
        let middle = y + layout.row / 2;
        let label = shorten(&mark.label, layout.letters(layout.label));
        write(root, &label, &style(&colour::INK, true), (layout.label - 10, middle))?;
        write(root, &mark.text, &style(&colour::MUTED, false), (layout.width - layout.text + 14, middle))?;
        middle
    };
    shape(root, mark, middle, x_of)
}

fn shape(root: &Root<'_>, mark: &Mark, middle: i32, x_of: &dyn Fn(f64) -> i32) -> Draw {
    let failed = |error: DrawingAreaErrorKind<std::io::Error>| error.to_string();
    if !mark.value.value.is_finite() {
        return Ok(());
    }
    let at = x_of(mark.value.value);
    let whisker = if mark.shape == Shape::Bar { colour::INK } else { mark.colour };
    if mark.shape == Shape::Bar {
        let (left, right) = (at.min(x_of(0.0)), at.max(x_of(0.0)));
        root.draw(&Rectangle::new([(left, middle - 7), (right, middle + 7)], mark.colour.filled())).map_err(failed)?;
    }
    if let Some((lower, upper)) = mark.value.ends() {
        let (left, right) = (x_of(lower), x_of(upper));
        let line = |from: (i32, i32), to: (i32, i32)| PathElement::new(vec![from, to], whisker.stroke_width(2));
        root.draw(&line((left, middle), (right, middle))).map_err(failed)?;
        for end in [left, right] {
            root.draw(&line((end, middle - 4), (end, middle + 4))).map_err(failed)?;
        }
    }
    if mark.shape == Shape::Dot {
        root.draw(&Circle::new((at, middle), 5, mark.colour.filled())).map_err(failed)?;
    }
    Ok(())
}

/// Paper over grid lines, so that text across the plot can be read.
fn clear(root: &Root<'_>, from: (i32, i32), to: (i32, i32)) -> Draw {
    root.draw(&Rectangle::new([from, to], colour::PAPER.filled())).map_err(|error| error.to_string())
}

fn refused(root: &Root<'_>, layout: &Layout, label: &str, text: &str, y: i32) -> Draw {
    if layout.stacked {
        clear(root, (0, y), (layout.width, y + 38))?;
        write(root, &shorten(label, layout.letters(layout.width)), &style(&colour::INK, false), (2, y + 11))?;
        let text = shorten(text, layout.letters(layout.width - 14));
        return write(root, &text, &style(&colour::MUTED, false), (10, y + 29));
    }
    let middle = y + layout.row / 2;
    let label = shorten(label, layout.letters(layout.label));
    write(root, &label, &style(&colour::INK, true), (layout.label - 10, middle))?;
    let text = shorten(text, layout.letters(layout.width - layout.label));
    clear(root, (layout.label + 1, y + 2), (layout.width, y + layout.row - 2))?;
    write(root, &text, &style(&colour::MUTED, false), (layout.label + 4, middle))
}
