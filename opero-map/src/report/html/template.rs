/// The template with each `{{name}}` replaced by the part of that name. What parts contain is not
/// looked at.
pub(super) fn filled(template: &str, parts: &[(&str, String)]) -> String {
    let mut page = String::with_capacity(
        template.len() + parts.iter().map(|(_, part)| part.len()).sum::<usize>(),
    );
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once("{{") {
        page.push_str(before);
        let Some((name, after)) = behind.split_once("}}") else {
            page.push_str("{{");
            rest = behind;
            continue;
        };
        if let Some((_, part)) = parts.iter().find(|(known, _)| *known == name) {
            page.push_str(part);
        }
        rest = after;
    }
    page.push_str(rest);
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_in_their_places_and_are_not_filled_themselves() {
        let parts = [("a", "{{b}}".to_owned()), ("b", "B".to_owned())];
        assert_eq!(filled("<{{a}}|{{b}}|{{a}}>", &parts), "<{{b}}|B|{{b}}>");
        assert_eq!(filled("none {{ open", &parts), "none {{ open");
    }
}
