// SPDX-License-Identifier: GPL-2.0

//! A pool of workers: each line is a job, done by whichever worker is free; the results are printed
//! as they come.
//!
//! All workers receive from one queue, each one message at a time, so a slow job holds up one
//! worker only. Whoever sends waits for room, so no job and no result is lost however few messages
//! a queue holds. Both queues belong to this one process.
//!
//!     worker_pool WORKERS <JOBS

use std::env;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use mq_client::{Buffer, Device, Error, Name, Outgoing, Registration, Result};

/// What is done with a job: here, its words are counted.
fn work(job: &str) -> String {
    format!("{} words: {job}", job.split_whitespace().count())
}

fn worker(jobs: &Registration, results: Name) -> Result {
    let mut buffer = Buffer::new();
    loop {
        let job = jobs.receive(&mut buffer)?;
        let result = work(&String::from_utf8_lossy(&job.text));
        jobs.post(&Outgoing::to(results, &result).wait_for_room())?;
    }
}

fn run(workers: usize) -> Result {
    let jobs = Arc::new(Device::open()?.register("jobs".parse()?)?);
    let results = Arc::new(Device::open()?.register("results".parse()?)?);
    // All threads end with the process.
    for _ in 0..workers {
        let (jobs, results) = (Arc::clone(&jobs), results.name());
        thread::spawn(move || worker(&jobs, results));
    }

    let lines: io::Result<Vec<String>> = io::stdin().lines().collect();
    let lines = lines.map_err(Error::System)?;
    let number = lines.len();
    let feeder = Arc::clone(&results);
    thread::spawn(move || {
        let mut lines = lines.iter();
        lines.try_for_each(|line| feeder.post(&Outgoing::to(jobs.name(), line).wait_for_room()))
    });
    for result in results.messages().take(number) {
        println!("{}", String::from_utf8_lossy(&result?.text));
    }
    Ok(())
}

fn main() -> ExitCode {
    let Some(workers) = env::args().nth(1).and_then(|number| number.parse().ok()) else {
        println!("usage: worker_pool WORKERS <JOBS");
        return ExitCode::FAILURE;
    };
    match run(workers) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("worker_pool: {error}");
            ExitCode::FAILURE
        }
    }
}
