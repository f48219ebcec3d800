//! The neuron–astrocyte circuit: hidden neurons, tripartite synapses, output neurons, and the global signal.

use super::whole::{Place, Whole};
use super::{
    AttentionError, Features, HeadMaps, Mask, Moment, Observer, Phase, Qkv, Real,
    TripartiteSynapses,
};
use nalgebra::DMatrix;

/// A token after the projections W_Q, W_K, W_V, all heads below one another.
#[derive(Debug, Clone, Copy)]
pub struct Token<'a, T> {
    /// q_t, length D.
    pub query: &'a [T],
    /// k_t, length D.
    pub key: &'a [T],
    /// v_t, length E.
    pub value: &'a [T],
}

/// A multi-head neuron–astrocyte circuit. One token at a time, with a state whose size does not depend on the sequence.
///
/// ```text
/// writing: H ← H + (1/m) v φ(k)ᵀ,  g ← g + (1/m) φ(k)      reading: o = x + H φ(q) / (g·φ(q))
/// ```
///
/// (Kozachkov, Kastanenka & Krotov 2023.) Heads have their own synapses and astrocyte, and share the feature map, that
/// is, the input synapses of their m hidden neurons, or have each its own.
#[derive(Debug, Clone)]
pub struct Circuit<T> {
    features: HeadMaps<T>,
    heads: Vec<TripartiteSynapses<T>>,
    value_dim: usize,
    hidden: Features<T>,
    whole: Whole<T>,
    phase: Phase,
    written: usize,
    read: usize,
}

impl<T: Real> Circuit<T> {
    /// A circuit that has not seen anything, in the writing phase.
    ///
    /// * `features`: the map of every head or of each, for queries and keys of its dimension
    /// * `heads`: number H of heads
    /// * `value_dim`: output neurons of one head, E/H
    ///
    /// # Errors
    /// [`AttentionError::Heads`] if there are no heads or no output neurons, [`AttentionError::Size`] if there are maps for
    /// another number of heads.
    pub fn new(
        features: impl Into<HeadMaps<T>>,
        heads: usize,
        value_dim: usize,
    ) -> Result<Self, AttentionError> {
        let features = features.into();
        AttentionError::head_dim("values", heads * value_dim, heads)?;
        features.check(heads)?;
        let m = features.hidden();
        Ok(Self {
            features,
            heads: vec![TripartiteSynapses::new(m, value_dim); heads],
            value_dim,
            hidden: Features::silent(m),
            whole: Whole::new(),
            phase: Phase::Writing,
            written: 0,
            read: 0,
        })
    }

    /// Forgets the sequence; the writing phase begins.
    pub fn reset(&mut self) {
        self.heads.iter_mut().for_each(TripartiteSynapses::reset);
        self.phase = Phase::Writing;
        self.written = 0;
        self.read = 0;
    }

    /// Switches the global signal.
    pub fn set_phase(&mut self, phase: Phase) {
        self.phase = phase;
    }

    /// The global signal.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Tripartite synapses, a head each.
    pub fn heads(&self) -> &[TripartiteSynapses<T>] {
        &self.heads
    }

    /// The hidden neurons' feature maps.
    pub fn features(&self) -> &HeadMaps<T> {
        &self.features
    }

    /// Presents one token under the present [`Phase`].
    ///
    /// While writing, `output` is not touched. While reading, every head adds its modulated synaptic current to its
    /// rows of `output` (length E), which on entry hold the output neurons' direct input: x_t for the residual, zeros
    /// for attention alone.
    ///
    /// # Errors
    /// [`AttentionError::Size`] or [`AttentionError::NotFinite`] if the token does not fit; while reading,
    /// [`AttentionError::NothingWritten`], or [`AttentionError::NoCalcium`] if the features cancel (the heads before the one
    /// named have then been added to `output`).
    pub fn present(
        &mut self,
        token: Token<'_, T>,
        output: &mut [T],
        observer: &mut impl Observer<T>,
    ) -> Result<(), AttentionError> {
        match self.phase {
            Phase::Writing => self.write(token, observer),
            Phase::Reading => self.read(token, output, observer),
        }
    }

    fn write(
        &mut self,
        token: Token<'_, T>,
        observer: &mut impl Observer<T>,
    ) -> Result<(), AttentionError> {
        self.check("key", self.written, token.key, self.features.head_dim())?;
        self.check("value", self.written, token.value, self.value_dim)?;
        let keys = token.key.chunks_exact(self.features.head_dim());
        let values = token.value.chunks_exact(self.value_dim);
        for (head, ((synapses, key), value)) in
            self.heads.iter_mut().zip(keys).zip(values).enumerate()
        {
            self.features.of(head).apply(key, &mut self.hidden);
            synapses.write(&self.hidden, value);
            observer.moment(&Moment {
                phase: Phase::Writing,
                token: self.written,
                head,
                hidden: &self.hidden,
                synapses,
                log_calcium: None,
                output: &[],
            });
        }
        self.written += 1;
        Ok(())
    }

