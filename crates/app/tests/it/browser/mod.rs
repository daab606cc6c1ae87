//! What a browser needs beside the contract: the app's pages, a session in cookies, and people's own data in their hands.

mod own_data;
mod pages;
mod session;

use std::collections::BTreeMap;

use marquee_testkit::{Answer, Client, Site};
use reqwest::Method;
use serde_json::Value;

/// A browser: keeps the cookies that it is given and sends them along.
struct Browser {
    client: Client,
    jar: BTreeMap<String, String>,
}

impl Browser {
    fn of(site: &Site) -> Self {
        Self { client: site.anonymous(), jar: BTreeMap::new() }
    }

    /// A page of ours calls.
    async fn call(&mut self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let ours = [("x-marquee-csrf", "1"), ("sec-fetch-site", "same-origin")];
        self.call_with(method, path, &ours, body).await
    }

    /// Some page calls.
    async fn call_with(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let mut request = self.client.request(method, path).header("cookie", &self.cookie());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = match &body {
            Some(body) => request.json(body).send().await,
            None => request.send().await,
        };
        self.keep(&answer);
        answer
    }

    fn keep(&mut self, answer: &Answer) {
        for (name, value, words) in answer.cookies() {
            match words.contains("Max-Age=0;") {
                true => drop(self.jar.remove(&name)),
                false => drop(self.jar.insert(name, value)),
            }
        }
    }

    fn cookie(&self) -> String {
        self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }
}
