//! Chart: datasets as inline SVG. Each is 360 wide, so that it can be read on the smallest screen, and
//! says in words what it shows. Positions are whole numbers: the same rows give the same bytes.

mod bars;
mod days;
mod flow;
mod heat;
mod spread;
mod svg;

use askama::Template;
use ledger_core::report::{Chart, Dataset, Plot};

use crate::line::Line;
use crate::table::Table;
pub(crate) use svg::Picture;
#[cfg(feature = "pdf")]
pub(crate) use svg::{Anchor, Shape, Svg, WIDTH};

/// Rows of its data table that a chart shows.
const ROWS: usize = 120;

/// A chart on a page.
#[derive(Debug, Template)]
#[template(path = "chart.html")]
pub(crate) struct Drawn {
    /// What it shows.
    pub(crate) title: Line,
    /// What is counted.
    pub(crate) unit: Line,
    /// The picture; none where there is nothing to draw.
    pub(crate) picture: Option<Picture>,
    /// What is said where there is nothing to draw.
    pub(crate) nothing: Line,
    /// Its rows.
    pub(crate) table: Table,
}

/// Draws a chart.
pub(crate) fn drawn(chart: &Chart, dataset: &Dataset) -> Drawn {
    let svg = match chart.plot {
        Plot::Heat => heat::heat(dataset),
        Plot::Population => bars::population(dataset),
        Plot::Weeks => bars::weeks(dataset),
        Plot::Stack => bars::stack(dataset),
        Plot::Ageing => bars::ageing(dataset),
        Plot::Quantiles => spread::quantiles(dataset),
        Plot::Deadline => spread::deadline(dataset),
        Plot::Calendar => days::calendar(dataset),
        Plot::Flow => flow::flow(dataset),
    };
    let more = format!("all are in {}", dataset.about.file());
    Drawn {
        title: chart.title.as_str().into(),
        unit: chart.unit.as_str().into(),
        picture: svg.map(|svg| svg.done(&chart.title)),
        nothing: chart.nothing.as_str().into(),
        table: Table::of(dataset, 0, ROWS, &more.into()),
    }
}

/// The bars of one row of counts, small, for the page of a control.
pub(crate) fn strip(dataset: &Dataset, name: &str) -> Option<Picture> {
    bars::strip(dataset, name).map(|svg| svg.done("Exceptions by week"))
}
