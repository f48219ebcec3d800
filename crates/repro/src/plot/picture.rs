//! Pictures in grey levels.

use anyhow::Result;

/// Pixels, line by line from the top: 0 is black.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Pixels of a line.
    pub width: usize,
    /// As many grey levels as there are pixels.
    pub levels: Vec<u8>,
}

impl Picture {
    /// Lines.
    pub(super) fn height(&self) -> usize {
        self.levels.len() / self.width.max(1)
    }

    /// As a PNG file.
    pub(super) fn png(&self) -> Result<Vec<u8>> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width as u32, self.height() as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        encoder.write_header()?.write_image_data(&self.levels)?;
        Ok(file)
    }
}
