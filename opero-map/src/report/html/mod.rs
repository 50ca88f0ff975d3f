//! The page for the browser: one file, without network, readable without its script.

mod figures;
mod latency;
mod rows;
mod template;
mod timeline;
mod words;

use super::Report;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

pub(super) fn page(report: &Report) -> String {
    let name = match report.function.as_str() {
        "" => "map".to_owned(),
        function => words::escaped(function),
    };
    let script = match report.timeline {
        Some(_) => format!("<script>\n{SCRIPT}</script>\n"),
        None => String::new(),
    };
    let parts = [
        ("name", name),
        ("style", STYLE.to_owned()),
        ("when", words::moment(report.started_at_s)),
        ("tiles", figures::tiles(report)),
        ("warning", figures::warning(report)),
        ("timeline", timeline::section(report)),
        ("latency", latency::chart(report)),
        ("figures", figures::table(report)),
        ("script", script),
    ];
    template::filled(PAGE, &parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::timeline::Timeline;

    #[test]
    fn texts_are_escaped_wherever_they_stand() {
        let page = page(&Report {
            function: "<f>".into(),
            journal_error: Some("<e>".into()),
            unrecorded: 2,
            timeline: Some(Timeline::default()),
            ..Report::default()
        });
        assert!(!page.contains("<f>") && page.contains("&lt;f&gt;"));
        assert!(page.contains("promise: &lt;e&gt;. 2 results are not recorded"));
    }

    #[test]
    fn the_page_may_load_nothing() {
        let page = page(&Report::default());
        let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
        assert!(page.contains(policy));
        for reference in ["src=", "href=", "@import", "url(", "http:", "https:"] {
            assert!(!page.contains(reference), "{reference}");
        }
    }
}
