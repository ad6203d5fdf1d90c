//! The Dockerfile, as far as `tidy` and `image` look at it: its stages, and what is in force at the end of one. Variables are
//! left as they are written.

use dockerfile_parser::{Dockerfile, Instruction, Stage, StageParent};

/// A Dockerfile that was read.
pub(crate) struct Recipe {
    parsed: Dockerfile,
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

impl Recipe {
    /// Reads a Dockerfile; else says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let parsed = Dockerfile::parse(text).map_err(|error| error.to_string())?;
        Ok(Self { parsed })
    }

    /// The stages, top to bottom. Names are in small letters, as Docker takes them.
    pub(crate) fn stages(&self) -> Vec<Stage<'_>> {
        self.parsed.iter_stages().collect()
    }

    /// The line on which an instruction begins, from 1.
    pub(crate) fn line(&self, instruction: &Instruction) -> usize {
        let before = self.parsed.content.get(..instruction.span().start).unwrap_or_default();
        before.matches('\n').count() + 1
    }

    /// What the stage of that name makes. None: there is no such stage.
    pub(crate) fn image(&self, name: &str) -> Option<Image> {
        let stages = self.stages();
        let mut image = Image::default();
        for stage in chain(&stages, name)? {
            if let StageParent::Image(base) = &stage.parent {
                image.base = base.to_string();
            }
            stage.instructions.iter().for_each(|instruction| image.take(instruction));
        }
        Some(image)
    }

    /// The arguments of the last `cargo build` of that stage.
    pub(crate) fn cargo_build(&self, name: &str) -> Option<Vec<String>> {
        let stages = self.stages();
        let stage = named(&stages, name)?;
        let runs = stage.instructions.iter().rev().filter_map(|instruction| instruction.as_run()?.as_shell());
        runs.map(|line| line.to_string().split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            .find(|words| words.starts_with(&["cargo".to_owned(), "build".to_owned()]))
            .map(|words| words[1..].to_vec())
    }
}

/// The stage of that name.
pub(crate) fn named<'a, 'b>(stages: &'b [Stage<'a>], name: &str) -> Option<&'b Stage<'a>> {
    stages.iter().find(|stage| stage.name.as_deref() == Some(name))
}

/// A stage and those that it stands on, the lowest first.
pub(crate) fn chain<'a, 'b>(stages: &'b [Stage<'a>], name: &str) -> Option<Vec<&'b Stage<'a>>> {
    let mut stage = named(stages, name)?;
    let mut chain = vec![stage];
    while let StageParent::Stage(index) = stage.parent {
        stage = stages.get(index)?;
        chain.push(stage);
    }
    chain.reverse();
    Some(chain)
}

impl Image {
    fn take(&mut self, instruction: &Instruction) {
        match instruction {
            Instruction::Entrypoint(entrypoint) => {
                let exec = entrypoint.as_exec();
                self.entrypoint = exec.map(|words| words.as_str_vec().into_iter().map(str::to_owned).collect());
            }
            Instruction::Env(env) => {
                self.env.extend(env.vars.iter().map(|var| (var.key.to_string(), var.value.to_string())));
            }
            Instruction::Copy(copy) => self.copies.push(Copy {
                from: copy.flags.iter().find(|flag| flag.name.as_ref() == "from").map(|flag| flag.value.to_string()),
                sources: copy.sources.iter().map(ToString::to_string).collect(),
                destination: copy.destination.to_string(),
            }),
            Instruction::Misc(misc) => {
                let words = misc.arguments.to_string().trim().to_owned();
                match misc.instruction.as_ref().to_ascii_uppercase().as_str() {
                    "USER" => self.user = Some(words),
                    "STOPSIGNAL" => self.stop_signal = Some(words),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stage_makes_is_the_sum_of_those_below_it() {
        let text = "FROM rust:1 AS build\nRUN cargo build \\\n  --bin x\n\nFROM small:2 AS base\nENV A=1\nUSER 7:7\n\
                    FROM base AS X\nCOPY --from=build /a /b /c/\nSTOPSIGNAL SIGTERM\nENTRYPOINT [\"/c/a\", \"go\"]\n";
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
        assert_eq!(recipe.cargo_build("build").unwrap(), ["build", "--bin", "x"]);
        assert_eq!((recipe.image("y"), recipe.cargo_build("base")), (None, None));
        let stages = recipe.stages();
        assert_eq!(recipe.line(named(&stages, "x").unwrap().instructions[0]), 8);
    }
}
