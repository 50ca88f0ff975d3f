pub(super) fn page(_report: &super::Report) -> String {
    "<!doctype html>".into()
}
