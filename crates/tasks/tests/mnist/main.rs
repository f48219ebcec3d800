//! MNIST: the files that ship, generated files, and files with one thing wrong.

mod corrupt;
mod files;
mod shipped;
mod split;
