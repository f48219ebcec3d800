//! Networks in files: safetensors, with the names and layout that PyTorch programs use.
//!
//! Weights are \[output, input\], row by row, f32. An astrocyte layer is written as the whole matrix that the published program
//! keeps, 0 outside the band, so that its networks and ours read each other's files.

use std::path::Path;

use super::error::NetworkError;
use super::network::Network;
use crate::numerics::tensors::{Named, TensorFile, write};

impl Network {
    /// Writes `<position>.weight` and `<position>.bias` of every layer that has values, and notes about the file.
    ///
    /// # Errors
    ///
    /// [`NetworkError::File`] if the file cannot be written.
    pub fn save(&self, path: &Path, notes: &[(&str, &str)]) -> Result<(), NetworkError> {
        let mut tensors = Vec::new();
        for (position, layer) in self.layers().iter().enumerate() {
            let theta = &self.theta()[self.range(position)];
            let named = |(name, shape, data)| Named {
                name: format!("{position}.{name}"),
                shape,
                data,
            };
            tensors.extend(layer.tensors(theta)?.into_iter().map(named));
        }
        Ok(write(path, &tensors, notes)?)
    }

    /// Reads what [`Network::save`] wrote into a network of the same layers.
    ///
    /// # Errors
    ///
    /// [`NetworkError::File`], naming the file and the tensor.
    pub fn load(&mut self, path: &Path) -> Result<(), NetworkError> {
        let file = TensorFile::open(path)?;
        let mut theta = Vec::with_capacity(self.theta().len());
        for (position, layer) in self.layers().iter().enumerate() {
            theta.extend(layer.read_tensors(&mut |name, shape| {
                file.singles(
                    &format!("{position}.{name}"),
                    shape,
                    "as the network's layers say",
                )
            })?);
        }
        self.theta_mut().copy_from_slice(&theta);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::networks::classifier::{AstrocyteClassifier, neuron_classifier};
    use crate::networks::layers::Wiring;
    use crate::numerics::random::Streams;

    #[test]
    fn networks_come_back_as_they_were() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("network.safetensors");
        for empty in [
            AstrocyteClassifier::talk(Wiring::Published)
                .build()
                .unwrap(),
            neuron_classifier(&[20, 30, 10]).unwrap(),
        ] {
            let network = empty.clone().initialised(&mut Streams::new(1).weights);
            network.save(&path, &[("made by", "a test")]).unwrap();
            let mut read = empty;
            read.load(&path).unwrap();
            assert_eq!(network.theta(), read.theta());
        }
    }
}
