//! Gather, slide and spread: linear layers of at most three weights per output, stored and computed
//! as that band, O(n) in the number of features.

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use super::band_kernel::{BackwardInput, BackwardWeights, Forward, Sparse};
use super::layer::{Gradients, Layer, LayerTensor, Pass, Passed, ReadTensor};
use super::wiring::{Kind, Wiring};
use crate::numerics::NumericsError;
use crate::numerics::random::fill_uniform;
use crate::numerics::tensors::TensorError;

/// Half-width of the uniform distribution that initial weights and biases come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Initial {
    /// 1/√S for S inputs, as the published program draws them, although only three inputs reach an output.
    #[default]
    Published,
    /// 1/√3: counts the inputs that reach an output.
    Neighbours,
    /// 1 for the weights, which keeps the variance of a signal through any number of layers, and 1/√3 for the biases.
    Preserving,
}

/// One astrocyte layer's structure. Its values live in a flat slice `theta`: the weights, output by output in the order of
/// [`Band::sources`], then the biases, if it has any.
///
/// ```text
/// published   y_o = (…((w₁x₁)(1+b) + w₂x₂)(1+b) + … + w_K x_K)(1+b) = Σ_k w_k (1+b_o)^(K−k+1) x_k
/// lattice     y_o = Σ_k w_k x_k + b_o
/// ```
///
/// The published bias multiplies the running sum each time an input has been added, so it is a gain whose power
/// depends on the order of the inputs. Either way the layer is linear in x, with coefficients
/// c_ok = w_ok (1+b_o)^p, p = K−k+1, or c_ok = w_ok; gradients follow from
///
/// ```text
/// G_ok = Σ_samples ∂L/∂y_o x_k,   ∂L/∂w_ok = G_ok (1+b_o)^p,   ∂L/∂b_o = Σ_k G_ok w_ok p (1+b_o)^(p−1)
/// ```
///
/// Matrices are \[sample, feature\].
#[derive(Clone, Debug)]
pub struct Band {
    kind: Kind,
    wiring: Wiring,
    bias: bool,
    initial: Initial,
    inputs: usize,
    rows: Sparse,
    columns: Sparse,
}

impl Band {
    /// A layer of this kind and wiring on `inputs` features, with or without bias.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Range`] if there are no inputs.
    pub fn new(
        kind: Kind,
        wiring: Wiring,
        inputs: usize,
        bias: bool,
    ) -> Result<Self, NumericsError> {
        if inputs == 0 {
            return Err(NumericsError::Range {
                what: "inputs of an astrocyte layer",
                value: 0.0,
                range: "at least 1",
            });
        }
        let sources = kind.sources(wiring, inputs);
        let mut position = 0;
        let mut fed = vec![Vec::new(); inputs];
        let mut rows = Vec::with_capacity(sources.len());
        for (output, row) in sources.into_iter().enumerate() {
            let mut entries = Vec::with_capacity(row.len());
            for input in row {
                entries.push((input, position));
                fed[input].push((output, position));
                position += 1;
            }
            rows.push(entries);
        }
        Ok(Self {
            kind,
            wiring,
            bias,
            initial: Initial::Published,
            inputs,
            rows: Sparse::new(rows.into_iter()),
            columns: Sparse::new(fed.into_iter()),
        })
    }

    /// The same layer with initial values drawn from another width.
    #[must_use]
    pub fn with_initial(self, initial: Initial) -> Self {
        Self { initial, ..self }
    }

    /// Gather, slide or spread.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Published or lattice.
    pub fn wiring(&self) -> Wiring {
        self.wiring
    }

    /// Whether the layer has biases.
    pub fn has_bias(&self) -> bool {
        self.bias
    }

    /// The inputs of one output, in the order in which they are added.
    pub fn sources(&self, output: usize) -> impl Iterator<Item = usize> {
        self.rows.row(output).iter().map(|&(input, _)| input)
    }

