//! A local HTTP server with archives to download. It plays its replies in order, one a connection, and is gone after the last.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread::JoinHandle;

use flate2::Compression;
use flate2::write::GzEncoder;
use mainspring_servers::tools::{Archive, Tool};
use sha2::{Digest as _, Sha256};

/// What the program in a good archive says.
pub(crate) const WORDS: &str = "hello version 1.8.9";
pub(crate) const PATH: &str = "maker/hello/releases/download/v1.8.9/hello.tar.gz";

pub(crate) enum Reply {
    Whole(Vec<u8>),
    /// The first half, and then the connection ends.
    Cut(Vec<u8>),
    /// The first half; then a word that it was sent, and silence until the client is gone.
    Hang(Vec<u8>, mpsc::Sender<()>),
    /// So many zeros, without saying before how many.
    Zeros(usize),
    Missing,
    Moved(&'static str),
}

pub(crate) struct Publisher {
    pub(crate) base: String,
    thread: JoinHandle<Vec<String>>,
}

impl Publisher {
    pub(crate) fn new(replies: impl IntoIterator<Item = Reply, IntoIter: Send + 'static>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let replies = replies.into_iter();
        let thread = std::thread::spawn(move || replies.map(|reply| answer(&listener, reply)).collect());
        Self { base, thread }
    }

    /// The paths that were asked for, once every reply was played.
    pub(crate) fn requests(self) -> Vec<String> {
        self.thread.join().unwrap()
    }
}

fn answer(listener: &TcpListener, reply: Reply) -> String {
    let (stream, _) = listener.accept().unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
    let request = lines.next().unwrap();
    assert!(lines.any(|line| line.is_empty()), "the request has an end");
    play(stream, reply);
    request.split(' ').nth(1).unwrap().to_owned()
}

fn play(mut stream: TcpStream, reply: Reply) {
    let begin = |stream: &mut TcpStream, bytes: &[u8], sent: usize| {
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", bytes.len()).unwrap();
        // A client that has refused the download is gone already.
        let _ = stream.write_all(&bytes[..sent]);
    };
    match reply {
        Reply::Whole(bytes) => begin(&mut stream, &bytes, bytes.len()),
        Reply::Cut(bytes) => begin(&mut stream, &bytes, bytes.len() / 2),
        Reply::Hang(bytes, sent) => {
            begin(&mut stream, &bytes, bytes.len() / 2);
            sent.send(()).unwrap();
            let _ = stream.read(&mut [0]);
        }
        Reply::Zeros(count) => {
            write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").unwrap();
            let _ = stream.write_all(&vec![0; count]);
        }
        Reply::Missing => write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").unwrap(),
        Reply::Moved(path) => {
            let address = stream.local_addr().unwrap();
            let location = format!("Location: http://{address}{path}");
            write!(stream, "HTTP/1.1 302 Found\r\n{location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                .unwrap();
        }
    }
}

/// A `.tar.gz` as releases have it: a licence, and the program.
pub(crate) fn archive(program: &str) -> Vec<u8> {
    let script = format!("#!/bin/sh\necho {WORDS}\n");
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, content) in [("LICENSE", "Do what you like.\n"), (program, &script)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, name, content.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

pub(crate) fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// This machine, as archives name it.
pub(crate) fn platform() -> String {
    let system = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
    let processor = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };
    format!("{system}_{processor}")
}

/// A tool that is published as this archive.
pub(crate) fn hello(archive: &[u8]) -> Tool {
    Tool::new("Hello", "hello", "1.8.9").archive(Archive::new(platform(), PATH, sum(archive)))
}
