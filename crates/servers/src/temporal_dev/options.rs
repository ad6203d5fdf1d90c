//! How a dev server is to start.

use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{NAME, TemporalDevServer};
use crate::error::ServersError;
use crate::launch::{Means, means};
use crate::ports;
use crate::process::forget_variables;

/// The type of a custom search attribute, by Temporal's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "Temporal's documentation has them")]
pub enum SearchAttributeType {
    Text,
    Keyword,
    Int,
    Double,
    Bool,
    Datetime,
    KeywordList,
}

impl fmt::Display for SearchAttributeType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}

/// What the dev server logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "they say it")]
pub enum LogLevel {
    Debug,
    Info,
    #[default]
    Warn,
    Error,
    Never,
}

impl LogLevel {
    fn flag(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Never => "never",
        }
    }
}

/// The ports that a server got.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) frontend: u16,
    pub(super) ui: Option<u16>,
}

/// How a [`TemporalDevServer`] is to start.
#[derive(Clone, Debug)]
#[must_use = "nothing runs before `start`"]
pub struct TemporalDevServerBuilder {
    pub(super) ip: IpAddr,
    port: Option<u16>,
    ui_port: Option<u16>,
    db_file: Option<PathBuf>,
    pub(super) namespaces: Vec<String>,
    search_attributes: Vec<(String, SearchAttributeType)>,
    dynamic_config: Vec<(String, String)>,
    extra_args: Vec<OsString>,
    log_level: LogLevel,
    pub(super) program: Option<PathBuf>,
    pub(super) means: Means,
}

impl TemporalDevServerBuilder {
    pub(super) fn new() -> Self {
        Self {
            ip: Ipv4Addr::LOCALHOST.into(),
            port: None,
            ui_port: None,
            db_file: None,
            namespaces: Vec::new(),
            search_attributes: Vec::new(),
            dynamic_config: Vec::new(),
            extra_args: Vec::new(),
            log_level: LogLevel::default(),
            program: None,
            means: Means::new(),
        }
    }

    /// The address to listen on; 127.0.0.1 by default.
    pub fn ip(mut self, ip: impl Into<IpAddr>) -> Self {
        self.ip = ip.into();
        self
    }

    /// The port of the gRPC service. By default, and for 0, a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port).filter(|port| *port != 0);
        self
    }

    /// Serves the web UI, on this port, or for 0 on a free one. By default there is no UI.
    pub fn ui_port(mut self, port: u16) -> Self {
        self.ui_port = Some(port);
        self
    }

    /// Keeps the state in this SQLite file. By default it is in memory, and gone with the process.
    pub fn db_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.db_file = Some(path.into());
        self
    }

    /// Creates a namespace. The server always creates `default` too.
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        self.namespaces.push(name.into());
        self
    }

    /// Registers a custom search attribute.
    pub fn search_attribute(mut self, name: impl Into<String>, of_type: SearchAttributeType) -> Self {
        self.search_attributes.push((name.into(), of_type));
        self
    }

    /// Sets one of the server's dynamic configuration keys; the value is JSON.
    pub fn dynamic_config(mut self, key: impl Into<String>, json: impl Into<String>) -> Self {
        self.dynamic_config.push((key.into(), json.into()));
        self
    }

    /// Adds an argument to `temporal server start-dev`, after ours.
    pub fn extra_arg(mut self, argument: impl Into<OsString>) -> Self {
        self.extra_args.push(argument.into());
        self
    }

    /// What the server logs; warnings and errors by default.
    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.log_level = level;
        self
    }

    /// Runs this program, instead of the Temporal CLI that the toolbox provides.
    pub fn program(mut self, path: impl Into<PathBuf>) -> Self {
        self.program = Some(path.into());
        self
    }

    means!("the Temporal CLI is looked for and installed");

    /// Installs the Temporal CLI if this machine lacks it, starts the server, and returns when it is ready.
    ///
    /// # Errors
    /// [`ServersError::Port`] when a port that was asked for is taken, [`ServersError::Ended`] and
    /// [`ServersError::NotReady`] with the server's last lines, and the errors of an installation.
    pub async fn start(self) -> Result<TemporalDevServer, ServersError> {
        TemporalDevServer::start(self).await
    }

    pub(super) fn keeps_its_state(&self) -> bool {
        self.db_file.is_some()
    }

    /// Every namespace that the server will have.
    pub(super) fn all_namespaces(&self) -> Vec<&str> {
        self.namespaces.iter().map(String::as_str).chain(["default"]).collect()
    }

    /// Asked-for ports after a look whether they can be had, and free ones for the rest. What the server itself would
    /// say is less clear, and whoever has the port might answer in its place.
    pub(super) fn ports(&self) -> Result<Ports, ServersError> {
        let choose = |purpose, port: Option<u16>| ports::choose(NAME, purpose, self.ip, port.filter(|port| *port != 0));
        let frontend = choose("port", self.port)?;
        let ui = self.ui_port.map(|port| choose("UI port", Some(port))).transpose()?;
        Ok(Ports { frontend, ui })
    }

    pub(super) fn command(&self, program: &Path, ports: Ports) -> Command {
        let mut command = Command::new(program);
        command.args(["server", "start-dev", "--color", "never", "--log-level", self.log_level.flag()]);
        command.args(["--ip", &self.ip.to_string(), "--port", &ports.frontend.to_string()]);
        match ports.ui {
            Some(port) => command.args(["--ui-port", &port.to_string()]),
            None => command.arg("--headless"),
        };
        if let Some(file) = &self.db_file {
            command.arg("--db-filename").arg(file);
        }
        for namespace in &self.namespaces {
            command.args(["--namespace", namespace]);
        }
        for (name, of_type) in &self.search_attributes {
            command.args(["--search-attribute", &format!("{name}={of_type}")]);
        }
        for (key, json) in &self.dynamic_config {
            command.args(["--dynamic-config-value", &format!("{key}={json}")]);
        }
        command.args(&self.extra_args);
        // The CLI reads TEMPORAL_* as a client's settings, keys among them. A server has no use for any.
        forget_variables(&mut command, &["TEMPORAL_"]);
        command
    }
}
