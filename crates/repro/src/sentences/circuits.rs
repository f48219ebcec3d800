//! Hidden neurons of an encoder's heads: drawn, and fitted if that is asked for.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use astro::attention::language::{Distillation, Encoder, HeadNeurons, Imitation, Teacher};
use astro::attention::{FeatureKind, FeatureMap, HeadTokens, Pairs, Spread, SpreadKind};
use astro::numerics::random::Streams;

/// How hidden neurons are made.
#[derive(Clone, Debug)]
pub(crate) struct Fitting {
    pub(crate) features: FeatureKind,
    pub(crate) spread: SpreadKind,
    pub(crate) pairs: Pairs,
    pub(crate) imitation: Imitation,
    pub(crate) distillation: Distillation,
}

/// What hidden neurons are fitted to: queries and keys of some sequences, and the softmax model on all.
pub(crate) struct Presented {
    pub(crate) tokens: Arc<Vec<Vec<HeadTokens>>>,
    pub(crate) teacher: Option<Arc<Teacher>>,
}

/// Which heads are replaced.
#[derive(Clone, Debug, Default)]
pub(crate) struct Select(Vec<(usize, Option<usize>)>);

impl std::str::FromStr for Select {
    type Err = anyhow::Error;

    /// `all`, or layers and heads from 1, such as `2,3.1,3.12`.
    fn from_str(text: &str) -> Result<Self> {
        if text == "all" {
            return Ok(Self::default());
        }
        let number = |text: &str| match text.parse::<usize>() {
            Ok(number) if number > 0 => Ok(number - 1),
            _ => bail!("{text:?} is no number from 1 on"),
        };
        let one = |part: &str| match part.split_once('.') {
            Some((layer, head)) => Ok((number(layer)?, Some(number(head)?))),
            None => Ok((number(part)?, None)),
        };
        let parts: Result<_> = text.split(',').map(one).collect();
        Ok(Self(parts.context(
            "say all, or layers and heads such as 2,3.1,3.12",
        )?))
    }
}

impl Select {
    /// Whether a head is replaced.
    fn takes(&self, layer: usize, head: usize) -> bool {
        let is_it = |&(l, h): &(usize, Option<usize>)| l == layer && h.is_none_or(|h| h == head);
        self.0.is_empty() || self.0.iter().any(is_it)
    }

    /// Refuses heads that there are not.
    pub(crate) fn check(&self, encoder: &Encoder) -> Result<()> {
        for &(layer, head) in &self.0 {
            let there = layer < encoder.layers() && head.is_none_or(|h| h < encoder.heads());
            let head = head.map_or(String::new(), |head| format!(".{}", head + 1));
            ensure!(
                there,
                "there is no {}{head}: the encoder has {} layers of {} heads",
                layer + 1,
                encoder.layers(),
                encoder.heads()
            );
        }
        Ok(())
    }
}

impl Presented {
    /// * `sequences`: to which neurons are fitted
    /// * `drawn_for`: so many of them say how widely neurons are drawn
    pub(crate) fn new(
        encoder: &Encoder,
        sequences: &[Vec<u32>],
        drawn_for: usize,
        teaches: bool,
    ) -> Result<Self> {
        let some = &sequences[..drawn_for.min(sequences.len())];
        let teacher = teaches
            .then(|| Teacher::new(encoder, sequences))
            .transpose()?;
        Ok(Self {
            tokens: Arc::new(encoder.head_tokens(some)?),
            teacher: teacher.map(Arc::new),
        })
    }
}

impl Fitting {
    /// Whether anything is fitted beyond the draw.
    pub(crate) fn learns(&self) -> bool {
        self.imitation.steps + self.distillation.steps > 0
    }

    /// Draws the neurons of one head.
    pub(crate) fn draw(
        &self,
        tokens: &HeadTokens,
        m: usize,
        streams: &mut Streams,
    ) -> Result<HeadNeurons> {
        let spread = match self.spread {
            SpreadKind::Unit => Spread::unit(tokens.dim()),
            kind => Spread::best(kind, &tokens.moment(self.pairs))?,
        };
        let map = FeatureMap::<f64>::draw_spread(self.features, &spread, m, &mut streams.layers)?;
        Ok(HeadNeurons::of(&map)?)
    }

    /// Neurons for the heads that are replaced, layer by layer; `at` hears the share done.
    pub(crate) fn neurons<E>(
        &self,
        encoder: &Encoder,
        presented: &Presented,
        select: &Select,
        m: usize,
        streams: &mut Streams,
        at: &dyn Fn(f64) -> Result<(), E>,
    ) -> Result<Vec<Vec<Option<HeadNeurons>>>>
    where
        anyhow::Error: From<E>,
    {
        let mut neurons = Vec::new();
        for (layer, heads) in presented.tokens.iter().enumerate() {
            let mut drawn = Vec::new();
            for (head, tokens) in heads.iter().enumerate() {
                let made = select.takes(layer, head);
                drawn.push(made.then(|| self.draw(tokens, m, streams)).transpose()?);
            }
            neurons.push(drawn);
        }
        let Some(teacher) = &presented.teacher else {
            return Ok(neurons);
        };
        let first = match self.distillation.steps {
            0 => 1.0,
            _ => 0.5,
        };
        if self.imitation.steps > 0 {
            let layers = encoder.layers() as f64;
            let heard = |done: usize| Ok(at(first * done as f64 / layers)?);
            let order = &mut streams.order;
            self.imitation
                .run::<anyhow::Error>(encoder, teacher, &mut neurons, order, heard)?;
        }
        if self.distillation.steps > 0 {
            let steps = self.distillation.steps as f64;
            let heard = |done: usize, _: f64| Ok(at(first + (1.0 - first) * done as f64 / steps)?);
            let order = &mut streams.order;
            self.distillation
                .run::<anyhow::Error>(encoder, teacher, &mut neurons, order, heard)?;
        }
        Ok(neurons)
    }
}
