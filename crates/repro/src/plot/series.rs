//! Which marks an entry of a legend speaks of: those that look like its sample.

use super::axes::{LegendEntry, Mark};
use super::{Color, Stroke};

/// The entry that stands for a mark, of these.
pub(super) fn entry_of(mark: &Mark, entries: &[(usize, &LegendEntry)]) -> Option<usize> {
    let mut best: Option<(u8, usize)> = None;
    for (number, entry) in entries {
        let likeness = likeness(mark, entry);
        if likeness > best.map_or(0, |(least, _)| least) {
            best = Some((likeness, *number));
        }
    }
    best.map(|(_, number)| number)
}

/// 3: the same look; 2: but for the width of the line; 1: the same hue; 0: none of these.
fn likeness(mark: &Mark, entry: &LegendEntry) -> u8 {
    let LegendEntry {
        stroke,
        marker,
        fill,
        ..
    } = entry;
    let (color, alike) = match mark {
        Mark::Line(_, own) | Mark::ErrorBars(_, own) => {
            let like = |s: &Stroke| s.color == own.color && s.dash == own.dash;
            let alike = match stroke {
                Some(s) if like(s) && s.width == own.width => 3,
                Some(s) if like(s) => 2,
                _ => 0,
            };
            (own.color, alike)
        }
        Mark::Points(_, own) => {
            let like = marker.is_some_and(|m| m.color == own.color && m.shape == own.shape);
            (own.color, 3 * u8::from(like))
        }
        Mark::Band(_, own) | Mark::Box { fill: own, .. } => {
            (*own, 3 * u8::from(*fill == Some(*own)))
        }
        Mark::Text { color, .. } => (*color, 0),
        Mark::Across { stroke: own, .. } | Mark::Upright { stroke: own, .. } => {
            let like = stroke.is_some_and(|s| s.color == own.color && s.dash == own.dash);
            // Only the very line: others are drawn to be seen whatever else is.
            return 3 * u8::from(like);
        }
        Mark::Picture { .. } => return 0,
    };
    let sample = [stroke.map(|s| s.color), marker.map(|m| m.color), *fill];
    let same_hue = sample
        .into_iter()
        .flatten()
        .any(|s: Color| s.has_hue_of(color));
    alike.max(u8::from(same_hue))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{Axes, Marker, SERIES, Scale};

    #[test]
    fn marks_belong_to_the_entry_that_looks_like_them() {
        let mut axes = Axes::new(Scale::linear(""), Scale::linear(""));
        let (blue, red) = (SERIES[0], SERIES[1]);
        axes.legend("blue line", Stroke::solid(blue), None);
        axes.legend("blue dashes", Stroke::dashed(blue), None);
        axes.legend("red", None, Marker::dot(red));
        axes.legend("published", Stroke::solid(Color::BLACK), None);
        axes.line([], Stroke::dashed(blue).width(2.0));
        axes.line([], Stroke::solid(blue));
        axes.band([], red.opacity(0.2));
        axes.points([], Marker::ring(red.lighter(0.5)));
        axes.text((0.0, 0.0), "b", Color::BLACK, 0.0);
        axes.across(0.0, Stroke::dashed(Color::BLACK));
        let entries: Vec<_> = axes.legend.iter().enumerate().collect();
        let found = axes.marks.iter().map(|(mark, _)| entry_of(mark, &entries));
        let expected = [Some(1), Some(0), Some(2), Some(2), None, None];
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
}