    /// The values of this layer taken from a whole weight matrix \[output, input\] (entries outside the band
    /// are ignored) and, if it has one, its bias.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Shape`] or [`NumericsError::Length`] if they are not of this layer's size.
    pub fn pick(&self, weight: &DMatrix<f32>, bias: &[f32]) -> Result<Vec<f32>, NumericsError> {
        NumericsError::check_shape(
            "the weight of an astrocyte layer",
            weight.shape(),
            (self.outputs(), self.inputs),
        )?;
        let biases = if self.bias { self.outputs() } else { 0 };
        NumericsError::check_length("the bias of an astrocyte layer", bias.len(), biases)?;
        let entry = |o| self.rows.row(o).iter().map(move |&(n, _)| weight[(o, n)]);
        Ok((0..self.outputs())
            .flat_map(entry)
            .chain(bias.iter().copied())
            .collect())
    }

    /// The opposite of [`Band::pick`]: the whole weight matrix, 0 outside the band, and the bias.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Length`] if `theta` is not of this layer's size.
    pub fn spell_out(&self, theta: &[f32]) -> Result<(DMatrix<f32>, DVector<f32>), NumericsError> {
        let (weights, bias) = self.split(theta)?;
        Ok((self.place(weights), DVector::from_column_slice(bias)))
    }

    /// The matrix C \[output, input\] with y = C x (plus the bias, in the lattice wiring).
    ///
    /// # Errors
    ///
    /// [`NumericsError::Length`] if `theta` is not of this layer's size.
    pub fn matrix(&self, theta: &[f32]) -> Result<DMatrix<f32>, NumericsError> {
        let (weights, bias) = self.split(theta)?;
        Ok(self.place(&self.coefficients(weights, bias)))
    }

    fn place(&self, values: &[f32]) -> DMatrix<f32> {
        let mut matrix = DMatrix::zeros(self.outputs(), self.inputs);
        for output in 0..self.outputs() {
            for &(input, position) in self.rows.row(output) {
                matrix[(output, input)] = values[position];
            }
        }
        matrix
    }

    /// Half-widths of the initial weights and of the initial biases.
    fn initial_widths(&self) -> (f32, f32) {
        let three = 1.0 / 3.0_f32.sqrt();
        match self.initial {
            Initial::Published => {
                let width = 1.0 / (self.inputs as f32).sqrt();
                (width, width)
            }
            Initial::Neighbours => (three, three),
            Initial::Preserving => (1.0, three),
        }
    }

    fn adds_bias(&self) -> bool {
        self.bias && self.wiring == Wiring::Lattice
    }

    fn split<'a>(&self, theta: &'a [f32]) -> Result<(&'a [f32], &'a [f32]), NumericsError> {
        NumericsError::check_length(
            "the values of an astrocyte layer",
            theta.len(),
            self.values(),
        )?;
        Ok(theta.split_at(self.connections()))
    }

    /// c_ok.
    fn coefficients(&self, weights: &[f32], bias: &[f32]) -> Vec<f32> {
        let mut coefficients = weights.to_vec();
        if !self.adds_bias() {
            for (output, b) in bias.iter().enumerate() {
                let mut gain = 1.0;
                for &(_, position) in self.rows.row(output).iter().rev() {
                    gain *= 1.0 + b;
                    coefficients[position] *= gain;
                }
            }
        }
        coefficients
    }

    /// Turns G into the gradients of weights and gains.
    fn gain_gradient(
        &self,
        weights: &[f32],
        bias: &[f32],
        grad_weights: &mut [f32],
        grad_bias: &mut [f32],
    ) {
        for (output, (b, grad_b)) in bias.iter().zip(grad_bias).enumerate() {
            let (mut gain, mut power) = (1.0, 1.0);
            *grad_b = 0.0;
            for &(_, position) in self.rows.row(output).iter().rev() {
                let g = grad_weights[position];
                *grad_b += g * weights[position] * power * gain;
                gain *= 1.0 + b;
                power += 1.0;
                grad_weights[position] = g * gain;
            }
        }
    }
}

