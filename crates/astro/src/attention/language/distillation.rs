//! Hidden neurons fitted to what an encoder's layers do.

use super::layer::{Layer, LayerPass, Way};
use super::neurons::{HeadInputs, HeadPass};
use super::schedule::scheduled;
use super::teacher::{Lesson, Teacher};
use super::{Encoder, HeadNeurons, LanguageError};
use crate::attention::Qkv;
use crate::numerics::adam::{Adam, AdamParams};
use nalgebra::DMatrix;
use rand::{Rng, RngExt};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Fits the hidden neurons of all circuits at once, the encoder frozen, by the gradient of
///
/// ```text
/// L = Σ_l |x_l − x_l*|² / |x_l*|² + λ (1 − e·e*)
/// ```
///
/// over sequences: x_l the tokens after layer l, on the circuits' own activity from the first layer on, e their embedding; with
/// an asterisk, those of the softmax model. Adam; the step rises over the first tenth and falls linearly to 0. What is found
/// are synapses of hidden neurons, which a circuit could have; how they are found, through the layers above, is not how a
/// circuit would find them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distillation {
    /// Changes of the neurons.
    pub steps: usize,
    /// Sequences per change, drawn at random.
    pub batch: usize,
    /// Largest step of Adam, in units of U and e.
    pub rate: f64,
    /// λ.
    pub embedding: f64,
}

/// One layer of a sequence, with circuits.
struct Step {
    inputs: Vec<HeadInputs>,
    heads: Vec<HeadPass>,
    attended: DMatrix<f32>,
    rest: LayerPass,
}

impl Distillation {
    /// Moves the neurons; `progress` hears the number of changes made and the loss at the last, and says whether to go on.
    ///
    /// * `neurons`: layer by layer, head by head, none where softmax attends
    ///
    /// # Errors
    /// [`AttentionError::NoCalcium`](crate::attention::AttentionError) or
    /// [`AttentionError::NotFinite`](crate::attention::AttentionError) if neurons or activity grow beyond all bounds.
    pub fn run<E: From<LanguageError>>(
        &self,
        encoder: &Encoder,
        teacher: &Teacher,
        neurons: &mut [Vec<Option<HeadNeurons>>],
        rng: &mut (impl Rng + ?Sized),
        mut progress: impl FnMut(usize, f64) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut theta = Vec::new();
        for head in neurons.iter().flatten().flatten() {
            head.save(&mut theta);
        }
        let mut adam = Adam::new(AdamParams::with_rate(1.0), theta.len());
        for step in 0..self.steps {
            let lessons: Vec<&Lesson> = (0..self.batch)
                .map(|_| &teacher.sequences[rng.random_range(0..teacher.sequences.len())])
                .collect();
            let made: Vec<(f64, Vec<f32>)> = lessons
                .par_iter()
                .map(|lesson| self.gradient(encoder, neurons, lesson, theta.len()))
                .collect::<Result<_, _>>()?;
            let share = 1.0 / self.batch as f32;
            let mut gradient = vec![0.0; theta.len()];
            let mut loss = 0.0;
            for (of_one, change) in made {
                loss += of_one / self.batch as f64;
                for (sum, change) in gradient.iter_mut().zip(change) {
                    *sum += share * change;
                }
            }
            adam.set_rate(scheduled(self.rate, step, self.steps));
            let moved = adam.par_step(&mut theta, &gradient);
            moved.map_err(LanguageError::from)?;
            let mut rest = theta.as_slice();
            for head in neurons.iter_mut().flatten().flatten() {
                let (numbers, others) = rest.split_at(head.len());
                head.load(numbers);
                rest = others;
            }
            progress(step + 1, loss)?;
        }
        Ok(())
    }

    /// L of one sequence, and ∂L with respect to all neurons, `len` numbers.
    fn gradient(
        &self,
        encoder: &Encoder,
        neurons: &[Vec<Option<HeadNeurons>>],
        lesson: &Lesson,
        len: usize,
    ) -> Result<(f64, Vec<f32>), LanguageError> {
        let mut x = lesson.states[0].clone();
        let mut steps: Vec<Step> = Vec::with_capacity(encoder.layers());
        let mut loss = 0.0;
        let mut pulls = Vec::with_capacity(encoder.layers());
        let targets = lesson.states[1..].iter();
        for ((layer, heads), target) in encoder.layers.iter().zip(neurons).zip(targets) {
            let qkv = encoder.project(layer, &x)?;
            let step = Step::forward(layer, heads, &qkv, &x)?;
            x = step.rest.output.clone();
            let size = target.norm_squared().max(f32::MIN_POSITIVE);
            let off = &x - target;
            loss += f64::from(off.norm_squared() / size);
            pulls.push(off * (2.0 / size));
            steps.push(step);
        }
        let embedding = encoder.embedding(&x);
        let pairs = embedding.iter().zip(&lesson.embedding);
        let cosine: f32 = pairs.map(|(a, b)| a * b).sum();
        loss += self.embedding * (1.0 - f64::from(cosine));
        let towards: Vec<f32> = lesson
            .embedding
            .iter()
            .map(|e| -e * self.embedding as f32)
            .collect();
        let mut d_x = encoder.pull_back_embedding(&x, &towards);
        let mut learnt = vec![0.0; len];
        let mut end = len;
        for (number, step) in steps.iter().enumerate().rev() {
            let (layer, heads) = (&encoder.layers[number], &neurons[number]);
            d_x += &pulls[number];
            let here: usize = heads.iter().flatten().map(HeadNeurons::len).sum();
            let learnt = &mut learnt[end - here..end];
            end -= here;
            d_x = step.pull_back(layer, heads, &d_x, learnt)?;
        }
        Ok((loss, learnt))
    }
}

