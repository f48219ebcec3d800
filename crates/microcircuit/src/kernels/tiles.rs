//! Loops of a length that is known when they are compiled.

/// Calls a function that is generic over the number of rows in a tile: 2, 4, 6 or 8.
macro_rules! for_tile {
    ($tile:expr, $R:ident => $call:expr) => {
        $crate::kernels::tiles::for_lengths!($tile, $R => $call, 2 4 6; 8)
    };
}

macro_rules! for_lengths {
    ($length:expr, $N:ident => $call:expr, $($n:literal)*; $last:literal) => {
        match $length {
            $($n => {
                const $N: usize = $n;
                $call
            })*
            length => {
                debug_assert_eq!(length, $last);
                const $N: usize = $last;
                $call
            }
        }
    };
}

pub(crate) use {for_lengths, for_tile};
