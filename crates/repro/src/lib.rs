//! Regenerates every figure: experiments → runs → CSV → figures.
//!
//! An experiment file says what varies and what is fixed ([`experiment`]); a study says what one
//! run computes ([`studies`]); runs are executed in parallel and kept on disk ([`execute`],
//! [`store`]) as CSV tables ([`results`]); figures are drawn from these and from nothing else
//! ([`figures`], [`plot`]).

mod account;
pub mod cli;
mod commands;
mod compare;
#[cfg(test)]
mod damaged;
pub mod datasets;
mod dictionary;
pub mod execute;
pub mod experiment;
pub mod figures;
mod limits;
pub mod paths;
pub mod plot;
pub mod profile;
mod progress;
mod ranking;
mod report;
pub mod results;
mod search;
mod sentences;
mod settings;
pub mod shipped;
mod sources;
pub mod store;
pub mod studies;
mod terminal;
