//! The page that verifies a package in a browser: its parts, as they stand in `page/`, in one file.

const SHELL: &str = include_str!("../../page/index.html");
const LOOK: &str = include_str!("../../page/look.css");
/// The scripts, each standing on those before it.
const SCRIPTS: [&str; 11] = [
    include_str!("../../page/bytes.js"),
    include_str!("../../page/blake3.js"),
    include_str!("../../page/ed25519.js"),
    include_str!("../../page/json.js"),
    include_str!("../../page/tree.js"),
    include_str!("../../page/note.js"),
    include_str!("../../page/entry.js"),
    include_str!("../../page/zip.js"),
    include_str!("../../page/told.js"),
    include_str!("../../page/verify.js"),
    include_str!("../../page/view.js"),
];

/// The whole page: no part of it comes from elsewhere.
pub fn page() -> String {
    let scripts = SCRIPTS.join("\n");
    SHELL.replace("/* look */", LOOK).replace("/* scripts */", &scripts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_whole_and_asks_nobody() {
        let page = page();
        assert!(!page.contains("/* scripts */") && !page.contains("/* look */"));
        assert_eq!(page.matches("</script>").count(), 1);
        for word in [
            "http://",
            "https://",
            "src=",
            "@import",
            "fetch(",
            "XMLHttpRequest",
            "innerHTML",
            "eval(",
        ] {
            let allowed = usize::from(word == "https://");
            // the one address is the name of a kind of statement
            assert!(page.matches(word).count() <= allowed, "{word}");
        }
    }
}
