//! Attention layers of published models, and tokens for them, from files.
//!
//! [`load_projections`] finds the query, key and value projections of a published attention layer by their tensors' names,
//! so that its attention can be put to the circuit.

use super::{Affine, Projections};
use crate::numerics::tensors::{TensorError, TensorFile};
use nalgebra::{DMatrix, DVector};

/// Names of a layer's tensors, in PyTorch's layout: weights `[out, in]`, biases `[out]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProjectionNames<'a> {
    /// Weight of the query projection.
    pub query: &'a str,
    /// Weight of the key projection.
    pub key: &'a str,
    /// Weight of the value projection.
    pub value: &'a str,
    /// Bias of the query projection, if the model has one.
    pub query_bias: Option<&'a str>,
    /// Bias of the key projection, if the model has one.
    pub key_bias: Option<&'a str>,
    /// Bias of the value projection, if the model has one.
    pub value_bias: Option<&'a str>,
}

/// Reads the projections of a layer with `heads` heads.
///
/// # Errors
/// [`TensorError`] names the tensor, the shape found and the shape that would have fitted.
pub fn load_projections(
    file: &TensorFile,
    names: ProjectionNames<'_>,
    heads: usize,
) -> Result<Projections<f64>, TensorError> {
    let split = |name: &str, weight: &DMatrix<f64>| {
        if heads > 0 && weight.nrows() > 0 && weight.nrows().is_multiple_of(heads) {
            return Ok(());
        }
        let expected = format!("[out, in] with out a multiple of the {heads} heads");
        Err(shape_error(
            file,
            name,
            vec![weight.nrows(), weight.ncols()],
            expected,
        ))
    };
    let query = weight(file, names.query, None)?;
    split(names.query, &query)?;
    let (outputs, inputs) = query.shape();
    let as_query = format!(
        "[{outputs}, {inputs}], as the query projection `{}`",
        names.query
    );
    let key = weight(file, names.key, Some(&as_query))?;
    if key.shape() != query.shape() {
        return Err(shape_error(
            file,
            names.key,
            vec![key.nrows(), key.ncols()],
            as_query,
        ));
    }
    let as_input = format!(
        "[out, {inputs}], with the input of the query projection `{}`",
        names.query
    );
    let value = weight(file, names.value, Some(&as_input))?;
    if value.ncols() != inputs {
        return Err(shape_error(
            file,
            names.value,
            vec![value.nrows(), value.ncols()],
            as_input,
        ));
    }
    split(names.value, &value)?;
    let affine = |weight: DMatrix<f64>, bias_name: Option<&str>, weight_name: &str| {
        let bias = bias_name
            .map(|name| bias(file, name, weight.nrows(), weight_name))
            .transpose()?;
        Ok::<_, TensorError>(Affine { weight, bias })
    };
    let projections = Projections::new(
        affine(query, names.query_bias, names.query)?,
        affine(key, names.key_bias, names.key)?,
        affine(value, names.value_bias, names.value)?,
        heads,
    );
    projections.map_err(|error| TensorError::Format {
        path: file.path().to_owned(),
        kind: "projection",
        reason: error.to_string(),
    })
}

/// Reads token embeddings, [n, D] with a token a row, of dimension `dim`; returned D × n, a token a column.
///
/// Axes of extent 1 in front (a batch of one) are dropped. Without `name` the file must hold exactly one tensor.
///
/// # Errors
/// [`TensorError`] names the tensor, the shape found and the shape that would have fitted.
pub fn load_tokens(
    file: &TensorFile,
    name: Option<&str>,
    dim: usize,
) -> Result<DMatrix<f64>, TensorError> {
    let (name, tensor) = file.tensor_or_only(name)?;
    match tensor.matrix() {
        Some(tokens) if tokens.ncols() == dim && tokens.nrows() > 0 => Ok(tokens.transpose()),
        _ => {
            let expected =
                format!("[tokens, {dim}], at least one token of the projections' input dimension");
            Err(shape_error(file, &name, tensor.shape, expected))
        }
    }
}

/// Reads a non-empty matrix; `expected` is what to ask for instead of anything else.
fn weight(
    file: &TensorFile,
    name: &str,
    expected: Option<&str>,
) -> Result<DMatrix<f64>, TensorError> {
    let tensor = file.tensor(name)?;
    match tensor.matrix() {
        Some(matrix) if tensor.shape.len() == 2 && !matrix.is_empty() => Ok(matrix),
        _ => {
            let expected = expected.unwrap_or("a matrix [out, in]").to_owned();
            Err(shape_error(file, name, tensor.shape, expected))
        }
    }
}

fn bias(
    file: &TensorFile,
    name: &str,
    outputs: usize,
    weight_name: &str,
) -> Result<DVector<f64>, TensorError> {
    let why = format!("one entry an output of `{weight_name}`");
    file.of_shape(name, &[outputs], &why).map(DVector::from_vec)
}

fn shape_error(file: &TensorFile, name: &str, found: Vec<usize>, expected: String) -> TensorError {
    TensorError::Shape {
        path: file.path().to_owned(),
        tensor: name.to_owned(),
        found,
        expected,
    }
}
