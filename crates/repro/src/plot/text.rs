//! Text with a light markup: `*u*` italic, `x_{0}` or `x_0` subscript, `10^{−3}` superscript,
//! `**a**` bold, `\\*` a star itself. Widths come from the bundled font.

use super::font::Face;

/// Name of the bundled font, and what to use where the SVG's own copy is not understood.
pub(super) const FAMILY: &str = "DejaVu Sans Condensed, DejaVu Sans, Helvetica, Arial, sans-serif";

/// Breaks text between words into lines no wider than `width`. Markup may not reach across a space.
pub(super) fn wrap(text: &str, size: f64, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if layout(&format!("{line} {word}"), size).width <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Text in which nothing is markup.
pub fn literal(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if "\\*_^".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A stretch of text in one face, size and height.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) face: Face,
    pub(super) size: f64,
    /// How far above the baseline of the line.
    pub(super) rise: f64,
    /// Distance from the start of the line.
    pub(super) x: f64,
}

/// A line of text, laid out.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) spans: Vec<Span>,
    pub(super) width: f64,
    /// Its letters, without any layout.
    pub(super) plain: String,
}

/// Lays out a line at this size.
pub(super) fn layout(markup: &str, size: f64) -> Line {
    let mut line = Line::default();
    let mut face = Face::Regular;
    let mut plain = String::new();
    let mut chars = markup.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' => {
                line.push(&mut plain, face, size, 0.0);
                let bold = chars.next_if_eq(&'*').is_some();
                face = match (face, bold) {
                    (Face::Regular, true) => Face::Bold,
                    (Face::Regular, false) => Face::Italic,
                    _ => Face::Regular,
                };
            }
            '_' | '^' => {
                line.push(&mut plain, face, size, 0.0);
                let mut script = String::new();
                if chars.next_if_eq(&'{').is_some() {
                    script.extend(chars.by_ref().take_while(|&c| c != '}'));
                } else {
                    script.extend(chars.next());
                }
                let rise = if c == '_' { -0.18 } else { 0.38 } * size;
                line.push(&mut script, Face::Regular, 0.72 * size, rise);
            }
            '\\' => plain.extend(chars.next()),
            c => plain.push(c),
        }
    }
    line.push(&mut plain, face, size, 0.0);
    line
}

impl Line {
    fn push(&mut self, text: &mut String, face: Face, size: f64, rise: f64) {
        if text.is_empty() {
            return;
        }
        let text = std::mem::take(text);
        self.plain += &text;
        // An SVG viewer drops spaces at the start of a text: they become distance.
        let shown = text.trim_start();
        let spaces = face.width(&text[..text.len() - shown.len()], size);
        if !shown.is_empty() {
            self.spans.push(Span {
                text: shown.to_owned(),
                face,
                size,
                rise,
                x: self.width + spaces,
            });
        }
        self.width += face.width(&text, size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_spans() {
        let line = layout("*τ*_{w} / ms", 10.0);
        let shown: Vec<_> = line
            .spans
            .iter()
            .map(|s| (s.text.as_str(), s.face, s.rise < 0.0))
            .collect();
        assert_eq!(
            shown,
            [
                ("τ", Face::Italic, false),
                ("w", Face::Regular, true),
                ("/ ms", Face::Regular, false)
            ]
        );
        assert!(line.spans.windows(2).all(|w| w[0].x < w[1].x));
    }

    #[test]
    fn literal_text_is_shown_as_it_is() {
        let text = "network.g_a = 2*3^4 \\ 5";
        let line = layout(&literal(text), 10.0);
        assert_eq!(line.spans.len(), 1);
        assert_eq!(line.spans[0].text, text);
    }

    #[test]
    fn long_text_is_broken_between_words() {
        let text = "a quick profile of *n* − 1 words";
        let half = 0.6 * layout(text, 10.0).width;
        let lines = wrap(text, 10.0, half);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines.join(" "), text);
        assert!(lines.iter().all(|line| layout(line, 10.0).width <= half));
        assert!(wrap("", 10.0, half).is_empty());
    }
}
