//! Reads the Dockerfile, as far as `tidy` and `image` look at it: its stages, and what is in force at the end of one. It is
//! our own file, so what ours has no use for is refused instead of read: here-documents, and instructions of no name.
//! Variables are left as they are written.

/// What a line may begin with.
const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// A Dockerfile that was read.
#[derive(Debug)]
pub(crate) struct Recipe {
    /// Top to bottom.
    pub(crate) stages: Vec<Stage>,
}

/// From one FROM to the next.
#[derive(Debug)]
pub(crate) struct Stage {
    /// Its name, in small letters as Docker takes them; its number where it has none.
    pub(crate) name: String,
    /// The stage that it stands on.
    pub(crate) parent: Option<usize>,
    /// What FROM names.
    pub(crate) base: String,
    /// Its instructions, FROM first.
    pub(crate) steps: Vec<Step>,
}

/// One instruction.
#[derive(Debug)]
pub(crate) struct Step {
    /// The line on which it begins, from 1.
    pub(crate) line: usize,
    /// In capitals.
    pub(crate) keyword: String,
    /// `--name=value` before the rest.
    pub(crate) flags: Vec<(String, String)>,
    /// The rest, on one line.
    pub(crate) rest: String,
}

impl Step {
    /// The rest as words.
    pub(crate) fn words(&self) -> Vec<&str> {
        self.rest.split_whitespace().collect()
    }

    /// The rest in exec form.
    pub(crate) fn exec(&self) -> Option<Vec<String>> {
        serde_json::from_str(&self.rest).ok()
    }

    /// A flag's value.
    pub(crate) fn flag(&self, name: &str) -> Option<&str> {
        self.flags.iter().find(|(flag, _)| flag == name).map(|(_, value)| value.as_str())
    }

    /// The names and values of an ENV, or of an ARG, where they are written with `=`; one without a value has an empty one.
    pub(crate) fn pairs(&self) -> Vec<(&str, &str)> {
        self.words().into_iter().map(|word| word.split_once('=').unwrap_or((word, ""))).collect()
    }

    pub(crate) fn is(&self, keyword: &str) -> bool {
        self.keyword == keyword
    }

    /// Whether it runs a command that begins so.
    pub(crate) fn runs(&self, command: &[&str]) -> bool {
        self.is("RUN") && self.words().starts_with(command)
    }
}

/// What an image is, at the end of its stage: the stages below it added up.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Image {
    /// The image that the lowest stage begins with.
    pub(crate) base: String,
    /// The last USER, as written.
    pub(crate) user: Option<String>,
    /// The last STOPSIGNAL, as written.
    pub(crate) stop_signal: Option<String>,
    /// The last ENTRYPOINT, where it is in exec form.
    pub(crate) entrypoint: Option<Vec<String>>,
    /// Each ENV.
    pub(crate) env: Vec<(String, String)>,
    /// Each COPY, in order.
    pub(crate) copies: Vec<Copy>,
}

/// One COPY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copy {
    /// The stage that it takes from; none is the build context.
    pub(crate) from: Option<String>,
    /// What it takes.
    pub(crate) sources: Vec<String>,
    /// Where that goes.
    pub(crate) destination: String,
}

impl Stage {
    /// Whether it is an image that runs.
    pub(crate) fn is_target(&self) -> bool {
        self.steps.iter().any(|step| step.is("ENTRYPOINT"))
    }
}

impl Recipe {
    /// Reads a Dockerfile; else says what is wrong with it, and where.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut stages: Vec<Stage> = Vec::new();
        for (line, text) in instructions(text) {
            let step = step(line, &text)?;
            if step.is("FROM") {
                let words = step.words();
                let (base, name) = match words[..] {
                    [base] => (base, stages.len().to_string()),
                    [base, word, name] if word.eq_ignore_ascii_case("AS") => (base, name.to_ascii_lowercase()),
                    _ => return Err(format!("line {line}: FROM wants an image, or an image AS a name")),
                };
                let parent = stages.iter().position(|stage| stage.name == base.to_ascii_lowercase());
                stages.push(Stage { name, parent, base: base.to_owned(), steps: vec![step] });
            } else if let Some(stage) = stages.last_mut() {
                stage.steps.push(step);
            } else if !step.is("ARG") {
                return Err(format!("line {line}: {} before the first FROM", step.keyword));
            }
        }
        Ok(Self { stages })
    }

    /// The stage of that name.
    pub(crate) fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// The stages that are images: those with an entry point.
    pub(crate) fn targets(&self) -> impl Iterator<Item = &str> {
        self.stages.iter().filter(|stage| stage.is_target()).map(|stage| stage.name.as_str())
    }

    /// A stage and those that it stands on, the lowest first. None: there is no such stage.
    pub(crate) fn chain(&self, name: &str) -> Option<Vec<&Stage>> {
        let mut stage = self.stage(name)?;
        let mut chain = vec![stage];
        // A stage stands on one above it in the file, so this ends.
        while let Some(parent) = stage.parent {
            stage = self.stages.get(parent)?;
            chain.push(stage);
        }
        chain.reverse();
        Some(chain)
    }

    /// What the stage of that name makes. None: there is no such stage.
    pub(crate) fn image(&self, name: &str) -> Option<Image> {
        let chain = self.chain(name)?;
        let mut image = Image { base: chain.first()?.base.clone(), ..Image::default() };
        chain.iter().flat_map(|stage| &stage.steps).for_each(|step| image.take(step));
        Some(image)
    }

    /// The arguments of the last `cargo build` of that stage.
    pub(crate) fn cargo_build(&self, name: &str) -> Option<Vec<&str>> {
        let build = self.stage(name)?.steps.iter().rev().find(|step| step.runs(&["cargo", "build"]))?;
        Some(build.words().into_iter().skip(1).collect())
    }
}

