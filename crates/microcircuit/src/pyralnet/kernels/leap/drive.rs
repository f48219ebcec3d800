//! What the rates of a hidden layer drive at the end of a leap, and the changes of those weights.

use super::weigh::{add, splat, vectors};
use crate::Real;
use crate::kernels::rows::{Products, store_sums};
use crate::pyralnet::state::layer::Layer;
use crate::pyralnet::state::low_rank::{CAPACITY, LowRank};
use crate::pyralnet::state::moments::{LeapWeights, Moments};
use crate::pyralnet::state::nodes::LayerNodes;
use pulp::{Simd, WithSimd};

/// Drives of a layer's targets at the end; compiled once, and not for every activation function.
pub(super) struct Drive<'a, T: Real> {
    pub(super) learn: bool,
    pub(super) layer: &'a mut Layer<T>,
    pub(super) nodes: &'a mut LayerNodes<T>,
    pub(super) moments: &'a Moments,
    pub(super) weights: &'a LeapWeights,
}

impl<T: Real> WithSimd for Drive<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self {
            learn,
            layer,
            nodes,
            moments,
            weights,
        } = self;
        if !(learn && layer.forward.is_plastic()) {
            layer.forward.run(s, false);
            nodes.drive.end_mut().copy_from_slice(layer.forward.drive());
            return;
        }
        if nodes.changes.is_full() {
            apply::<T, S>(s, layer, &mut nodes.changes);
        }
        let changes = &mut nodes.changes;
        let lanes = T::vectors::<S>(&nodes.above).len();
        let [sum, power] = splat::<T, S, 2>(s, [moments.sum, moments.power]);
        changes.push(layer.forward.rate());
        let places = changes.last();
        let of_w = T::vectors_mut::<S>(&mut changes.of_w);
        let of_p = T::vectors_mut::<S>(&mut changes.of_p);
        for j in 0..changes.len * lanes {
            of_w[j] = T::fma(s, sum, of_p[j], of_w[j]);
            of_p[j] = T::v_mul(s, power, of_p[j]);
        }
        let (past, _) = nodes.error.parts();
        let [e0, e1, e2] = vectors::<T, S>(past);
        for b in 0..4 {
            let [of_weight, of_change] = &weights.of_products;
            let to_w = splat::<T, S, 3>(s, [of_weight[0][b], of_weight[1][b], of_weight[2][b]]);
            let to_p = splat::<T, S, 3>(s, [of_change[0][b], of_change[1][b], of_change[2][b]]);
            for lane in 0..lanes {
                let (j, errors) = (places[b] * lanes + lane, [e0[lane], e1[lane], e2[lane]]);
                of_w[j] = add::<T, S, 3>(s, of_w[j], to_w, errors);
                of_p[j] = add::<T, S, 3>(s, of_p[j], to_p, errors);
            }
        }
        changes.decay(moments.sum, moments.power);
        layer
            .forward
            .drive_decaying(s, T::from_f64(changes.since.sum));
        let end = T::vectors_mut::<S>(nodes.drive.end_mut());
        let drive = T::vectors::<S>(layer.forward.drive());
        let rate = T::vectors::<S>(layer.forward.rate());
        let rates = T::vectors::<S>(&changes.rates);
        let (of_w, blocks) = (T::vectors::<S>(&changes.of_w), rate.len());
        // Side by side, so that no sum waits for another.
        let mut k = 0;
        while k < changes.len {
            let mut sums = [T::splat(s, T::ZERO); SIDE];
            let rates = &rates[k * blocks..(k + SIDE) * blocks];
            for b in 0..blocks {
                for i in 0..SIDE {
                    sums[i] = T::fma(s, rates[i * blocks + b], rate[b], sums[i]);
                }
            }
            store_sums::<T, S, SIDE>(s, &mut changes.products[k..k + SIDE], sums);
            k += SIDE;
        }
        for lane in 0..lanes {
            let mut sum = drive[lane];
            for k in 0..changes.len {
                let product = T::splat(s, changes.products[k]);
                sum = T::fma(s, of_w[k * lanes + lane], product, sum);
            }
            end[lane] = sum;
        }
    }
}

/// Scalar products that are computed side by side.
const SIDE: usize = 4;

const _: () = assert!(CAPACITY.is_multiple_of(SIDE));

/// Writes what is kept of a layer's changes into its matrices.
#[inline(always)]
pub(super) fn apply<T: Real, S: Simd>(s: S, layer: &mut Layer<T>, changes: &mut LowRank<T>) {
    if changes.len == 0 || !layer.forward.is_plastic() {
        return;
    }
    let products = Products::<T, S> {
        rates: T::vectors::<S>(&changes.rates),
        of_w: &changes.of_w,
        of_p: &changes.of_p,
        stride: changes.targets,
        len: changes.len,
    };
    let decay = (
        T::from_f64(changes.since.sum),
        T::from_f64(changes.since.power),
    );
    layer.forward.apply(s, decay, products);
    changes.applied();
}
