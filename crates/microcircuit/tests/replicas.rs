//! Replicas in lanes against one [`PyraLNet`] each.

use microcircuit::{
    Activation, Compartment, InputForm, Integrator, Microcircuit, NetworkParams, Params, Pattern,
    PerLayer, PyraLNet, Real, ReplicaError, Replicas, Simd, Start, Synapse, Tuning, Weights,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Short patterns of a small network.
fn base() -> NetworkParams {
    NetworkParams {
        dims: vec![2, 3, 2],
        eta_up: PerLayer(vec![0.5, 0.2]),
        eta_ip: PerLayer(vec![0.3]),
        t_pattern_ms: 12.0,
        out_lag_ms: 7.0,
        learning_lag_ms: 3.0,
        ..NetworkParams::yin_yang()
    }
}

fn weights<T: Real>(params: &Params, n: usize) -> Vec<Weights<T>> {
    (0..n as u64)
        .map(|seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            Weights::draw(params, || rng.random())
        })
        .collect()
}

/// Largest difference of `a` and `b`, relative to numbers above 1.
fn difference<T: Real>(a: impl IntoIterator<Item = T>, b: impl IntoIterator<Item = T>) -> f64 {
    let scaled = |(a, b): (T, T)| (a.to_f64() - b.to_f64()).abs() / b.to_f64().abs().max(1.0);
    a.into_iter().zip(b).map(scaled).fold(0.0, f64::max)
}

/// Presents different patterns to `n` replicas and to as many single networks, and compares all there is.
fn same<T: Real>(raw: NetworkParams, n: usize, simd: Simd, tolerance: f64) {
    let params = raw.check().expect("valid");
    let weights = weights::<T>(&params, n);
    let mut replicas = Replicas::build(params.clone(), &weights, simd).expect("fits");
    let tuning = Tuning {
        input: InputForm::Plain,
        ..Tuning::default()
    };
    let single = |w| PyraLNet::build(params.clone(), w, tuning, None).expect("fits");
    let mut singles: Vec<_> = weights.iter().map(single).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(99);
    let mut random = |n: usize| -> Vec<f64> { (0..n).map(|_| rng.random()).collect() };
    let (inputs, outputs) = (params.dim(0), params.dim(params.n_hidden() + 1));
    for round in 0..8 {
        let samples: Vec<_> = (0..n).map(|_| (random(inputs), random(outputs))).collect();
        let show = |(input, target)| Pattern {
            nudge: round % 3 != 2,
            learn: round % 4 != 3,
            ..Pattern::train(input, target)
        };
        let patterns: Vec<_> = samples.iter().map(|(i, t)| show((i, t))).collect();
        if round == 5 {
            replicas.reset();
            singles.iter_mut().for_each(Microcircuit::reset);
        }
        let outputs = replicas.present(&patterns).expect("stable").to_vec();
        let mut worst = 0.0_f64;
        for (replica, single) in singles.iter_mut().enumerate() {
            let output = single.present(&patterns[replica], &mut ()).expect("stable");
            worst = worst.max(difference(outputs[replica].clone(), output.to_vec()));
            let now = single.weights();
            let ours = replicas.weights(replica).expect("exists");
            for (layer, synapse) in params.synapses() {
                let [a, b] = [&ours, &now].map(|w| w.get(layer, synapse).expect("exists").clone());
                worst = worst.max(difference(a.iter().copied(), b.iter().copied()));
                let deltas = [
                    replicas.delta(replica, layer, synapse),
                    single.delta(layer, synapse),
                ];
                match deltas {
                    [Some(a), Some(b)] => {
                        worst = worst.max(difference(a.iter().copied(), b.iter().copied()));
                    }
                    [a, b] => assert_eq!((a, b), (None, None), "{synapse:?} of layer {layer}"),
                }
            }
            for layer in 1..=params.n_hidden() + 1 {
                for compartment in [Compartment::Soma, Compartment::InnSoma] {
                    let ours = replicas.potential(replica, layer, compartment);
                    let theirs = single.potential(layer, compartment);
                    assert_eq!(ours.is_some(), theirs.is_some());
                    let [a, b] = [ours, theirs].map(Option::unwrap_or_default);
                    worst = worst.max(difference(a, b));
                }
            }
        }
        assert!(
            worst <= tolerance,
            "{worst:e} in round {round} of {:?}",
            params.raw()
        );
    }
}

/// On every vector unit, in both precisions, with a last block that is not full.
fn same_everywhere(raw: &NetworkParams) {
    for simd in [Simd::Best, Simd::Avx2, Simd::Portable] {
        same::<f64>(raw.clone(), 11, simd, 1e-12);
        same::<f32>(raw.clone(), 19, simd, 5e-6);
    }
}

#[test]
fn every_replica_is_a_network_of_its_own() {
    same_everywhere(&base());
    same_everywhere(&NetworkParams {
        bias_rate: None,
        ..base()
    });
}

