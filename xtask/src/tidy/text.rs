//! Size, names, and what nobody came back to.

use super::Finding;
use super::source::Source;

/// The longest Rust file.
const LINES_MAX: usize = 500;
/// Names that say nothing of what is inside.
const ROOMS: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc", "manager", "managers"];
/// Code that says that it is not done.
const UNDONE_CODE: &[&str] = &["todo!", "unimplemented!", "#[ignore"];
/// Comments that say so.
const UNDONE_WORDS: &[&str] = &["TODO", "FIXME", "XXX"];
/// The one file whose macros need an `allow`: whether the lint fires depends on what the macro was given.
const MAY_ALLOW: &str = "crates/db/src/value.rs";

/// A folder or file whose name says nothing.
pub(super) fn room(path: &str) -> Option<Finding> {
    let stem = |part: &'_ str| part.split('.').next().map_or(0, str::len);
    let part = path.split('/').find(|part| ROOMS.contains(&part[..stem(part)].to_lowercase().as_str()))?;
    Some(Finding::new(path, 1, "room", format!("name {part} after what is in it, or give the parts to their owners")))
}

/// Findings over one Rust file.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |line, rule, advice: String| findings.push(Finding::new(&source.path, line, rule, advice));
    if source.lines > LINES_MAX {
        find(LINES_MAX + 1, "file-size", format!("{} lines: cut it into a folder, by use case", source.lines));
    }
    for undone in UNDONE_CODE {
        source.code_lines(undone).for_each(|line| find(line, "undone", format!("finish it, or take `{undone}` out")));
    }
    for comment in &source.comments {
        let word = |c: char| !c.is_alphanumeric();
        if let Some(undone) = UNDONE_WORDS.iter().find(|undone| comment.text.split(word).any(|word| word == **undone)) {
            find(comment.line, "undone", format!("do it now, or take the {undone} out"));
        }
    }
    for (at, code) in source.code.lines().enumerate() {
        let attribute = code.contains("#[allow(") || code.contains("#![allow(");
        let excused = source.path == MAY_ALLOW && code.contains("reason =");
        if attribute && !excused {
            find(at + 1, "allow", "mend it, or write #[expect(lint, reason = \"…\")]".to_owned());
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<String> {
        let findings = check(&Source::parse(path, text));
        findings.iter().map(|finding| format!("{}:{}", finding.line, finding.rule)).collect()
    }

    #[test]
    fn a_file_over_500_lines_is_found() {
        assert_eq!(rules("a.rs", &"\n".repeat(500)), [""; 0]);
        assert_eq!(rules("a.rs", &"\n".repeat(501)), ["501:file-size"]);
    }

    #[test]
    fn what_is_not_done_is_found_and_a_text_about_it_is_not() {
        assert_eq!(rules("a.rs", "fn f() { todo!() }"), ["1:undone"]);
        assert_eq!(rules("a.rs", "fn f() {}\n#[ignore = \"slow\"]"), ["2:undone"]);
        assert_eq!(rules("a.rs", "// TODO: more"), ["1:undone"]);
        assert_eq!(rules("a.rs", "// MASTODON, the todo! macro\nlet a = \"TODO\";"), [""; 0]);
    }

    #[test]
    fn an_allow_is_found_except_where_it_must_be() {
        assert_eq!(rules("crates/db/src/row.rs", "#[allow(dead_code, reason = \"x\")]"), ["1:allow"]);
        assert_eq!(rules("crates/db/src/row.rs", "#[expect(dead_code, reason = \"x\")]"), [""; 0]);
        assert_eq!(rules(MAY_ALLOW, "#[allow(dead_code, reason = \"x\")]"), [""; 0]);
        assert_eq!(rules(MAY_ALLOW, "#[allow(dead_code)]"), ["1:allow"]);
    }

    #[test]
    fn a_room_without_a_purpose_is_found() {
        for path in ["crates/app/src/utils.rs", "crates/common/src/lib.rs", "web/src/helpers/x.ts", "a/misc/b"] {
            assert!(room(path).is_some(), "{path}");
        }
        for path in ["crates/app/src/config.rs", "crates/app/src/commoner.rs", "docs/utilities.md"] {
            assert!(room(path).is_none(), "{path}");
        }
    }
}
