//! Studies of artificial astrocyte networks.

mod digits;

pub(crate) use digits::Digits;
