//! Cuts a file of JSON records into its records, each with its line, without giving up at the first broken one.

/// The longest record; one that does not end by then is broken.
const RECORD_BYTES_MAX: usize = 256 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The bytes of one record.
pub(super) struct Piece<'a> {
    /// The line of its first byte, from 1.
    pub(super) line: usize,
    pub(super) bytes: &'a [u8],
    /// Why it has no end; its bytes mean nothing then.
    pub(super) fault: Option<&'static str>,
}

/// The records of `bytes`: the elements of the outer array or of the outer object's `@graph`, or else the values that
/// stand one after another.
pub(super) fn pieces(bytes: &[u8]) -> Vec<Piece<'_>> {
    let mut file = File { bytes, at: if bytes.starts_with(BYTE_ORDER_MARK) { 3 } else { 0 }, line: 1 };
    file.skip_between();
    match file.peek() {
        Some(b'[') => file.at += 1,
        Some(b'{') => {
            if let Some(graph) = graph_of(&file) {
                file = graph;
            }
        }
        _ => {}
    }
    let mut found = Vec::new();
    loop {
        file.skip_between();
        match file.peek() {
            None | Some(b']') => return found,
            Some(_) => found.push(file.take_piece()),
        }
    }
}

struct File<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> File<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn move_to(&mut self, at: usize) {
        self.line += self.bytes[self.at..at].iter().filter(|byte| **byte == b'\n').count();
        self.at = at;
    }

    fn skip_between(&mut self) {
        let more = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == b',').count();
        self.move_to(self.at + more);
    }

    fn take_piece(&mut self) -> Piece<'a> {
        let (start, line) = (self.at, self.line);
        match end_of_value(self.bytes, start) {
            Ok(end) => {
                self.move_to(end);
                Piece { line, bytes: &self.bytes[start..end], fault: None }
            }
            Err(fault) => {
                self.move_to(next_record(self.bytes, start));
                Piece { line, bytes: &[], fault: Some(fault) }
            }
        }
    }
}

/// One past the last byte of the value at `start`.
fn end_of_value(bytes: &[u8], start: usize) -> Result<usize, &'static str> {
    let (mut open, mut at) = (Vec::new(), start);
    while let Some(&byte) = bytes.get(at) {
        if at - start > RECORD_BYTES_MAX {
            return Err("is broken or too long: it does not end within 256 KiB");
        }
        match byte {
            b'"' => {
                at = end_of_string(bytes, at)?;
                continue;
            }
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b'}' | b']' => match open.pop() {
                Some(expected) if expected == byte => {
                    if open.is_empty() {
                        return Ok(at + 1);
                    }
                }
                // A bare word ends where its array does.
                None => return Ok(if at == start { at + 1 } else { at }),
                Some(_) => return Err("is not JSON: a bracket closes what was not opened"),
            },
            b',' | b'\n' if open.is_empty() => return Ok(at),
            _ => {}
        }
        at += 1;
    }
    if open.is_empty() { Ok(at) } else { Err("is not JSON: it does not end") }
}

/// One past the closing quote of the string at `start`.
fn end_of_string(bytes: &[u8], start: usize) -> Result<usize, &'static str> {
    let mut at = start + 1;
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at += 2,
            Some(b'\n') | None => return Err("is not JSON: a text does not end on its line"),
            Some(_) => at += 1,
        }
    }
}

/// Where to go on after the broken record at `start`: the next line that opens an object no deeper indented than it.
fn next_record(bytes: &[u8], start: usize) -> usize {
    let line_start = bytes[..start].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let indent = start - line_start;
    let mut at = start;
    while let Some(newline) = bytes[at..].iter().position(|byte| *byte == b'\n') {
        at += newline + 1;
        let blanks = bytes[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b',')).count();
        if blanks <= indent && bytes.get(at + blanks) == Some(&b'{') {
            return at + blanks;
        }
    }
    bytes.len()
}

/// The file standing at the first element of its outer object's `@graph`.
fn graph_of<'a>(file: &File<'a>) -> Option<File<'a>> {
    const KEY: &[u8] = b"\"@graph\"";
    let (bytes, mut at, mut depth) = (file.bytes, file.at, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = end_of_string(bytes, at).ok()?;
                if depth == 1 && &bytes[at..end] == KEY {
                    let blank = |byte: &&u8| byte.is_ascii_whitespace() || **byte == b':';
                    let array = end + bytes[end..].iter().take_while(blank).count();
                    let mut graph = File { bytes, at: file.at, line: file.line };
                    graph.move_to(array);
                    return (graph.peek() == Some(b'[')).then(|| {
                        graph.at += 1;
                        graph
                    });
                }
                at = end;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1).filter(|depth| *depth > 0)?,
            _ => {}
        }
        at += 1;
    }
    None
}
