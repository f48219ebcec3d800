//! Networks in files: safetensors, with the names and layout that PyTorch programs use.
//!
//! Weights are \[output, input\], row by row, f32. An astrocyte layer is written as the whole matrix that the published program
//! keeps, 0 outside the band, so that its networks and ours read each other's files.

use std::collections::HashMap;
use std::path::Path;

use nalgebra::{DMatrix, DVector};
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};

use crate::error::Error;
use crate::layers::Layer;
use crate::network::Network;
use crate::vae::{Vae, VaeSizes};

impl Network {
    /// Writes `<position>.weight` and `<position>.bias` of every layer that has values, and notes about the file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be written.
    pub fn save(&self, path: &Path, notes: &[(&str, &str)]) -> Result<(), Error> {
        let mut tensors = Tensors::default();
        for (position, layer) in self.layers().iter().enumerate() {
            let theta = &self.theta()[self.range(position)];
            match layer {
                Layer::Band(band) => {
                    let (weight, bias) = band.spell_out(theta)?;
                    tensors.push_matrix(format!("{position}.weight"), &weight);
                    if band.has_bias() {
                        tensors.push_vector(format!("{position}.bias"), &bias);
                    }
                }
                &Layer::Dense { inputs, outputs } => {
                    let (weight, bias) = theta.split_at(inputs * outputs);
                    tensors.push_matrix(
                        format!("{position}.weight"),
                        &DMatrix::from_column_slice(outputs, inputs, weight),
                    );
                    tensors.push_vector(
                        format!("{position}.bias"),
                        &DVector::from_column_slice(bias),
                    );
                }
                _ => {}
            }
        }
        tensors.write(path, notes)
    }

    /// Reads what [`Network::save`] wrote into a network of the same layers.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], [`Error::Format`], [`Error::MissingTensor`] or [`Error::Tensor`], each naming the file.
    pub fn load(&mut self, path: &Path) -> Result<(), Error> {
        let file = File::read(path)?;
        let tensors = file.tensors()?;
        let mut theta = Vec::with_capacity(self.theta().len());
        for (position, layer) in self.layers().iter().enumerate() {
            let shape = (layer.outputs(), layer.inputs());
            let (weight, bias) = (format!("{position}.weight"), format!("{position}.bias"));
            match layer {
                Layer::Band(band) => {
                    let weight = file.matrix(&tensors, &weight, shape)?;
                    let bias = if band.has_bias() {
                        file.vector(&tensors, &bias, shape.0)?
                    } else {
                        vec![]
                    };
                    theta.extend(band.pick(&weight, &bias)?);
                }
                Layer::Dense { .. } => {
                    theta.extend(file.matrix(&tensors, &weight, shape)?.iter());
                    theta.extend(file.vector(&tensors, &bias, shape.0)?);
                }
                _ => {}
            }
        }
        self.theta_mut().copy_from_slice(&theta);
        Ok(())
    }
}

impl Vae {
    /// Writes the autoencoder under the published program's names: fc1, fc21 (μ), fc22 (ln σ²), fc3, fc4, each with `.weight` and
    /// `.bias`, and notes about the file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be written.
    pub fn save(&self, path: &Path, notes: &[(&str, &str)]) -> Result<(), Error> {
        let mut tensors = Tensors::default();
        for (name, weight, bias) in self.parts() {
            tensors.push_matrix(format!("{name}.weight"), &weight);
            tensors.push_vector(format!("{name}.bias"), &bias);
        }
        tensors.write(path, notes)
    }

    /// Reads an autoencoder of these widths.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], [`Error::Format`], [`Error::MissingTensor`] or [`Error::Tensor`], each naming the file.
    pub fn load(path: &Path, sizes: VaeSizes) -> Result<Self, Error> {
        let file = File::read(path)?;
        let tensors = file.tensors()?;
        let VaeSizes {
            pixels,
            hidden,
            latents,
        } = sizes;
        let read = |name: &str, outputs, inputs| {
            let weight = file.matrix(&tensors, &format!("{name}.weight"), (outputs, inputs))?;
            let bias = file.vector(&tensors, &format!("{name}.bias"), outputs)?;
            Ok::<_, Error>((weight, bias))
        };
        let (mean, mean_bias) = read("fc21", latents, hidden)?;
        let (log_variance, log_variance_bias) = read("fc22", latents, hidden)?;
        let heads = DMatrix::from_fn(2 * latents, hidden, |i, j| {
            if i < latents {
                mean[(i, j)]
            } else {
                log_variance[(i - latents, j)]
            }
        });
        let mut theta = Vec::new();
        for (weight, bias) in [
            read("fc1", hidden, pixels)?,
            (heads, [mean_bias, log_variance_bias].concat()),
            read("fc3", hidden, latents)?,
            read("fc4", pixels, hidden)?,
        ] {
            theta.extend(weight.iter());
            theta.extend(bias);
        }
        Self::from_theta(sizes, theta)
    }
}

