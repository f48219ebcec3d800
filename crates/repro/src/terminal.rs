//! What the program says on the terminal.

use std::borrow::Cow;
use std::io::Write;

/// Characters of a line that are shown from its beginning and from its end, where it is longer.
const SHOWN: (usize, usize) = (600, 300);

/// Says something on standard error. A closed pipe must not end the work.
pub(crate) fn say(text: impl AsRef<str>) {
    let _ = writeln!(std::io::stderr(), "{}", shown(text.as_ref()));
}

/// Text as it may be shown: what a file or an argument holds may steer a terminal, or never end.
pub(crate) fn shown(text: &str) -> String {
    let lines: Vec<Cow<'_, str>> = text.split('\n').map(line).collect();
    lines.join("\n")
}

fn line(line: &str) -> Cow<'_, str> {
    let count = line.chars().count();
    let (head, tail) = SHOWN;
    let line = match count > head + tail {
        true => {
            let first: String = line.chars().take(head).collect();
            let last: String = line.chars().skip(count - tail).collect();
            Cow::Owned(format!("{first} … ({count} characters) … {last}"))
        }
        false => Cow::Borrowed(line),
    };
    match line.contains(char::is_control) {
        true => {
            let escape = |c: char| match c.is_control() {
                true => c.escape_default().to_string(),
                false => c.to_string(),
            };
            Cow::Owned(line.chars().map(escape).collect())
        }
        false => line,
    }
}

/// `1 seed`, `2 seeds`.
pub(crate) fn count(n: usize, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {what}{plural}")
}

/// Standard output for people: what would steer a terminal is replaced.
pub(crate) struct Screen(std::io::StdoutLock<'static>);

impl Screen {
    /// Takes standard output.
    pub(crate) fn new() -> Self {
        Self(std::io::stdout().lock())
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let plain = |byte: &u8| match byte {
            b'\n' => b'\n',
            byte if byte.is_ascii_control() => b'?',
            byte => *byte,
        };
        let plain: Vec<u8> = bytes.iter().map(plain).collect();
        self.0.write_all(&plain)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal_and_nothing_floods_it() {
        assert_eq!(shown("µ = 3\n\u{1b}[2J\r"), "µ = 3\n\\u{1b}[2J\\r");
        let long = shown(&format!("key = {}: too long", "x".repeat(2 << 20)));
        assert!(long.len() < 1000, "{}", long.len());
        assert!(
            long.starts_with("key = xxx") && long.ends_with(": too long"),
            "{long}"
        );
    }
}
