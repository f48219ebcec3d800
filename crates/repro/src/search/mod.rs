//! Searches: which points are tried next, and for how long, by what those before them found.
//!
//! ```toml
//! [tune]
//! rule = "tpe"                      # or "sobol", "random"
//! objective = "validation_accuracy" # a metric of the study, but none of test data
//! over_seeds = "mean"               # or "median", "worst"
//! budget = 60                       # runs of the last rung; others count by the share of epochs that they compute
//!
//! [tune.rungs]                      # successive halving: many for a short time, few for a long one
//! "training.epochs" = [3, 9, 27]
//! seeds = [1, 3, 10]
//! keep_one_in = 3
//!
//! [tune.space]
//! "network.eta_up.0" = { from = 1, to = 30, scale = "log" }
//! "network.eta_up.1" = { from = 1e-5, to = 1e-2, scale = "log" }
//! "network.eta_ip" = { equals = "network.eta_up.1", times = 2 }
//! "network.activation" = ["sigmoid", "relu"]
//! ```
//!
//! A budget counts runs and not hours: how long a run takes is another on every machine and at every time, and what a search
//! does next would be too. How long the budget takes is estimated (`--dry-run`).
//!
//! A search is a pure function of its table and of what runs find. It advances by generations: what a generation does is
//! decided by the generations before it alone, so that neither the number of threads nor an interruption changes anything.
//! Nothing here runs anything, or knows of files.

mod halving;
mod objective;
mod proposals;
mod rungs;
mod space;
mod tune;

pub(crate) use halving::{Search, Step, Trial};
pub(crate) use tune::Tune;
