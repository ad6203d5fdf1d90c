//! A violation of each entry of the lint's list, named at the end of its line. This is compiled by clippy, and never run.

use std::path::Path;
use std::time::{Duration, SystemTime};

use futures::future::{Ready, ready};

use crate::elsewhere::hashes;

const SECOND: Duration = Duration::from_secs(1);

pub fn functions(path: &Path, at: SystemTime) {
    let _ = std::time::SystemTime::now; // std::time::SystemTime::now
    let _ = at.elapsed(); // std::time::SystemTime::elapsed
    let _ = chrono::Utc::now; // chrono::Utc::now
    let _ = chrono::Local::now; // chrono::Local::now
    let _: u8 = rand::random(); // rand::random
    let _ = rand::rng; // rand::rng
    let _ = fastrand::bool; // fastrand::bool
    let _ = fastrand::u32(..); // fastrand::u32
    let _ = fastrand::u64(..); // fastrand::u64
    let _ = fastrand::usize(..); // fastrand::usize
    fastrand::shuffle(&mut [1]); // fastrand::shuffle
    let _ = fastrand::choice([1]); // fastrand::choice
    let _ = getrandom::fill(&mut []); // getrandom::fill
    let _ = uuid::Uuid::new_v4; // uuid::Uuid::new_v4
    let _ = uuid::Uuid::now_v6(&[0; 6]); // uuid::Uuid::now_v6
    let _ = uuid::Uuid::now_v7; // uuid::Uuid::now_v7
    let _ = std::env::args; // std::env::args
    let _ = std::env::args_os; // std::env::args_os
    let _ = std::env::current_dir; // std::env::current_dir
    let _ = std::env::current_exe; // std::env::current_exe
    let _ = std::env::home_dir; // std::env::home_dir
    let _ = std::env::temp_dir; // std::env::temp_dir
    let _ = std::env::var("X"); // std::env::var
    let _ = std::env::var_os("X"); // std::env::var_os
    let _ = std::env::vars; // std::env::vars
    let _ = std::env::vars_os; // std::env::vars_os
    let _ = std::process::id; // std::process::id
    let _ = std::thread::available_parallelism; // std::thread::available_parallelism
    let _ = std::fs::copy("a", "b"); // std::fs::copy
    let _ = std::fs::create_dir("a"); // std::fs::create_dir
    let _ = std::fs::create_dir_all("a"); // std::fs::create_dir_all
    let _ = std::fs::exists("a"); // std::fs::exists
    let _ = std::fs::metadata("a"); // std::fs::metadata
    let _ = std::fs::read("a"); // std::fs::read
    let _ = std::fs::read_dir("a"); // std::fs::read_dir
    let _ = std::fs::read_to_string("a"); // std::fs::read_to_string
    let _ = std::fs::remove_dir("a"); // std::fs::remove_dir
    let _ = std::fs::remove_dir_all("a"); // std::fs::remove_dir_all
    let _ = std::fs::remove_file("a"); // std::fs::remove_file
    let _ = std::fs::rename("a", "b"); // std::fs::rename
    let _ = std::fs::write("a", "b"); // std::fs::write
    let _ = path.exists(); // std::path::Path::exists
    let _ = path.is_dir(); // std::path::Path::is_dir
    let _ = path.is_file(); // std::path::Path::is_file
    let _ = path.metadata(); // std::path::Path::metadata
    let _ = path.read_dir(); // std::path::Path::read_dir
    let _ = std::io::stdin; // std::io::stdin
    let _ = std::io::stdout; // std::io::stdout
    let _ = std::io::stderr; // std::io::stderr
    let _ = std::process::abort; // std::process::abort
    let _ = std::process::exit; // std::process::exit
    let _ = tokio::fs::read("a"); // tokio::fs::read
    let _ = tokio::fs::read_to_string("a"); // tokio::fs::read_to_string
    let _ = tokio::fs::write("a", "b"); // tokio::fs::write
    let _ = reqwest::get("a"); // reqwest::get
    let _ = std::thread::current; // std::thread::current
    let _ = std::thread::park; // std::thread::park
    let _ = std::thread::park_timeout; // std::thread::park_timeout
    std::thread::scope(|_| {}); // std::thread::scope
    // sleep: it is planted, and never runs.
    let _ = std::thread::sleep; // std::thread::sleep
    let _ = std::thread::spawn(|| {}); // std::thread::spawn
    let _ = std::thread::yield_now; // std::thread::yield_now
    let _ = tokio::spawn(async {}); // tokio::spawn
    let _ = tokio::task::spawn_blocking(|| {}); // tokio::task::spawn_blocking
    let _ = tokio::task::spawn_local(async {}); // tokio::task::spawn_local
    tokio::task::block_in_place(|| {}); // tokio::task::block_in_place
    let _ = tokio::task::yield_now; // tokio::task::yield_now
    let _ = tokio::time::interval; // tokio::time::interval
    // sleep: it is planted, and never runs.
    let _ = tokio::time::sleep; // tokio::time::sleep
    let _ = tokio::time::sleep_until; // tokio::time::sleep_until
    let _ = tokio::time::timeout(SECOND, async {}); // tokio::time::timeout
    let _ = tokio::time::timeout_at(crate::elsewhere::at(), async {}); // tokio::time::timeout_at
    let _ = tokio::runtime::Handle::current; // tokio::runtime::Handle::current
    let _ = tokio::sync::broadcast::channel::<u8>(1); // tokio::sync::broadcast::channel
    let _ = tokio::sync::mpsc::channel::<u8>(1); // tokio::sync::mpsc::channel
    let _ = tokio::sync::mpsc::unbounded_channel::<u8>(); // tokio::sync::mpsc::unbounded_channel
    let _ = tokio::sync::oneshot::channel::<u8>(); // tokio::sync::oneshot::channel
    let _ = tokio::sync::watch::channel(1); // tokio::sync::watch::channel
    futures::executor::block_on(async {}); // futures::executor::block_on
    let _ = futures::future::join_all([ready(1)]); // futures::future::join_all
    let _ = futures::future::select(ready(1), ready(1)); // futures::future::select
    let _ = futures::future::select_all([ready(1)]); // futures::future::select_all
    let _ = futures::future::select_ok([ready(Ok::<u8, u8>(1))]); // futures::future::select_ok
    let _ = futures::future::try_join_all([ready(Ok::<u8, u8>(1))]); // futures::future::try_join_all
}

