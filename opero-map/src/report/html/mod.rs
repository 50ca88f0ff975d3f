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
        ("timeline", timeline::section(report)),
        ("latency", latency::chart(report)),
        ("figures", figures::table(report)),
        ("script", script),
    ];
    template::filled(PAGE, &parts)
}