impl Step {
    fn forward(
        layer: &Layer,
        neurons: &[Option<HeadNeurons>],
        qkv: &Qkv<f32>,
        x: &DMatrix<f32>,
    ) -> Result<Self, LanguageError> {
        let d = qkv.head_dim();
        let mut attended = DMatrix::zeros(x.nrows(), x.ncols());
        let (mut all, mut heads) = (Vec::new(), Vec::new());
        for (head, neurons) in neurons.iter().enumerate() {
            let inputs = HeadInputs::of(qkv, head);
            let (output, pass) = HeadPass::forward(neurons.as_ref(), &inputs)?;
            attended.rows_mut(head * d, d).copy_from(&output);
            all.push(inputs);
            heads.push(pass);
        }
        let rest = LayerPass::forward(layer, x, &attended, Way::ForthAndBack)?;
        Ok(Self {
            inputs: all,
            heads,
            attended,
            rest,
        })
    }

    /// ∂L/∂x from ∂L/∂output.
    fn pull_back(
        &self,
        layer: &Layer,
        neurons: &[Option<HeadNeurons>],
        d_output: &DMatrix<f32>,
        mut learnt: &mut [f32],
    ) -> Result<DMatrix<f32>, LanguageError> {
        let Some([d_attended, mut d_x]) = self.rest.pull_back(layer, d_output)? else {
            unreachable!("the way back was asked for")
        };
        let d = d_x.nrows() / neurons.len();
        let n = d_x.ncols();
        let zeros = || DMatrix::zeros(d_x.nrows(), n);
        let (mut d_query, mut d_key, mut d_value) = (zeros(), zeros(), zeros());
        for (head, neurons) in neurons.iter().enumerate() {
            let len = neurons.as_ref().map_or(0, HeadNeurons::len);
            let (here, others) = learnt.split_at_mut(len);
            learnt = others;
            let both = [&self.attended, &d_attended].map(|all| all.view((head * d, 0), (d, n)));
            let pass = &self.heads[head];
            let made = pass.pull_back(neurons.as_ref(), &self.inputs[head], both, here)?;
            d_query.rows_mut(head * d, d).copy_from(&made.query);
            d_key.rows_mut(head * d, d).copy_from(&made.key);
            d_value.rows_mut(head * d, d).copy_from(&made.value);
        }
        layer.query.pull_back(&d_query, &mut d_x)?;
        layer.key.pull_back(&d_key, &mut d_x)?;
        layer.value.pull_back(&d_value, &mut d_x)?;
        Ok(d_x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attention::{FeatureKind, FeatureMap};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Along the gradient, and along a random direction, the loss changes as the gradient says.
    #[test]
    fn the_gradient_matches_finite_differences() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let encoder = Encoder::open(&root.join("tests/attention/language/tiny")).unwrap();
        let teacher = Teacher::new(&encoder, &[vec![2, 30, 41, 52, 7, 63, 74, 3]]).unwrap();
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        let mut draw = || {
            let kind = FeatureKind::PositiveOrthogonal;
            let map = FeatureMap::<f32>::draw(kind, 8, 5, rng).unwrap();
            Some(HeadNeurons::of(&map).unwrap())
        };
        // A head of softmax attention below circuits, so that all ways back are gone.
        let mut neurons = vec![vec![draw(), None], vec![draw(), draw()]];
        let rule = Distillation {
            steps: 1,
            batch: 1,
            rate: 0.1,
            embedding: 2.0,
        };
        let lesson = &teacher.sequences[0];
        let mut theta = Vec::new();
        for head in neurons.iter().flatten().flatten() {
            head.save(&mut theta);
        }
        let (_, gradient) = rule
            .gradient(&encoder, &neurons, lesson, theta.len())
            .unwrap();
        let size = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
        let along: Vec<f32> = gradient.iter().map(|g| g / size).collect();
        let wave = (0..theta.len()).map(|i| (i as f32 * 1.7).sin() / (theta.len() as f32).sqrt());
        for direction in [along, wave.collect()] {
            let mut at = |step: f32| {
                let moved: Vec<f32> = theta
                    .iter()
                    .zip(&direction)
                    .map(|(x, d)| x + step * d)
                    .collect();
                let mut rest = moved.as_slice();
                for head in neurons.iter_mut().flatten().flatten() {
                    let (numbers, others) = rest.split_at(head.len());
                    head.load(numbers);
                    rest = others;
                }
                rule.gradient(&encoder, &neurons, lesson, theta.len())
                    .unwrap()
                    .0
            };
            let measured = (at(0.02) - at(-0.02)) / 0.04;
            let pairs = gradient.iter().zip(&direction);
            let computed = f64::from(pairs.map(|(g, d)| g * d).sum::<f32>());
            let allowed = 0.01 * f64::from(size);
            assert!(
                (measured - computed).abs() < allowed,
                "{measured} {computed}"
            );
        }
    }
}