pub async fn macros() {
    tokio::select! { _ = ready(1) => {} } // tokio::select
    let _ = tokio::join!(ready(1)); // tokio::join
    let _ = tokio::try_join!(ready(Ok::<u8, u8>(1))); // tokio::try_join
    let _ = futures::join!(ready(1)); // futures::join
    futures::select! { _ = ready(1) => {} } // futures::select
    futures::select_biased! { _ = ready(1) => {} } // futures::select_biased
    let _ = futures::try_join!(ready(Ok::<u8, u8>(1))); // futures::try_join
    std::dbg!(1); // std::dbg
    eprint!("a"); // std::eprint
    eprintln!("a"); // std::eprintln
    print!("a"); // std::print
    println!("a"); // std::println
}

pub fn map_drain() {
    let (mut map, _) = hashes();
    let _ = map.drain(); // std::collections::HashMap::drain
}

pub fn map_into_keys() {
    let (map, _) = hashes();
    let _ = map.into_keys(); // std::collections::HashMap::into_keys
}

pub fn map_into_values() {
    let (map, _) = hashes();
    let _ = map.into_values(); // std::collections::HashMap::into_values
}

pub fn map_iter() {
    let (map, _) = hashes();
    let _ = map.iter(); // std::collections::HashMap::iter
}

pub fn map_iter_mut() {
    let (mut map, _) = hashes();
    let _ = map.iter_mut(); // std::collections::HashMap::iter_mut
}

pub fn map_keys() {
    let (map, _) = hashes();
    let _ = map.keys(); // std::collections::HashMap::keys
}

pub fn map_retain() {
    let (mut map, _) = hashes();
    map.retain(|_, _| true); // std::collections::HashMap::retain
}

pub fn map_values() {
    let (map, _) = hashes();
    let _ = map.values(); // std::collections::HashMap::values
}

pub fn map_values_mut() {
    let (mut map, _) = hashes();
    let _ = map.values_mut(); // std::collections::HashMap::values_mut
}

pub fn set_drain() {
    let (_, mut set) = hashes();
    let _ = set.drain(); // std::collections::HashSet::drain
}

pub fn set_iter() {
    let (_, set) = hashes();
    let _ = set.iter(); // std::collections::HashSet::iter
}

