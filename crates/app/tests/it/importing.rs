//! `marquee import movies`: what it says of a file that it cannot take.

use marquee_testkit::Launch;

use crate::MARQUEE;

#[tokio::test]
async fn a_file_with_nothing_to_import_is_refused_with_one_line_that_says_why() {
    let latin_1 = b"[{\"Title\": \"Brazil\"},\n{\"Title\": \"Am\xe9lie\"}]";
    for (bytes, says) in [
        (&b""[..], "has no records"),
        (b"[]", "has no records"),
        (b" [ ]\n", "has no records"),
        (b"{\"@context\": \"https://schema.org\", \"@graph\": []}", "has no records"),
        (latin_1, "line 2 is not UTF-8"),
        (b"\xff\xfe[\0]\0", "line 1 is not UTF-8"),
    ] {
        let data_dir = tempfile::tempdir().unwrap();
        let file = data_dir.path().join("films.json");
        std::fs::write(&file, bytes).unwrap();
        let arguments = ["import", "movies", file.to_str().unwrap()];
        let ended = Launch::new(MARQUEE, data_dir.path()).arguments(&arguments).ended().await;
        assert_eq!((ended.code, ended.output.is_empty()), (Some(1), true), "{says}: {}", ended.errors);
        assert_eq!(ended.errors.trim_end().lines().count(), 1, "{says}: {}", ended.errors);
        assert!(ended.errors.contains("films.json") && ended.errors.contains(says), "{says}: {}", ended.errors);
        assert!(!data_dir.path().join("marquee.db").exists(), "nothing was begun");
    }
}
