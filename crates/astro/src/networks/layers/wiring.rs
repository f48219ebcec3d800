//! Who feeds whom in a gather, slide or spread layer.

/// The three astrocyte layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// n → n − 2 features.
    Gather,
    /// n → n features.
    Slide,
    /// n → n + 2 features.
    Spread,
}

/// How the layers connect and what their bias does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wiring {
    /// As the program behind the talk computes it: slide and gather are rings, gather is a slide that
    /// never reads its last two inputs, and the bias is a gain on the running sum.
    Published,
    /// As the talk draws it: a line of astrocytes, every one reading the (up to three) cells in front of it,
    /// every input read, the bias added.
    Lattice,
}

impl Kind {
    /// Number of outputs for this number of inputs. A gather has at least one.
    pub fn outputs(self, inputs: usize) -> usize {
        match self {
            Self::Gather => inputs.saturating_sub(2).max(1),
            Self::Slide => inputs,
            Self::Spread => inputs + 2,
        }
    }

    /// For every output the inputs that feed it, in the order in which they are added.
    ///
    /// ```text
    ///              published                                     lattice
    /// gather       inputs n = 0 … N−1 feed (n−1, n, n+1) mod N   output o reads o, o+1, o+2
    /// slide        the same                                      output o reads o−1, o, o+1
    /// spread       input n feeds n, n+1, n+2                     the same
    /// ```
    ///
    /// N is the number of outputs; what lies outside the line is not read, and on small rings an input
    /// feeds an output once.
    pub fn sources(self, wiring: Wiring, inputs: usize) -> Vec<Vec<usize>> {
        let outputs = self.outputs(inputs);
        match (self, wiring) {
            (Self::Gather | Self::Slide, Wiring::Published) => ring(inputs.min(outputs), outputs),
            (Self::Gather, Wiring::Lattice) => line(inputs, outputs, |o| o..o + 3),
            (Self::Slide, Wiring::Lattice) => line(inputs, outputs, |o| o.saturating_sub(1)..o + 2),
            (Self::Spread, _) => line(inputs, outputs, |o| o.saturating_sub(2)..o + 1),
        }
    }
}

fn line(
    inputs: usize,
    outputs: usize,
    window: impl Fn(usize) -> std::ops::Range<usize>,
) -> Vec<Vec<usize>> {
    (0..outputs)
        .map(|o| window(o).filter(|&n| n < inputs).collect())
        .collect()
}

fn ring(read: usize, outputs: usize) -> Vec<Vec<usize>> {
    let mut sources = vec![Vec::new(); outputs];
    for n in 0..read {
        let mut fed = [(n + outputs - 1) % outputs, n, (n + 1) % outputs];
        fed.sort_unstable();
        for (i, &o) in fed.iter().enumerate() {
            if i == 0 || fed[i - 1] != o {
                sources[o].push(n);
            }
        }
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    #[test]
    fn the_published_gather_leaves_two_inputs_unread_and_wraps() {
        let sources = Kind::Gather.sources(Wiring::Published, 20);
        assert_eq!(sources.len(), 18);
        assert_eq!(sources[0], [0, 1, 17]);
        assert_eq!(sources[17], [0, 16, 17]);
        assert!(sources.iter().flatten().all(|&n| n < 18));
    }

    #[test]
    fn the_lattice_gather_draws_three_neighbours_together() {
        let sources = Kind::Gather.sources(Wiring::Lattice, 20);
        assert_eq!(sources[0], [0, 1, 2]);
        assert_eq!(sources[17], [17, 18, 19]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(13), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn lattice_layers_read_every_input_from_neighbours_only(
            kind in prop_oneof![Just(Kind::Gather), Just(Kind::Slide), Just(Kind::Spread)],
            inputs in 1_usize..60,
        ) {
            let sources = kind.sources(Wiring::Lattice, inputs);
            prop_assert_eq!(sources.len(), kind.outputs(inputs));
            for n in 0..inputs {
                prop_assert!(sources.iter().flatten().any(|&read| read == n), "{} unread", n);
            }
            for row in &sources {
                prop_assert!((1..=3).contains(&row.len()));
                prop_assert!(row.windows(2).all(|pair| pair[1] == pair[0] + 1));
            }
        }
    }
}