impl Image {
    fn take(&mut self, step: &Step) {
        match step.keyword.as_str() {
            "ENTRYPOINT" => self.entrypoint = step.exec(),
            "ENV" => self.env.extend(step.pairs().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()))),
            "USER" => self.user = Some(step.rest.clone()),
            "STOPSIGNAL" => self.stop_signal = Some(step.rest.clone()),
            "COPY" => {
                let mut sources: Vec<String> = step.words().into_iter().map(str::to_owned).collect();
                let destination = sources.pop().unwrap_or_default();
                self.copies.push(Copy { from: step.flag("from").map(str::to_owned), sources, destination });
            }
            _ => {}
        }
    }
}

/// Each instruction on one line, with the number of its first: comments are gone, and lines that go on are joined.
fn instructions(text: &str) -> Vec<(usize, String)> {
    let mut whole: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (part, more) = line.strip_suffix('\\').map_or((line, false), |part| (part.trim_end(), true));
        match whole.last_mut().filter(|_| goes_on) {
            Some((_, before)) => {
                before.push(' ');
                before.push_str(part);
            }
            None => whole.push((index + 1, part.to_owned())),
        }
        goes_on = more;
    }
    whole
}

fn step(line: usize, text: &str) -> Result<Step, String> {
    let (keyword, mut rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let keyword = keyword.to_ascii_uppercase();
    if !KEYWORDS.contains(&keyword.as_str()) {
        return Err(format!("line {line}: {keyword} is no instruction"));
    }
    if rest.contains("<<") {
        return Err(format!(
            "line {line}: a here-document is not read here; write one command, or a file of the repository"
        ));
    }
    let mut flags = Vec::new();
    rest = rest.trim_start();
    // HEALTHCHECK's flags are its own affair, and so are those of a command.
    while let Some(flag) = rest.strip_prefix("--").filter(|_| keyword != "HEALTHCHECK") {
        let (flag, after) = flag.split_once(char::is_whitespace).unwrap_or((flag, ""));
        let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
        flags.push((name.to_owned(), value.to_owned()));
        rest = after.trim_start();
    }
    Ok(Step { line, keyword, flags, rest: rest.trim_end().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stage_makes_is_the_sum_of_those_below_it() {
        let text = "# syntax=x\nARG A\nFROM --platform=p rust:1 AS build\nRUN cargo build \\\n  # a word\n\n  --bin x\n\n\
                    FROM small:2 AS base\nENV A=1\nUSER 7:7\nFROM base AS X\ncopy --from=build /a /b /c/\n\
                    STOPSIGNAL SIGTERM\nENTRYPOINT [\"/c/a\", \"go\"]\nFROM x\n";
        let recipe = Recipe::parse(text).unwrap();
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let copy = Copy { from: Some("build".into()), sources: words(&["/a", "/b"]), destination: "/c/".into() };
        let expected = Image {
            base: "small:2".to_owned(),
            user: Some("7:7".to_owned()),
            stop_signal: Some("SIGTERM".to_owned()),
            entrypoint: Some(words(&["/c/a", "go"])),
            env: vec![("A".to_owned(), "1".to_owned())],
            copies: vec![copy],
        };
        assert_eq!(recipe.image("x").unwrap(), expected);
        assert_eq!(recipe.image("3").unwrap(), expected);
        assert_eq!(recipe.cargo_build("build").unwrap(), ["build", "--bin", "x"]);
        assert_eq!((recipe.image("y"), recipe.cargo_build("base")), (None, None));
        assert_eq!(recipe.stage("x").unwrap().steps[0].line, 12);
    }

    #[test]
    fn what_is_not_read_here_is_refused_with_its_line() {
        for (text, expected) in [
            ("FROM a\n\nRUNN x", "line 3: RUNN is no instruction"),
            ("FROM a\nRUN <<EOF", "line 2: a here-document is not read here; write one command"),
            ("RUN x\nFROM a", "line 1: RUN before the first FROM"),
            ("FROM", "line 1: FROM wants an image, or an image AS a name"),
        ] {
            let said = Recipe::parse(text).unwrap_err();
            assert!(said.starts_with(expected), "{said}");
        }
    }
}
