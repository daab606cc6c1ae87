//! A Rust file taken apart just far enough for the rules: code, literals, comments, and which lines are tests.

use std::ops::Range;

/// A literal or comment, and the line it starts on.
pub(super) struct Piece {
    pub(super) line: usize,
    pub(super) text: String,
}

/// A Rust file.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) lines: usize,
    /// The text with comments and literals blanked out, line by line as in the file.
    pub(super) code: String,
    pub(super) literals: Vec<Piece>,
    pub(super) comments: Vec<Piece>,
    /// The lines of `#[cfg(test)]` modules, from 1.
    tests: Vec<Range<usize>>,
}

impl Source {
    pub(super) fn parse(path: &str, text: &str) -> Self {
        let mut cutter = Cutter { text, at: 0, line: 1, code: String::new(), literals: vec![], comments: vec![] };
        cutter.run();
        let Cutter { code, literals, comments, .. } = cutter;
        let tests = test_modules(&code);
        Self { path: path.to_owned(), lines: text.lines().count(), code, literals, comments, tests }
    }

    /// Whether that line belongs to tests: a test file, the testkit, or a `#[cfg(test)]` module.
    pub(super) fn is_test(&self, line: usize) -> bool {
        let file = self.path.contains("/tests/") || self.path.ends_with("/tests.rs");
        file || self.path.starts_with("crates/testkit/") || self.tests.iter().any(|lines| lines.contains(&line))
    }

    /// The lines of code that hold `needle`.
    pub(super) fn code_lines(&self, needle: &str) -> impl Iterator<Item = usize> {
        self.code.lines().enumerate().filter(move |(_, code)| code.contains(needle)).map(|(at, _)| at + 1)
    }
}

struct Cutter<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    code: String,
    literals: Vec<Piece>,
    comments: Vec<Piece>,
}

impl Cutter<'_> {
    fn run(&mut self) {
        while let Some(c) = self.rest().chars().next() {
            let rest = self.rest();
            if rest.starts_with("//") {
                let length = rest.find('\n').unwrap_or(rest.len());
                self.take_comment(length);
            } else if rest.starts_with("/*") {
                self.take_comment(block_comment(rest));
            } else if let Some((open, close)) = raw_string(rest, &self.code) {
                let inner = rest[open..].find(&close).unwrap_or(rest.len() - open);
                self.take_literal(open, inner, (open + inner + close.len()).min(rest.len()));
            } else if c == '"' {
                let inner = quoted(&rest[1..]);
                self.take_literal(1, inner, (inner + 2).min(rest.len()));
            } else if let Some(length) = char_literal(rest) {
                self.blank(length);
            } else {
                self.code.push(c);
                self.step(c.len_utf8());
            }
        }
    }

    fn rest(&self) -> &'_ str {
        &self.text[self.at..]
    }

    fn step(&mut self, length: usize) {
        self.line += self.text[self.at..self.at + length].matches('\n').count();
        self.at += length;
    }

    fn take_comment(&mut self, length: usize) {
        self.comments.push(Piece { line: self.line, text: self.rest()[..length].to_owned() });
        self.blank(length);
    }

    fn take_literal(&mut self, open: usize, inner: usize, length: usize) {
        self.literals.push(Piece { line: self.line, text: self.rest()[open..open + inner].to_owned() });
        self.blank(length);
    }

    fn blank(&mut self, length: usize) {
        let blanked: String = self.rest()[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        self.code.push_str(&blanked);
        self.step(length);
    }
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// How a raw string at the start of `rest` opens (its length) and closes.
fn raw_string(rest: &str, code: &str) -> Option<(usize, String)> {
    let in_a_name = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let after = rest.strip_prefix(['b', 'c']).unwrap_or(rest).strip_prefix('r')?;
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    let open = after[hashes..].starts_with('"') && !in_a_name;
    open.then(|| (rest.len() - after.len() + hashes + 1, format!("\"{}", "#".repeat(hashes))))
}

/// The length of what stands before the closing quote.
fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    let close = |c: char| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    };
    rest.find(close).unwrap_or(rest.len())
}

/// The length of a character literal at the start of `rest`; a lifetime is none.
fn char_literal(rest: &str) -> Option<usize> {
    let mut chars = rest.strip_prefix('\'')?.chars();
    match chars.next()? {
        '\\' => rest[3..].find('\'').map(|close| close + 4),
        c => (chars.next() == Some('\'')).then(|| c.len_utf8() + 2),
    }
}

fn test_modules(code: &str) -> Vec<Range<usize>> {
    let line_of = |at: usize| code[..at].matches('\n').count() + 1;
    let mut found = Vec::new();
    for (at, marker) in code.match_indices("#[cfg(test)]") {
        let after = at + marker.len();
        let Some(open) = code[after..].find(['{', ';']).map(|found| after + found) else { continue };
        let mut depth = 0;
        let mut closes = |byte: &u8| {
            depth += i32::from(*byte == b'{') - i32::from(*byte == b'}');
            depth == 0
        };
        let close = code.as_bytes()[open..].iter().position(&mut closes).map_or(code.len(), |length| open + length);
        found.push(line_of(at)..line_of(close) + 1);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_comments_are_not_code() {
        let source =
            Source::parse("x.rs", "let a = \"todo \\\" b\"; // why\nlet c = 'x'; /* a /* b */ c */ fn f<'a>() {}");
        assert_eq!(source.literals.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>(), ["todo \\\" b"]);
        assert_eq!(source.comments.iter().map(|piece| piece.line).collect::<Vec<_>>(), [1, 2]);
        assert!(!source.code.contains("todo") && !source.code.contains("why") && source.code.contains("fn f<'a>() {}"));
        assert_eq!(source.code.lines().count(), 2);
    }

    #[test]
    fn raw_strings_and_escaped_quotes_end_where_they_end() {
        let source = Source::parse("x.rs", "f(r#\"a \"b\" c\"#, b\"d\", '\\'', '\"', br\"e\", for_r); g()");
        let texts: Vec<&str> = source.literals.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(texts, ["a \"b\" c", "d", "e"]);
        assert!(source.code.ends_with("for_r); g()"));
    }

    #[test]
    fn a_literal_is_on_the_line_it_starts() {
        let source = Source::parse("x.rs", "\n\nconst A: &str = \"\n  SELECT 1\";\nconst B: &str = \"b\";");
        assert_eq!(source.literals.iter().map(|piece| piece.line).collect::<Vec<_>>(), [3, 5]);
    }

    #[test]
    fn the_lines_of_test_modules_are_known() {
        let source = Source::parse("a.rs", "fn f() {}\n#[cfg(test)]\nmod tests {\n  fn g() {}\n}\nfn h() {}\n");
        let tests: Vec<usize> = (1..=6).filter(|line| source.is_test(*line)).collect();
        assert_eq!(tests, [2, 3, 4, 5]);
        assert!(Source::parse("crates/app/tests/it/main.rs", "fn f() {}").is_test(1));
    }
}
