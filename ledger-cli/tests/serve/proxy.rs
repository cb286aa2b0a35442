//! Things between a client and a server.
#![allow(
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::large_stack_arrays,
    clippy::format_push_string,
    clippy::unused_self,
    clippy::cast_possible_truncation,
    clippy::type_complexity,
    reason = "each test uses its part; a test stops at the first surprise"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Passes everything on, but closes the connection in the place of the first answers to what was
/// posted: the server has done what it was asked, and nobody hears of it.
pub struct Cutting {
    pub url: String,
    cuts: Arc<AtomicUsize>,
}

impl Cutting {
    pub fn start(server: &str, times: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let cuts = Arc::new(AtomicUsize::new(0));
        let (server, counter) = (server.to_owned(), Arc::clone(&cuts));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (server, counter) = (server.clone(), Arc::clone(&counter));
                std::thread::spawn(move || pass(client.unwrap(), &server, &counter, times));
            }
        });
        Self { url, cuts }
    }

    pub fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }
}

fn pass(mut client: TcpStream, server: &str, cuts: &AtomicUsize, times: usize) {
    let mut server = TcpStream::connect(server).unwrap();
    let mut piece = [0; 65536];
    loop {
        let mut request = Vec::new();
        while !complete(&request) {
            match client.read(&mut piece) {
                Ok(count) if count > 0 => request.extend_from_slice(&piece[..count]),
                _ => return,
            }
        }
        server.write_all(&request).unwrap();
        let mut answer = Vec::new();
        while !complete(&answer) {
            match server.read(&mut piece) {
                Ok(count) if count > 0 => answer.extend_from_slice(&piece[..count]),
                _ => return,
            }
        }
        if request.starts_with(b"POST") && cuts.load(Ordering::SeqCst) < times {
            cuts.fetch_add(1, Ordering::SeqCst);
            // half of the head, and then nothing
            let _ = client.write_all(&answer[..20]);
            let _ = client.shutdown(Shutdown::Both);
            return;
        }
        if client.write_all(&answer).is_err() {
            return;
        }
    }
}

fn complete(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.split("content-length: ").nth(1).map_or(0, crate::machine::number);
    bytes.len() as u64 >= head.len() as u64 + 4 + length
}

/// A proxy that takes `CONNECT` for any host, and always reaches the same server.
pub struct Forward {
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Forward {
    pub fn start(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (server, list) = (server.to_owned(), Arc::clone(&asked));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let mut client = client.unwrap();
                let mut lines = BufReader::new(client.try_clone().unwrap());
                let mut first = String::new();
                lines.read_line(&mut first).unwrap();
                list.lock().unwrap().push(first.split(' ').nth(1).unwrap().to_owned());
                let mut line = String::new();
                while line != "\r\n" {
                    line.clear();
                    lines.read_line(&mut line).unwrap();
                }
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
                let server = TcpStream::connect(&server).unwrap();
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || drop(std::io::copy(&mut from, &mut to)));
                std::thread::spawn(move || drop(std::io::copy(&mut &server, &mut client)));
            }
        });
        Self { url, asked }
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}
