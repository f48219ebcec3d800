//! One number per layer, written as a list or, where all are the same, as a single number.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One value per layer, from the input side; a single value stands for all layers.
#[derive(Clone, Debug, PartialEq)]
pub struct PerLayer(pub Vec<f64>);

impl PerLayer {
    /// The values of `n` layers, or `None` if there are neither 1 nor `n`.
    pub fn expand(&self, n: usize) -> Option<Vec<f64>> {
        match self.0.len() {
            len if len == n => Some(self.0.clone()),
            1 => Some(vec![self.0[0]; n]),
            _ => None,
        }
    }
}

impl From<f64> for PerLayer {
    fn from(value: f64) -> Self {
        Self(vec![value])
    }
}

impl Serialize for PerLayer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [single] => serializer.serialize_f64(*single),
            list => list.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for PerLayer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrList)
    }
}

struct NumberOrList;

impl<'de> Visitor<'de> for NumberOrList {
    type Value = PerLayer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or a list of numbers, one per layer")
    }

    fn visit_f64<E>(self, value: f64) -> Result<PerLayer, E> {
        Ok(PerLayer::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<PerLayer, E> {
        Ok(PerLayer::from(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<PerLayer, E> {
        Ok(PerLayer::from(value as f64))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<PerLayer, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(PerLayer(values))
    }
}
