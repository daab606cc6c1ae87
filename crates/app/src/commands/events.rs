//! `marquee events`: what is on Kafka.

use std::io::Write;
use std::process::ExitCode;

use marquee_bus::kafka::{Beginning, DeadLetter, Error, Kafka, Reader};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::say;
use crate::config::BadSetting;
use crate::{Config, StartError};

/// `marquee events tail`.
pub(super) async fn tail(config: &Config, from_oldest: bool, dead: bool) -> Result<ExitCode, StartError> {
    let kafka = configured(config)?;
    let topic = if dead { kafka.dead_letters() } else { kafka.topic().to_owned() };
    let from = if from_oldest { Beginning::Oldest } else { Beginning::Next };
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| StartError::part("signals", error))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| StartError::part("signals", error))?;
    let printing = async {
        let reader = kafka.read(&topic, from).await?;
        print(&reader, dead).await
    };
    tokio::select! {
        printed = printing => printed.map_err(|error| StartError::part("events", error))?,
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints until Kafka says something that waiting does not mend, or nobody reads any more.
async fn print(reader: &Reader, dead: bool) -> Result<(), Error> {
    loop {
        let record = reader.next().await?;
        let line = if dead { dead_letter(record.into()).to_string().into_bytes() } else { record.value };
        let mut output = std::io::stdout().lock();
        if output.write_all(&line).and_then(|()| output.write_all(b"\n")).and_then(|()| output.flush()).is_err() {
            return Ok(());
        }
    }
}

fn dead_letter(dead: DeadLetter) -> Value {
    let DeadLetter { consumer, problem, tries, partition, offset, value } = dead;
    // What is no JSON is most likely why it is dead.
    let event: Value =
        serde_json::from_slice(&value).unwrap_or_else(|_| String::from_utf8_lossy(&value).as_ref().into());
    json!({
        "consumer": consumer, "problem": problem, "tries": tries, "partition": partition, "offset": offset, "event": event,
    })
}

/// `marquee events replay`.
pub(super) async fn replay(config: &Config) -> Result<ExitCode, StartError> {
    let replayed = configured(config)?.replay_dead_letters().await;
    say(&format!("{} sent back", replayed.map_err(|error| StartError::part("events", error))?));
    Ok(ExitCode::SUCCESS)
}

fn configured(config: &Config) -> Result<&Kafka, StartError> {
    let problem = "must be set: there are events on a Kafka alone".to_owned();
    config.kafka.as_ref().ok_or_else(|| BadSetting { name: "MARQUEE_KAFKA_BROKERS".to_owned(), problem }.into())
}
