//! How much work is done.

/// How much work is done. The models are the same in all profiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// Every figure in minutes: fewer points, seeds or epochs.
    #[default]
    Quick,
    /// The sources' exact numbers: hours to days.
    Paper,
}

impl Profile {
    /// Both, cheapest first.
    pub const ALL: [Self; 2] = [Self::Quick, Self::Paper];

    /// `quick` or `paper`, as in TOML keys and folder names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Paper => "paper",
        }
    }
}