impl Layer for Band {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Gather => "gather",
            Kind::Slide => "slide",
            Kind::Spread => "spread",
        }
    }

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn outputs(&self) -> usize {
        self.rows.len()
    }

    fn values(&self) -> usize {
        let biases = if self.bias { self.outputs() } else { 0 };
        self.connections() + biases
    }

    fn connections(&self) -> usize {
        self.rows.n_entries()
    }

    fn initialise(&self, theta: &mut [f32], rng: &mut dyn Rng) {
        let (weight, bias) = self.initial_widths();
        let (weights, biases) = theta.split_at_mut(self.connections());
        fill_uniform(rng, weight, weights);
        fill_uniform(rng, bias, biases);
    }

    fn forward(
        &self,
        theta: &[f32],
        x: &DMatrix<f32>,
        y: &mut DMatrix<f32>,
        _: Pass<'_>,
    ) -> Result<(), NumericsError> {
        let (weights, bias) = self.split(theta)?;
        NumericsError::check_shape(
            "the input of an astrocyte layer",
            x.shape(),
            (x.nrows(), self.inputs),
        )?;
        NumericsError::check_shape(
            "the output of an astrocyte layer",
            y.shape(),
            (x.nrows(), self.outputs()),
        )?;
        vecmath::run(Forward {
            samples: x.nrows(),
            rows: &self.rows,
            coefficients: &self.coefficients(weights, bias),
            offsets: if self.adds_bias() { bias } else { &[] },
            x: x.as_slice(),
            y: y.as_mut_slice(),
        });
        Ok(())
    }

    fn backward(
        &self,
        theta: &[f32],
        Passed { x, .. }: Passed<'_>,
        grad: Gradients<'_>,
    ) -> Result<(), NumericsError> {
        let (weights, bias) = self.split(theta)?;
        NumericsError::check_length(
            "the gradient of an astrocyte layer",
            grad.theta.len(),
            theta.len(),
        )?;
        let samples = x.nrows();
        NumericsError::check_shape(
            "the input of an astrocyte layer",
            x.shape(),
            (samples, self.inputs),
        )?;
        NumericsError::check_shape(
            "the gradient of the layer's output",
            grad.y.shape(),
            (samples, self.outputs()),
        )?;
        NumericsError::check_shape(
            "the gradient of the layer's input",
            grad.x.shape(),
            (samples, self.inputs),
        )?;
        vecmath::run(BackwardInput {
            samples,
            columns: &self.columns,
            coefficients: &self.coefficients(weights, bias),
            grad_y: grad.y.as_slice(),
            grad_x: grad.x.as_mut_slice(),
        });
        let (grad_weights, grad_bias) = grad.theta.split_at_mut(weights.len());
        vecmath::run(BackwardWeights {
            samples,
            rows: &self.rows,
            x: x.as_slice(),
            grad_y: grad.y.as_slice(),
            grad_weights,
            grad_bias: if self.adds_bias() {
                &mut *grad_bias
            } else {
                &mut []
            },
        });
        if self.bias && !self.adds_bias() {
            self.gain_gradient(weights, bias, grad_weights, grad_bias);
        }
        Ok(())
    }

    /// The whole weight matrix, 0 outside the band, as the published program keeps it.
    fn tensors(&self, theta: &[f32]) -> Result<Vec<LayerTensor>, NumericsError> {
        let (weight, bias) = self.spell_out(theta)?;
        let shape = vec![self.outputs(), self.inputs];
        let mut tensors = vec![("weight", shape, weight.transpose().data.into())];
        if self.bias {
            tensors.push(("bias", vec![self.outputs()], bias.data.into()));
        }
        Ok(tensors)
    }

    fn read_tensors(&self, read: &mut ReadTensor<'_>) -> Result<Vec<f32>, TensorError> {
        let weight = read("weight", &[self.outputs(), self.inputs])?;
        let row = |o| {
            self.rows
                .row(o)
                .iter()
                .map(move |&(n, _)| o * self.inputs + n)
        };
        let mut theta: Vec<f32> = (0..self.outputs())
            .flat_map(row)
            .map(|at| weight[at])
            .collect();
        if self.bias {
            theta.extend(read("bias", &[self.outputs()])?);
        }
        Ok(theta)
    }
}