    fn read(
        &mut self,
        token: Token<'_, T>,
        output: &mut [T],
        observer: &mut impl Observer<T>,
    ) -> Result<(), AttentionError> {
        self.check("query", self.read, token.query, self.features.head_dim())?;
        let outputs = self.heads.len() * self.value_dim;
        AttentionError::size(
            "output",
            output.len(),
            outputs,
            "one neuron a value component",
        )?;
        if self.written == 0 {
            return Err(AttentionError::NothingWritten { token: self.read });
        }
        let queries = token.query.chunks_exact(self.features.head_dim());
        let outputs = output.chunks_exact_mut(self.value_dim);
        for (head, ((synapses, query), output)) in
            self.heads.iter_mut().zip(queries).zip(outputs).enumerate()
        {
            self.features.of(head).apply(query, &mut self.hidden);
            let calcium = synapses.read(&self.hidden, output);
            if !(T::one() / calcium.mantissa).is_finite() {
                return Err(AttentionError::NoCalcium {
                    token: self.read,
                    head,
                    calcium: calcium.mantissa.as_f64(),
                });
            }
            observer.moment(&Moment {
                phase: Phase::Reading,
                token: self.read,
                head,
                hidden: &self.hidden,
                synapses,
                log_calcium: Some(calcium.mantissa.as_f64().ln() + calcium.log_gain.as_f64()),
                output,
            });
        }
        self.read += 1;
        Ok(())
    }

    fn check(
        &self,
        what: &'static str,
        token: usize,
        x: &[T],
        head_dim: usize,
    ) -> Result<(), AttentionError> {
        let expected = self.heads.len() * head_dim;
        AttentionError::size(what, x.len(), expected, "heads times dimension of a head")?;
        match x.iter().position(|x| !x.is_finite()) {
            None => Ok(()),
            Some(index) => Err(AttentionError::NotFinite {
                what,
                token,
                index,
                value: x[index].as_f64(),
            }),
        }
    }

    /// Attention over a whole sequence, from a fresh start: the outputs, E × n, without residual.
    ///
    /// [`Mask::Bidirectional`] writes all tokens and then reads all; [`Mask::Causal`] switches the phase after every token.
    ///
    /// # Errors
    /// As [`Circuit::present`].
    pub fn attend<O: Observer<T>>(
        &mut self,
        qkv: &Qkv<T>,
        mask: Mask,
        observer: &mut O,
    ) -> Result<DMatrix<T>, AttentionError> {
        AttentionError::size("heads", qkv.heads(), self.heads.len(), "as the circuit")?;
        self.reset();
        let positive = self.features.of(0).kind().is_positive();
        if mask == Mask::Bidirectional && positive && !O::WATCHES {
            return self.attend_unwatched(qkv);
        }
        let mut outputs = DMatrix::zeros(qkv.value().nrows(), qkv.tokens());
        let (reads, writes) = (qkv.query().nrows(), qkv.value().nrows());
        for (phase, t) in mask.presentations(qkv.tokens()) {
            let token = Token {
                query: &qkv.query().as_slice()[t * reads..][..reads],
                key: &qkv.key().as_slice()[t * reads..][..reads],
                value: &qkv.value().as_slice()[t * writes..][..writes],
            };
            self.set_phase(phase);
            let output = &mut outputs.as_mut_slice()[t * writes..][..writes];
            self.present(token, output, observer)?;
        }
        Ok(outputs)
    }

    /// Writes and reads head by head.
    fn attend_unwatched(&mut self, qkv: &Qkv<T>) -> Result<DMatrix<T>, AttentionError> {
        let (d, e) = (self.features.head_dim(), self.value_dim);
        let why = "heads times dimension of a head";
        AttentionError::size("key", qkv.key().nrows(), self.heads.len() * d, why)?;
        AttentionError::size("value", qkv.value().nrows(), self.heads.len() * e, why)?;
        let mut outputs = DMatrix::zeros(qkv.value().nrows(), qkv.tokens());
        let all = [qkv.query(), qkv.key(), qkv.value()];
        for (head, synapses) in self.heads.iter_mut().enumerate() {
            let place = Place {
                query: head * d,
                value: head * e,
                outputs: e,
            };
            let map = self.features.of(head);
            let done = self.whole.attend(map, all, place, synapses, &mut outputs);
            done.map_err(|(token, calcium)| AttentionError::NoCalcium {
                token,
                head,
                calcium: calcium.as_f64(),
            })?;
        }
        self.phase = Phase::Reading;
        self.written = qkv.tokens();
        self.read = qkv.tokens();
        Ok(outputs)
    }
}
