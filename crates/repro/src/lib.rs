//! Regenerates every figure: experiments → runs → CSV → figures.
//!
//! An experiment file says what varies and what is fixed ([`experiment`]); a study says what one
//! run computes ([`studies`]); runs are executed in parallel and kept on disk ([`execute`],
//! [`store`]); figures are drawn from the CSV files and from nothing else ([`figures`], [`plot`]).

pub mod cli;
mod commands;
mod compare;
pub mod execute;
pub mod experiment;
pub mod figures;
pub mod frame;
pub mod paths;
pub mod plot;
mod progress;
pub mod provenance;
mod report;
mod stats;
pub mod store;
pub mod studies;