/// Tensors on their way to a file.
#[derive(Default)]
struct Tensors(Vec<(String, Vec<usize>, Vec<u8>)>);

impl Tensors {
    fn push_matrix(&mut self, name: String, matrix: &DMatrix<f32>) {
        let bytes = matrix
            .transpose()
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        self.0
            .push((name, vec![matrix.nrows(), matrix.ncols()], bytes));
    }

    fn push_vector(&mut self, name: String, vector: &DVector<f32>) {
        let bytes = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.0.push((name, vec![vector.len()], bytes));
    }

    fn write(&self, path: &Path, notes: &[(&str, &str)]) -> Result<(), Error> {
        let views = self.0.iter().map(|(name, shape, bytes)| {
            TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (name, view))
        });
        let format = |source| Error::Format {
            path: path.display().to_string(),
            source,
        };
        let views = views.collect::<Result<Vec<_>, _>>().map_err(format)?;
        let notes: HashMap<_, _> = notes
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let bytes = serialize(views, Some(notes)).map_err(format)?;
        std::fs::write(path, bytes).map_err(|source| Error::Io {
            path: path.display().to_string(),
            source,
        })
    }
}

/// A file's bytes, and its name for the errors.
struct File {
    path: String,
    bytes: Vec<u8>,
}

impl File {
    fn read(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        match std::fs::read(path) {
            Ok(bytes) => Ok(Self { path: name, bytes }),
            Err(source) => Err(Error::Io { path: name, source }),
        }
    }

    fn tensors(&self) -> Result<SafeTensors<'_>, Error> {
        SafeTensors::deserialize(&self.bytes).map_err(|source| Error::Format {
            path: self.path.clone(),
            source,
        })
    }

    fn values(
        &self,
        tensors: &SafeTensors<'_>,
        name: &str,
        shape: &[usize],
    ) -> Result<Vec<f32>, Error> {
        let Ok(tensor) = tensors.tensor(name) else {
            let mut present = tensors.names();
            present.sort_unstable();
            return Err(Error::MissingTensor {
                path: self.path.clone(),
                name: name.to_owned(),
                present: present.join(", "),
            });
        };
        if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
            return Err(Error::Tensor {
                path: self.path.clone(),
                name: name.to_owned(),
                expected: format!("F32 {shape:?}"),
                found: format!("{:?} {:?}", tensor.dtype(), tensor.shape()),
            });
        }
        Ok(tensor
            .data()
            .as_chunks()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect())
    }

    fn matrix(
        &self,
        tensors: &SafeTensors<'_>,
        name: &str,
        (rows, columns): (usize, usize),
    ) -> Result<DMatrix<f32>, Error> {
        let values = self.values(tensors, name, &[rows, columns])?;
        Ok(DMatrix::from_row_slice(rows, columns, &values))
    }

    fn vector(&self, tensors: &SafeTensors<'_>, name: &str, len: usize) -> Result<Vec<f32>, Error> {
        self.values(tensors, name, &[len])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classifier::{AstrocyteClassifier, neuron_classifier};
    use crate::layers::Wiring;
    use crate::random::Streams;

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
            missing.contains("no tensor named 0.weight") && missing.contains("fc21.bias"),
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
            other.contains("fc21.weight is F32 [3, 8], the network needs F32 [4, 8]"),
            "{other}"
        );
        let absent = Vae::load(&directory.path().join("none"), sizes)
            .unwrap_err()
            .to_string();
        assert!(absent.contains("none: No such file"), "{absent}");
    }
}
