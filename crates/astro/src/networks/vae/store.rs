//! Autoencoders in files: safetensors, under the published program's names.

use std::path::Path;

use nalgebra::DMatrix;

use super::model::{Vae, VaeSizes};
use crate::networks::error::NetworkError;
use crate::numerics::tensors::{Named, TensorError, TensorFile, write};

impl Vae {
    /// Writes the autoencoder as fc1, fc21 (μ), fc22 (ln σ²), fc3, fc4, each with `.weight` \[output, input\] and `.bias`, and
    /// notes about the file.
    ///
    /// # Errors
    ///
    /// [`NetworkError::File`] if the file cannot be written.
    pub fn save(&self, path: &Path, notes: &[(&str, &str)]) -> Result<(), NetworkError> {
        let mut tensors = Vec::new();
        for (name, weight, bias) in self.parts() {
            tensors.push(Named {
                name: format!("{name}.weight"),
                shape: vec![weight.nrows(), weight.ncols()],
                data: weight.transpose().data.into(),
            });
            tensors.push(Named {
                name: format!("{name}.bias"),
                shape: vec![bias.len()],
                data: bias.data.into(),
            });
        }
        Ok(write(path, &tensors, notes)?)
    }

    /// Reads an autoencoder of these widths.
    ///
    /// # Errors
    ///
    /// [`NetworkError::File`], naming the file and the tensor.
    pub fn load(path: &Path, sizes: VaeSizes) -> Result<Self, NetworkError> {
        let file = TensorFile::open(path)?;
        let VaeSizes {
            pixels,
            hidden,
            latents,
        } = sizes;
        let why = "as the autoencoder's widths say";
        let read = |name: &str, outputs, inputs| {
            let weight = file.singles(&format!("{name}.weight"), &[outputs, inputs], why)?;
            let bias = file.singles(&format!("{name}.bias"), &[outputs], why)?;
            Ok::<_, TensorError>((weight, bias))
        };
        // The rows of both heads are one below the other in θ.
        let (mut heads, mut heads_bias) = read("fc21", latents, hidden)?;
        let (log_variance, log_variance_bias) = read("fc22", latents, hidden)?;
        heads.extend(log_variance);
        heads_bias.extend(log_variance_bias);
        let mut theta = Vec::new();
        for ((outputs, inputs), (weight, bias)) in sizes.shapes().into_iter().zip([
            read("fc1", hidden, pixels)?,
            (heads, heads_bias),
            read("fc3", hidden, latents)?,
            read("fc4", pixels, hidden)?,
        ]) {
            theta.extend(DMatrix::from_row_slice(outputs, inputs, &weight).iter());
            theta.extend(bias);
        }
        Ok(Self::from_theta(sizes, theta)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::classifier::neuron_classifier;
    use crate::numerics::random::Streams;

    #[test]
    fn autoencoders_come_back_as_they_were() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("vae.safetensors");
        let sizes = VaeSizes {
            pixels: 12,
            hidden: 8,
            latents: 3,
        };
        let vae = Vae::draw(sizes, &mut Streams::new(1).weights).unwrap();
        vae.save(&path, &[]).unwrap();
        assert_eq!(vae.theta(), Vae::load(&path, sizes).unwrap().theta());
    }

    #[test]
    fn what_is_missing_or_misshapen_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("vae.safetensors");
        let sizes = VaeSizes {
            pixels: 12,
            hidden: 8,
            latents: 3,
        };
        Vae::draw(sizes, &mut Streams::new(1).weights)
            .unwrap()
            .save(&path, &[])
            .unwrap();
        let mut network = neuron_classifier(&[20, 10]).unwrap();
        let missing = network.load(&path).unwrap_err().to_string();
        assert!(
            missing.contains("no tensor `0.weight`") && missing.contains("fc21.bias"),
            "{missing}"
        );
        let other = Vae::load(
            &path,
            VaeSizes {
                latents: 4,
                ..sizes
            },
        )
        .unwrap_err()
        .to_string();
        assert!(
            other.contains("`fc21.weight` has shape [3, 8]; expected [4, 8]"),
            "{other}"
        );
        let absent = Vae::load(&directory.path().join("none.safetensors"), sizes)
            .unwrap_err()
            .to_string();
        assert!(
            absent.contains("none.safetensors: No such file"),
            "{absent}"
        );
    }
}