pub fn set_retain() {
    let (_, mut set) = hashes();
    set.retain(|_| true); // std::collections::HashSet::retain
}

pub fn looping() {
    let (map, _) = hashes();
    for _ in &map {} // iter_over_hash_type
}

pub struct Types(
    pub Option<std::time::Instant>, // std::time::Instant
    pub Option<tokio::time::Instant>, // tokio::time::Instant
    pub Option<std::hash::RandomState>, // std::hash::RandomState
    pub Option<rand::rngs::ThreadRng>, // rand::rngs::ThreadRng
    pub Option<rand::rngs::OsRng>, // rand::rngs::OsRng
    pub Option<fastrand::Rng>, // fastrand::Rng
    pub Option<std::fs::File>, // std::fs::File
    pub Option<std::fs::OpenOptions>, // std::fs::OpenOptions
    pub Option<std::net::TcpListener>, // std::net::TcpListener
    pub Option<std::net::TcpStream>, // std::net::TcpStream
    pub Option<std::net::UdpSocket>, // std::net::UdpSocket
    pub Option<std::os::unix::net::UnixStream>, // std::os::unix::net::UnixStream
    pub Option<std::os::unix::net::UnixListener>, // std::os::unix::net::UnixListener
    pub Option<std::os::unix::net::UnixDatagram>, // std::os::unix::net::UnixDatagram
    pub Option<std::process::Command>, // std::process::Command
    pub Option<tokio::fs::File>, // tokio::fs::File
    pub Option<tokio::fs::OpenOptions>, // tokio::fs::OpenOptions
    pub Option<tokio::net::TcpListener>, // tokio::net::TcpListener
    pub Option<tokio::net::TcpStream>, // tokio::net::TcpStream
    pub Option<tokio::net::UdpSocket>, // tokio::net::UdpSocket
    pub Option<tokio::net::UnixStream>, // tokio::net::UnixStream
    pub Option<tokio::process::Command>, // tokio::process::Command
    pub Option<reqwest::Client>, // reqwest::Client
    pub Option<reqwest::blocking::Client>, // reqwest::blocking::Client
    pub Option<std::thread::Builder>, // std::thread::Builder
    pub Option<std::sync::Condvar>, // std::sync::Condvar
    pub Option<std::sync::Barrier>, // std::sync::Barrier
    pub Option<std::sync::mpsc::Receiver<u8>>, // std::sync::mpsc::Receiver
    pub Option<tokio::runtime::Runtime>, // tokio::runtime::Runtime
    pub Option<tokio::runtime::Handle>, // tokio::runtime::Handle
    pub Option<tokio::task::JoinSet<u8>>, // tokio::task::JoinSet
    pub Option<tokio::task::JoinHandle<u8>>, // tokio::task::JoinHandle
    pub Option<tokio::sync::Barrier>, // tokio::sync::Barrier
    pub Option<tokio::sync::Mutex<u8>>, // tokio::sync::Mutex
    pub Option<tokio::sync::Notify>, // tokio::sync::Notify
    pub Option<tokio::sync::OnceCell<u8>>, // tokio::sync::OnceCell
    pub Option<tokio::sync::RwLock<u8>>, // tokio::sync::RwLock
    pub Option<tokio::sync::Semaphore>, // tokio::sync::Semaphore
    pub Option<tokio::sync::broadcast::Receiver<u8>>, // tokio::sync::broadcast::Receiver
    pub Option<tokio::sync::mpsc::Receiver<u8>>, // tokio::sync::mpsc::Receiver
    pub Option<tokio::sync::mpsc::UnboundedReceiver<u8>>, // tokio::sync::mpsc::UnboundedReceiver
    pub Option<tokio::sync::oneshot::Receiver<u8>>, // tokio::sync::oneshot::Receiver
    pub Option<tokio::sync::watch::Receiver<u8>>, // tokio::sync::watch::Receiver
    pub Option<std::collections::HashMap<u8, u8>>, // std::collections::HashMap
    pub Option<std::collections::HashSet<u8>>, // std::collections::HashSet
    pub Option<futures::stream::FuturesOrdered<Ready<u8>>>, // futures::stream::FuturesOrdered
    pub Option<futures::stream::FuturesUnordered<Ready<u8>>>, // futures::stream::FuturesUnordered
);
