//! Colours that colour-blind readers can tell apart.

/// A colour with opacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Color {
    red: u8,
    green: u8,
    blue: u8,
    opacity: f64,
}

impl Color {
    /// Text, frames, reference data.
    pub const BLACK: Self = Self::rgb(0, 0, 0);
    /// Text in small type.
    pub const NOTE: Self = Self::rgb(89, 89, 89);
    /// Secondary information: 4.5 : 1 on white.
    pub const GREY: Self = Self::rgb(118, 118, 118);
    /// Published values behind our own: 3 : 1 on white.
    pub const LIGHT: Self = Self::rgb(148, 148, 148);
    /// Background of boxes and labels.
    pub const WHITE: Self = Self::rgb(255, 255, 255);

    /// An opaque colour.
    pub const fn rgb(red: u8, green: u8, blue: u8) -> Self {
        Self {
            red,
            green,
            blue,
            opacity: 1.0,
        }
    }

    /// The same colour with this opacity, 0 to 1.
    pub const fn opacity(self, opacity: f64) -> Self {
        Self { opacity, ..self }
    }

    /// Mixed with white: 0 is the colour itself, 1 is white. Unlike opacity it does not show what
    /// lies behind.
    pub fn lighter(self, t: f64) -> Self {
        let mix = |c: u8| (f64::from(c) + (255.0 - f64::from(c)) * t).round() as u8;
        Self {
            red: mix(self.red),
            green: mix(self.green),
            blue: mix(self.blue),
            ..self
        }
    }

    /// Mixed with black: 0 is the colour itself, 1 is black.
    pub fn darker(self, t: f64) -> Self {
        let mix = |c: u8| (f64::from(c) * (1.0 - t)).round() as u8;
        Self {
            red: mix(self.red),
            green: mix(self.green),
            blue: mix(self.blue),
            ..self
        }
    }

    /// Red, green and blue.
    pub(super) fn bytes(self) -> [u8; 3] {
        [self.red, self.green, self.blue]
    }

    /// The same, 0 to 1.
    pub(super) fn parts(self) -> [f32; 3] {
        self.bytes().map(|c| f32::from(c) / 255.0)
    }

    /// As an SVG names it, but for the opacity.
    pub(super) fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }

    pub(super) fn alpha(self) -> f64 {
        self.opacity
    }

    pub(super) fn is_opaque(self) -> bool {
        self.opacity >= 1.0
    }

    /// Whether both are the same colour, more or less mixed with white or transparent. Greys have no hue.
    pub(super) fn has_hue_of(self, other: Self) -> bool {
        let ink = |c: Self| [c.red, c.green, c.blue].map(|part| 255.0 - f64::from(part));
        let (a, b) = (ink(self), ink(other));
        let dot = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let likeness = |a, b| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
        likeness(a, b) > 0.9995 && likeness(a, [1.0; 3]) < 0.99
    }

    pub(super) fn skia(self) -> tiny_skia::Color {
        let opacity = (255.0 * self.opacity).round() as u8;
        tiny_skia::Color::from_rgba8(self.red, self.green, self.blue, opacity)
    }
}

/// The series colours, in order of use: Okabe & Ito's palette without black and yellow.
pub const SERIES: [Color; 6] = [
    Color::rgb(0, 114, 178),
    Color::rgb(213, 94, 0),
    Color::rgb(0, 158, 115),
    Color::rgb(204, 121, 167),
    Color::rgb(230, 159, 0),
    Color::rgb(86, 180, 233),
];

/// A perceptually ordered scale from dark blue (0) to yellow (1): viridis by its quintiles.
pub fn gradient(t: f64) -> Color {
    const STOPS: [[f64; 3]; 6] = [
        [68.0, 1.0, 84.0],
        [65.0, 68.0, 135.0],
        [42.0, 120.0, 142.0],
        [34.0, 168.0, 132.0],
        [122.0, 209.0, 81.0],
        [253.0, 231.0, 37.0],
    ];
    let position = t.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let i = (position as usize).min(STOPS.len() - 2);
    let f = position - i as f64;
    let mix = |c: usize| (STOPS[i][c] + (STOPS[i + 1][c] - STOPS[i][c]) * f).round() as u8;
    Color::rgb(mix(0), mix(1), mix(2))
}