#[test]
fn soft_relu_from_a_random_start_with_all_synapses_plastic() {
    same_everywhere(&NetworkParams {
        activation: Activation::SoftRelu,
        start: Start::Random,
        eta_pi: PerLayer(vec![0.1]),
        ..base()
    });
}

#[test]
fn two_hidden_layers_whose_deltas_are_zeroed() {
    same_everywhere(&NetworkParams {
        dims: vec![3, 7, 4, 2],
        eta_up: PerLayer(vec![0.5, 0.3, 0.2]),
        eta_pi: PerLayer(vec![0.0, 0.1]),
        reset_deltas: true,
        learning_lag_ms: 0.0,
        ..base()
    });
}

#[test]
fn wide_networks_too() {
    same::<f64>(
        NetworkParams {
            dims: vec![4, 40, 3],
            ..base()
        },
        9,
        Simd::Best,
        1e-12,
    );
}

#[test]
fn a_replica_does_not_depend_on_its_neighbours() {
    let params = base().check().expect("valid");
    let weights = weights::<f32>(&params, 5);
    let mut all = Replicas::new(params.clone(), &weights).expect("fits");
    let mut one = Replicas::new(params, &weights[3..4]).expect("fits");
    let input: Vec<[f64; 2]> = (0..5).map(|i| [0.2 * f64::from(i), 0.5]).collect();
    let patterns: Vec<_> = input
        .iter()
        .map(|x| Pattern::train(x, &[1.0, 0.1]))
        .collect();
    let ours = all.present(&patterns).expect("stable")[3].clone();
    assert_eq!(ours, one.present(&patterns[3..4]).expect("stable")[0]);
    assert_eq!(all.weights(3), one.weights(0));
}

#[test]
fn what_cannot_be_done_is_said() {
    let params = |raw: NetworkParams| raw.check().expect("valid");
    let good = params(base());
    let w = weights::<f32>(&good, 2);
    let error = |p: Params, w: &[Weights<f32>]| Replicas::new(p, w).err().expect("an error");
    assert_eq!(error(good.clone(), &[]), ReplicaError::Empty);
    let adaptive = NetworkParams {
        integrator: Integrator::Adaptive,
        ..base()
    };
    assert_eq!(error(params(adaptive), &w), ReplicaError::Adaptive);
    let noisy = NetworkParams {
        noise: 0.1,
        ..base()
    };
    let says = error(params(noisy), &w).to_string();
    assert!(says.contains("network.noise = 0.1"), "{says}");
    let other = NetworkParams {
        dims: vec![2, 4, 2],
        ..base()
    };
    let says = error(params(other), &w).to_string();
    assert!(
        says.starts_with("replica 0: weights up_1 are 3 x 3"),
        "{says}"
    );

    let mut replicas = Replicas::new(good, &w).expect("fits");
    assert_eq!(replicas.weights(2), None);
    assert_eq!(replicas.potential(2, 1, Compartment::Soma), None);
    assert_eq!(replicas.delta(2, 1, Synapse::Up), None);
    let missing = ReplicaError::Missing { replica: 2, len: 2 };
    assert_eq!(replicas.set_weights(2, &w[0]), Err(missing));
    let pattern = Pattern::train(&[0.1, 0.2], &[0.0, 1.0]);
    let count = ReplicaError::Count {
        found: 1,
        expected: 2,
    };
    assert_eq!(replicas.present(&[pattern]), Err(count));
    let frozen = Pattern {
        learn: false,
        ..pattern
    };
    let mixed = ReplicaError::Mixed { replica: 1 };
    assert_eq!(replicas.present(&[pattern, frozen]), Err(mixed));
    let long = Pattern::train(&[0.1, 0.2, 0.3], &[0.0, 1.0]);
    let says = replicas.present(&[pattern, long]).expect_err("too long");
    let says = says.to_string();
    assert_eq!(
        says,
        "replica 1: the pattern has 3 inputs: the network takes 2"
    );
}

#[test]
fn a_replica_that_diverges_is_named_and_leaves_the_others_alone() {
    let params = base().check().expect("valid");
    let mut weights = weights::<f32>(&params, 3);
    weights[1].hidden[0].up.fill(1e9);
    let mut replicas = Replicas::new(params, &weights).expect("fits");
    let pattern = Pattern::train(&[0.1, 0.2], &[0.0, 1.0]);
    let error = replicas.present(&[pattern; 3]).expect_err("diverges");
    assert!(
        matches!(error, ReplicaError::Present { replica: 1, .. }),
        "{error}"
    );
    let sound = |replica| {
        replicas
            .potential(replica, 2, Compartment::Soma)
            .expect("exists")
    };
    assert!(
        [0, 2]
            .iter()
            .all(|i| sound(*i).iter().all(|u| u.abs() < 10.0))
    );
}
