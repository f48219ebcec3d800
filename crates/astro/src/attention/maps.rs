//! Feature maps of the heads of a layer.

use super::{AttentionError, FeatureMap, Real};

/// The hidden neurons' input synapses of all heads of a layer: the same in every head, or each head's own.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadMaps<T>(Vec<FeatureMap<T>>);

impl<T: Real> HeadMaps<T> {
    /// A map for each head, in their order.
    ///
    /// # Errors
    /// [`AttentionError::Size`] if there is none, or they differ in d or m.
    pub fn each(maps: Vec<FeatureMap<T>>) -> Result<Self, AttentionError> {
        let Some(first) = maps.first() else {
            return Err(AttentionError::Size {
                what: "feature maps",
                found: 0,
                expected: 1,
                why: "one a head",
            });
        };
        for map in &maps {
            let why = "as in the first head";
            AttentionError::size("feature map", map.head_dim(), first.head_dim(), why)?;
            AttentionError::size("hidden neurons", map.hidden(), first.hidden(), why)?;
        }
        Ok(Self(maps))
    }

    /// The map of a head.
    pub fn of(&self, head: usize) -> &FeatureMap<T> {
        match self.0.as_slice() {
            [shared] => shared,
            each => &each[head],
        }
    }

    /// Dimension d of a head's queries and keys.
    pub fn head_dim(&self) -> usize {
        self.of(0).head_dim()
    }

    /// Number m of hidden neurons of a head.
    pub fn hidden(&self) -> usize {
        self.of(0).hidden()
    }

    /// That these are maps for so many heads.
    pub(super) fn check(&self, heads: usize) -> Result<(), AttentionError> {
        match self.0.len() {
            1 => Ok(()),
            count => AttentionError::size("feature maps", count, heads, "one a head"),
        }
    }
}

/// All heads share it.
impl<T: Real> From<FeatureMap<T>> for HeadMaps<T> {
    fn from(map: FeatureMap<T>) -> Self {
        Self(vec![map])
    }
}
