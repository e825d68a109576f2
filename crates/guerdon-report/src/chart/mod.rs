//! Charts as inline SVG: drawn by plotters twice, for wide and for narrow screens; the style sheet shows the fitting one
//! and recolours it for dark screens.

mod plane;
mod rows;

pub(crate) use plane::{Curve, PlaneChart, Spot};
pub(crate) use rows::{Line, Mark, RowChart, Shape};

use crate::PolicyRole;
use maud::{Markup, PreEscaped, html};
use plotters::style::RGBColor;

/// Okabe & Ito's colours (2008), told apart with any colour vision. The style sheet names the same ones.
pub(crate) mod colour {
    use super::RGBColor;
    /// Blue.
    pub const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xB2);
    /// Vermillion.
    pub const VERMILLION: RGBColor = RGBColor(0xD5, 0x5E, 0x00);
    /// Bluish green.
    pub const GREEN: RGBColor = RGBColor(0x00, 0x9E, 0x73);
    /// Orange.
    pub const ORANGE: RGBColor = RGBColor(0xE6, 0x9F, 0x00);
    /// Reddish purple.
    pub const PURPLE: RGBColor = RGBColor(0xCC, 0x79, 0xA7);
    /// The page's background.
    pub const PAPER: RGBColor = RGBColor(0xFE, 0xFE, 0xFE);
    /// Text and axes; the style sheet's ink.
    pub const INK: RGBColor = RGBColor(0x1B, 0x1F, 0x24);
    /// Secondary text.
    pub const MUTED: RGBColor = RGBColor(0x5A, 0x63, 0x6E);
    /// Grid lines.
    pub const GRID: RGBColor = RGBColor(0xD8, 0xDC, 0xE1);
}

/// The colour of a policy by its role, the same in every chart.
pub(crate) fn colour_of(role: PolicyRole) -> RGBColor {
    match role {
        PolicyRole::Learner => colour::BLUE,
        PolicyRole::Logging => colour::VERMILLION,
        PolicyRole::None => colour::MUTED,
        PolicyRole::Uniform => colour::ORANGE,
        PolicyRole::Constant => colour::GREEN,
    }
}

/// Width of the chart on wide screens and on paper, in CSS pixels.
const WIDE: u32 = 880;
/// Width of the chart on phones.
const NARROW: u32 = 370;

/// What can be drawn at any width.
pub(crate) trait Drawn {
    /// The chart as SVG, `width` pixels wide.
    fn draw(&self, width: u32) -> Result<String, String>;
}

/// A figure with its caption; `description` is read out in place of the drawing.
pub(crate) fn figure(chart: &impl Drawn, description: &str, caption: Markup) -> Markup {
    html! {
        figure {
            div.wide { (drawing(chart, WIDE, description)) }
            div.narrow { (drawing(chart, NARROW, description)) }
            figcaption { (caption) }
        }
    }
}

fn drawing(chart: &impl Drawn, width: u32, description: &str) -> Markup {
    match chart.draw(width) {
        Ok(svg) => inline(&svg, description),
        Err(reason) => html! { p.note { "The chart could not be drawn: " (reason) } },
    }
}

/// plotters' SVG without its name space (inline SVG needs none, and the page shall name no address), scaled by the page
/// and described for readers who don't see it.
fn inline(svg: &str, description: &str) -> Markup {
    let Some((head, body)) = svg.split_once('>') else { return html! {} };
    let view = head.split("viewBox=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("0 0 1 1");
    let body = body.strip_suffix('\n').unwrap_or(body);
    html! {
        (PreEscaped(format!("<svg viewBox=\"{view}\" role=\"img\" aria-label=\""))) (description) (PreEscaped("\">"))
        (PreEscaped(body))
    }
}
