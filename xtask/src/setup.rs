//! `setup`: the servers and tools that the tests use, and this machine lacks. `mainspring-servers` finds and installs
//! them; this tells what came of it.

use std::time::{Duration, Instant};

use mainspring_servers::tools::{self, How, Installed, Progress};

use crate::failure::Failure;

/// Installs what is missing, and says what is there. `full` adds what only the slow tier of tests needs.
pub(crate) fn run(full: bool) -> Result<(), Failure> {
    println!("── setup");
    let start = Instant::now();
    let failed = |source| Failure::Setup { source };
    let mut found = tools::setup(&Progress::stderr()).map_err(failed)?;
    if full {
        found.extend(tools::setup_slow(&Progress::stderr()).map_err(failed)?);
    }
    for tool in &found {
        println!("{}", line(tool));
    }
    println!("{}", summary(&found.iter().map(|tool| tool.how).collect::<Vec<_>>(), start.elapsed()));
    Ok(())
}

fn line(tool: &Installed) -> String {
    let version = tool.version.as_deref().unwrap_or("of an unknown version");
    format!("{} {version}: {}, {}", tool.name, tool.how, tool.path.display())
}

fn summary(found: &[How], took: Duration) -> String {
    let there = |how: &&How| !matches!(how, How::OnPath | How::OfThePackage | How::Cached | How::OfGosModules);
    let new = found.iter().filter(there).count();
    if new == 0 {
        return "nothing was missing".to_owned();
    }
    format!("installed {new} of {}, in {:.1} s", found.len(), took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_tells_an_installation_from_nothing_to_do() {
        let took = Duration::from_millis(2500);
        let there = [How::OnPath, How::OfThePackage, How::Cached, How::OfGosModules];
        assert_eq!(summary(&there, took), "nothing was missing");
        assert_eq!(summary(&[How::OnPath, How::Downloaded, How::BuiltWithGo], took), "installed 2 of 3, in 2.5 s");
    }
}
