//! No path of one person's machine in any file: it works there and nowhere else.

use super::{Finding, source::Source};

// In parts, so that this file passes its own rule.
const PLACES: [&str; 3] = [concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/ho", "me/")];

/// Written by cargo.
const EXCEPTION: &str = "Cargo.lock";

pub(super) fn check(source: &Source) -> Vec<Finding> {
    if source.path == EXCEPTION {
        return Vec::new();
    }
    let lines = source.text.lines().enumerate();
    lines
        .filter_map(|(index, line)| {
            let place = PLACES.iter().find(|place| names(line, place))?;
            let message = format!("`{place}` is a place on one machine; derive the path, or take it as a setting");
            Some(Finding::new(&source.path, index + 1, message))
        })
        .collect()
}

/// Whether a path in this line begins with the place; in the middle of a path or of a URL it is harmless.
fn names(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        !line[..at]
            .ends_with(|before: char| before.is_alphanumeric() || ['.', '-', '_', '}', '*', '$'].contains(&before))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_one_machine_is_refused_in_any_file() {
        for place in PLACES {
            let text = format!("name: x\npath: {place}checkout\n");
            let findings = check(&Source::new("charts/x/values.yaml", text.clone()));
            assert_eq!(
                findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
                [format!(
                    "charts/x/values.yaml:2: `{place}` is a place on one machine; derive the path, or take it as a setting"
                )]
            );
            assert_eq!(check(&Source::new("Cargo.lock", text)), []);
        }
    }

    #[test]
    fn the_same_letters_inside_a_longer_path_stand() {
        let text = PLACES.map(|place| format!("see example.com{place}page and tests{place}x")).join("\n");
        assert_eq!(check(&Source::new("README.md", text)), []);
    }
}
