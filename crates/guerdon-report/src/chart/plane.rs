//! A chart over two axes: curves with whiskers, labelled points, a line through some of them, a dashed upright.

use super::{Drawn, colour};
use crate::IntervalValue;
use crate::format::{number, shorten};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// One curve.
#[derive(Debug, Clone)]
pub(crate) struct Curve {
    pub colour: RGBColor,
    /// (x, y with its interval), by rising x.
    pub points: Vec<(f64, IntervalValue)>,
}

/// A point with its name.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    /// Shown beside it; empty for none.
    pub label: String,
    pub x: f64,
    pub y: f64,
}

/// The chart.
#[derive(Debug, Clone)]
pub(crate) struct PlaneChart {
    pub curves: Vec<Curve>,
    pub spots: Vec<Spot>,
    /// Drawn as a line, by rising x.
    pub line: Vec<(f64, f64)>,
    /// A dashed upright at this x.
    pub upright: Option<f64>,
    /// Names and units of the axes.
    pub axes: (String, String),
    /// Decimals of the axes' numbers.
    pub decimals: (usize, usize),
}

type Draw = Result<(), String>;
type Root<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

const FONT: i32 = 17;
const SMALL: i32 = 15;

fn failed(error: impl std::fmt::Display) -> String {
    error.to_string()
}

impl Drawn for PlaneChart {
    fn draw(&self, width: u32) -> Result<String, String> {
        let height = if width < 600 { 340 } else { 430 };
        let mut svg = String::new();
        {
            let root = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
            self.draw_on(&root, width < 600).map_err(failed)?;
            root.present().map_err(failed)?;
        }
        Ok(svg)
    }
}

impl PlaneChart {
    fn draw_on(&self, root: &Root<'_>, narrow: bool) -> Draw {
        let (x, y) = self.ranges();
        let mut chart = ChartBuilder::on(root)
            .margin_top(10)
            .margin_right(14)
            .margin_left(4)
            .x_label_area_size(52)
            .y_label_area_size(if narrow { 56 } else { 72 })
            .build_cartesian_2d(x.0..x.1, y.0..y.1)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .x_labels(if narrow { 5 } else { 9 })
            .y_labels(7)
            .max_light_lines(0)
            .bold_line_style(colour::GRID)
            .axis_style(colour::MUTED)
            .x_desc(self.axes.0.as_str())
            .y_desc(self.axes.1.as_str())
            .axis_desc_style(("sans-serif", FONT, &colour::MUTED))
            .label_style(("sans-serif", FONT, &colour::MUTED))
            .x_label_formatter(&|x| number(*x, self.decimals.0))
            .y_label_formatter(&|y| number(*y, self.decimals.1))
            .draw()
            .map_err(failed)?;
        if let Some(at) = self.upright.filter(|at| (x.0..=x.1).contains(at)) {
            let dashes = DashedLineSeries::new([(at, y.0), (at, y.1)], 4, 4, colour::MUTED.stroke_width(1));
            chart.draw_series(dashes).map_err(failed)?;
        }
        let line = LineSeries::new(self.line.iter().copied(), colour::GREEN.stroke_width(2));
        chart.draw_series(line).map_err(failed)?;
        for curve in &self.curves {
            let line = curve.points.iter().map(|(x, y)| (*x, y.value));
            chart.draw_series(LineSeries::new(line, curve.colour.stroke_width(2))).map_err(failed)?;
            let place = |x: f64, y: f64| chart.backend_coord(&(x, y));
            curve.points.iter().try_for_each(|(x, y)| whisker(root, curve.colour, (*x, y), &place))?;
        }
        for spot in &self.spots {
            let at = chart.backend_coord(&(spot.x, spot.y));
            root.draw(&Circle::new(at, 5, colour::GREEN.filled())).map_err(failed)?;
        }
        let most = if narrow { 18 } else { 30 };
        let width = i32::try_from(root.dim_in_pixel().0).unwrap_or(i32::MAX);
        for spot in self.spots.iter().filter(|spot| !spot.label.is_empty()) {
            let (left, top) = chart.backend_coord(&(spot.x, spot.y));
            // Names near the right edge go to the left of their point.
            let before = left > width * 2 / 3;
            let pos = Pos::new(if before { HPos::Right } else { HPos::Left }, VPos::Center);
            let style = ("sans-serif", SMALL).into_font().color(&colour::INK).pos(pos);
            let at = (if before { left - 9 } else { left + 9 }, top + 12);
            root.draw_text(&shorten(&spot.label, most), &style, at).map_err(failed)?;
        }
        Ok(())
    }

    /// Ranges of both axes with some room.
    fn ranges(&self) -> ((f64, f64), (f64, f64)) {
        let (mut x, mut y) = ((f64::INFINITY, f64::NEG_INFINITY), (f64::INFINITY, f64::NEG_INFINITY));
        let see = |range: &mut (f64, f64), value: f64| {
            if value.is_finite() {
                *range = (range.0.min(value), range.1.max(value));
            }
        };
        for (at, value) in self.curves.iter().flat_map(|curve| &curve.points) {
            see(&mut x, *at);
            [Some(value.value), value.lower, value.upper].into_iter().flatten().for_each(|v| see(&mut y, v));
        }
        for spot in &self.spots {
            see(&mut x, spot.x);
            see(&mut y, spot.y);
        }
        self.upright.into_iter().for_each(|at| see(&mut x, at));
        let wide = |(low, high): (f64, f64)| {
            if low > high {
                return (0.0, 1.0);
            }
            let room = if high > low { 0.04 * (high - low) } else { 0.5 * high.abs().max(1.0) };
            (low - room, high + room)
        };
        (wide(x), wide(y))
    }
}

fn whisker(
    root: &Root<'_>,
    colour: RGBColor,
    (x, y): (f64, &IntervalValue),
    place: &dyn Fn(f64, f64) -> (i32, i32),
) -> Draw {
    let at = place(x, y.value);
    if let Some((lower, upper)) = y.ends() {
        let (low, high) = (place(x, lower).1, place(x, upper).1);
        let line = |from: (i32, i32), to: (i32, i32)| PathElement::new(vec![from, to], colour.stroke_width(1));
        root.draw(&line((at.0, low), (at.0, high))).map_err(failed)?;
        for end in [low, high] {
            root.draw(&line((at.0 - 3, end), (at.0 + 3, end))).map_err(failed)?;
        }
    }
    root.draw(&Circle::new(at, 3, colour.filled())).map_err(failed)
}
