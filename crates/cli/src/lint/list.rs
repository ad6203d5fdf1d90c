//! What workflow code may not use, and what to use instead: the one list.

/// Things that are refused for one reason. Clippy says nothing of crates that a workspace does not have.
pub(super) struct Refusal {
    /// Why, and what to use instead: goes on from "it".
    pub(super) reason: &'static str,
    pub(super) methods: &'static [&'static str],
    pub(super) types: &'static [&'static str],
    pub(super) macros: &'static [&'static str],
}

pub(super) const LIST: [Refusal; 9] = [
    Refusal {
        reason: "reads the machine's clock, which a replay reads at another time; use ctx.workflow_time()",
        methods: &[
            "std::time::SystemTime::now",
            "std::time::SystemTime::elapsed",
            "chrono::Utc::now",
            "chrono::Local::now",
        ],
        types: &["std::time::Instant", "tokio::time::Instant"],
        macros: &[],
    },
    Refusal {
        reason: "is random anew at each replay; use ctx.random(), ctx.random_stream(..) or ctx.uuid4()",
        methods: &[
            "rand::random",
            "rand::rng",
            "fastrand::bool",
            "fastrand::u32",
            "fastrand::u64",
            "fastrand::usize",
            "fastrand::shuffle",
            "fastrand::choice",
            "getrandom::fill",
            "uuid::Uuid::new_v4",
            "uuid::Uuid::now_v6",
            "uuid::Uuid::now_v7",
        ],
        types: &["std::hash::RandomState", "rand::rngs::ThreadRng", "rand::rngs::OsRng", "fastrand::Rng"],
        macros: &[],
    },
    Refusal {
        reason: "reads what differs between machines and builds; use the workflow's input, or an activity",
        methods: &[
            "std::env::args",
            "std::env::args_os",
            "std::env::current_dir",
            "std::env::current_exe",
            "std::env::home_dir",
            "std::env::temp_dir",
            "std::env::var",
            "std::env::var_os",
            "std::env::vars",
            "std::env::vars_os",
            "std::process::id",
            "std::thread::available_parallelism",
        ],
        types: &[],
        macros: &[],
    },
    Refusal {
        reason: "is I/O, which a replay would do again; use an activity",
        methods: &[
            "std::fs::copy",
            "std::fs::create_dir",
            "std::fs::create_dir_all",
            "std::fs::exists",
            "std::fs::metadata",
            "std::fs::read",
            "std::fs::read_dir",
            "std::fs::read_to_string",
            "std::fs::remove_dir",
            "std::fs::remove_dir_all",
            "std::fs::remove_file",
            "std::fs::rename",
            "std::fs::write",
            "std::path::Path::exists",
            "std::path::Path::is_dir",
            "std::path::Path::is_file",
            "std::path::Path::metadata",
            "std::path::Path::read_dir",
            "std::io::stdin",
            "std::io::stdout",
            "std::io::stderr",
            "std::process::abort",
            "std::process::exit",
            "tokio::fs::read",
            "tokio::fs::read_to_string",
            "tokio::fs::write",
            "reqwest::get",
        ],
        types: &[
            "std::fs::File",
            "std::fs::OpenOptions",
            "std::net::TcpListener",
            "std::net::TcpStream",
            "std::net::UdpSocket",
            "std::os::unix::net::UnixStream",
            "std::os::unix::net::UnixListener",
            "std::os::unix::net::UnixDatagram",
            "std::process::Command",
            "tokio::fs::File",
            "tokio::fs::OpenOptions",
            "tokio::net::TcpListener",
            "tokio::net::TcpStream",
            "tokio::net::UdpSocket",
            "tokio::net::UnixStream",
            "tokio::process::Command",
            "reqwest::Client",
            "reqwest::blocking::Client",
        ],
        macros: &[],
    },
    Refusal {
        reason: "runs outside of the workflow's one thread; use temporalio_sdk::workflows::join_all, or an activity",
        methods: &[
            "std::thread::current",
            "std::thread::park",
            "std::thread::park_timeout",
            "std::thread::scope",
            "std::thread::sleep",
            "std::thread::spawn",
            "std::thread::yield_now",
        ],
        types: &["std::thread::Builder", "std::sync::Condvar", "std::sync::Barrier", "std::sync::mpsc::Receiver"],
        macros: &[],
    },
    Refusal {
        reason: "wakes the workflow from outside of its history; use ctx.timer(..), an activity, or temporalio_sdk::workflows::{select, join, join_all}",
        methods: &[
            "tokio::spawn",
            "tokio::task::spawn_blocking",
            "tokio::task::spawn_local",
            "tokio::task::block_in_place",
            "tokio::task::yield_now",
            "tokio::time::interval",
            "tokio::time::sleep",
            "tokio::time::sleep_until",
            "tokio::time::timeout",
            "tokio::time::timeout_at",
            "tokio::runtime::Handle::current",
            "tokio::sync::broadcast::channel",
            "tokio::sync::mpsc::channel",
            "tokio::sync::mpsc::unbounded_channel",
            "tokio::sync::oneshot::channel",
            "tokio::sync::watch::channel",
        ],
        types: &[
            "tokio::runtime::Runtime",
            "tokio::runtime::Handle",
            "tokio::task::JoinSet",
            "tokio::task::JoinHandle",
            "tokio::sync::Barrier",
            "tokio::sync::Mutex",
            "tokio::sync::Notify",
            "tokio::sync::OnceCell",
            "tokio::sync::RwLock",
            "tokio::sync::Semaphore",
            "tokio::sync::broadcast::Receiver",
            "tokio::sync::mpsc::Receiver",
            "tokio::sync::mpsc::UnboundedReceiver",
            "tokio::sync::oneshot::Receiver",
            "tokio::sync::watch::Receiver",
        ],
        macros: &["tokio::select", "tokio::join", "tokio::try_join"],
    },
    Refusal {
        reason: "iterates in an order that differs in each process; use BTreeMap or BTreeSet",
        methods: &[
            "std::collections::HashMap::drain",
            "std::collections::HashMap::into_keys",
            "std::collections::HashMap::into_values",
            "std::collections::HashMap::iter",
            "std::collections::HashMap::iter_mut",
            "std::collections::HashMap::keys",
            "std::collections::HashMap::retain",
            "std::collections::HashMap::values",
            "std::collections::HashMap::values_mut",
            "std::collections::HashSet::drain",
            "std::collections::HashSet::iter",
            "std::collections::HashSet::retain",
        ],
        types: &["std::collections::HashMap", "std::collections::HashSet"],
        macros: &[],
    },
    Refusal {
        reason: "polls in an order of its own, or wakes by itself; use temporalio_sdk::workflows::{select, join, join_all}",
        methods: &[
            "futures::executor::block_on",
            "futures::future::join_all",
            "futures::future::select",
            "futures::future::select_all",
            "futures::future::select_ok",
            "futures::future::try_join_all",
        ],
        types: &["futures::stream::FuturesOrdered", "futures::stream::FuturesUnordered"],
        macros: &["futures::join", "futures::select", "futures::select_biased", "futures::try_join"],
    },
    Refusal {
        reason: "writes again at each replay; use tracing::info!(..), which is silent during a replay",
        methods: &[],
        types: &[],
        macros: &["std::dbg", "std::eprint", "std::eprintln", "std::print", "std::println"],
    },
];

/// The list as a clippy.toml.
pub(super) fn clippy_toml() -> String {
    let section = |name: &str, things: fn(&Refusal) -> &[&str]| {
        let entries = LIST.iter().flat_map(|refusal| {
            let entry = |path: &&str| {
                format!("    {{ path = {path:?}, reason = {:?}, allow-invalid = true }},\n", refusal.reason)
            };
            things(refusal).iter().map(entry).collect::<Vec<_>>()
        });
        format!("{name} = [\n{}]\n", entries.collect::<String>())
    };
    section("disallowed-methods", |refusal| refusal.methods)
        + &section("disallowed-types", |refusal| refusal.types)
        + &section("disallowed-macros", |refusal| refusal.macros)
}
