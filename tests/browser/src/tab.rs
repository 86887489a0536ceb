//! A tab: what somebody sees and does in it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{pipe::Pipe, watch::Watch};

/// How long a page may take to become as it should.
const LIMIT: Duration = Duration::from_secs(20);

/// How long to wait before looking again: a look costs the browser something too.
const STEP: Duration = Duration::from_millis(25);

/// A tab of a [`Visitor`](crate::Visitor). Every wait has a limit; what doesn't happen in time fails
/// the test and shows the page.
#[derive(Debug)]
pub struct Tab {
    pipe: Arc<Pipe>,
    watch: Arc<Watch>,
    target: String,
    session: String,
    origin: String,
}

/// What the reader's system prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// Where an element is, once it can be pressed: the middle of what `find` yields.
const PLACE: &str = "(() => {
  const it = FIND;
  if (!it || it.disabled) return null;
  it.scrollIntoView({block: 'center', inline: 'nearest', behavior: 'instant'});
  const box = it.getBoundingClientRect();
  if (!box.width || !box.height) return null;
  return [box.x + box.width / 2, box.y + box.height / 2];
})()";

impl Tab {
    pub(crate) fn new(
        (pipe, watch): (Arc<Pipe>, Arc<Watch>),
        target: String,
        session: String,
        origin: String,
    ) -> Self {
        Self { pipe, watch, target, session, origin }
    }

    /// Begins to follow what happens in it.
    pub(crate) async fn begin(&self) {
        for method in ["Page.enable", "Runtime.enable", "Log.enable"] {
            self.call(method, json!({})).await;
        }
        // Keys reach the tab though other tests have windows too.
        self.call("Emulation.setFocusEmulationEnabled", json!({"enabled": true})).await;
    }

    /// Opens an address of the site, and waits until it has been loaded.
    ///
    /// # Panics
    /// It can't be reached.
    pub async fn go(&self, path: &str) {
        let answer =
            self.call("Page.navigate", json!({"url": format!("{}{path}", self.origin)})).await;
        assert!(answer.get("errorText").is_none(), "{path}: {}", answer["errorText"]);
        self.until("the page to load", "document.readyState === 'complete'").await;
    }

    /// [`go`](Self::go), with an answer if the browser asks for a name and a password; how often it
    /// has asked.
    pub(crate) async fn go_as(&self, name: &str, secret: &str, path: &str) -> u32 {
        self.watch.answer_with(name, secret);
        self.call("Fetch.enable", json!({"handleAuthRequests": true})).await;
        self.go(path).await;
        self.call("Fetch.disable", json!({})).await;
        self.watch.asked()
    }

    /// Every page that it opens from now on runs this first.
    pub async fn every_page_runs(&self, script: &str) {
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({"source": script})).await;
    }

    /// What an expression of the page's own language yields, awaited.
    ///
    /// # Panics
    /// It throws.
    pub async fn eval(&self, expression: &str) -> Value {
        let value = self.try_eval(expression).await;
        value.unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// The same; while a page makes place for another, there is nothing to ask.
    async fn try_eval(&self, expression: &str) -> Result<Value, String> {
        let params = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut answer = self.pipe.call(Some(&self.session), "Runtime.evaluate", params).await?;
        match answer["exceptionDetails"].take() {
            Value::Null => Ok(answer["result"]["value"].take()),
            thrown => Err(thrown["exception"]["description"].to_string()),
        }
    }

    /// Waits until an expression holds: it yields neither nothing, `false`, nor an empty text. What
    /// it yields.
    ///
    /// # Panics
    /// It doesn't in time; the message has the page's text.
    pub async fn until(&self, what: &str, expression: &str) -> Value {
        let began = Instant::now();
        loop {
            let value = self.try_eval(expression).await.unwrap_or_default();
            if !matches!(&value, Value::Null | Value::Bool(false)) && value != "" {
                return value;
            }
            if began.elapsed() > LIMIT {
                let (path, text) = (self.path().await, self.text().await);
                panic!("waited {LIMIT:?} for {what} at {path}:\n{text}");
            }
            tokio::time::sleep(STEP).await;
        }
    }

    /// Waits until the page shows a text.
    ///
    /// # Panics
    /// It doesn't in time.
    pub async fn shows(&self, text: &str) {
        let expression = format!("document.body.innerText.includes({})", json!(text));
        self.until(&format!("{text:?}"), &expression).await;
    }

    /// Waits until the page shows a text no more.
    ///
    /// # Panics
    /// It still does.
    pub async fn shows_no(&self, text: &str) {
        let expression = format!("!document.body.innerText.includes({})", json!(text));
        self.until(&format!("no {text:?}"), &expression).await;
    }

    /// All text that can be seen.
    pub async fn text(&self) -> String {
        let text = self.try_eval("document.body.innerText").await.unwrap_or_default();
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Its address, without the site's.
    pub async fn path(&self) -> String {
        let path = self.try_eval("location.pathname + location.search").await.unwrap_or_default();
        path.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until its address begins so, and it has been loaded.
    ///
    /// # Panics
    /// It doesn't in time.
    pub async fn is_at(&self, path: &str) {
        let expression = format!(
            "(location.pathname + location.search).startsWith({}) && document.readyState === 'complete'",
            json!(path)
        );
        self.until(path, &expression).await;
    }

    /// Presses the first element that a CSS selector finds, with the mouse.
    ///
    /// # Panics
    /// There is none that can be seen.
    pub async fn press(&self, selector: &str) {
        self.press_found(selector, &format!("document.querySelector({})", json!(selector))).await;
    }

    /// Presses the button or link with these words.
    ///
    /// # Panics
    /// There is none that can be seen.
    pub async fn press_words(&self, words: &str) {
        let find = format!(
            "[...document.querySelectorAll('a, button, summary')]\
             .find((it) => it.innerText.trim() === {})",
            json!(words)
        );
        self.press_found(words, &find).await;
    }

    async fn press_found(&self, what: &str, find: &str) {
        let place = self.until(&format!("{what} to press"), &PLACE.replace("FIND", find)).await;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Puts a text into a field in place of what is there, as if it was typed.
    ///
    /// # Panics
    /// There is no such field.
    pub async fn fill(&self, selector: &str, text: &str) {
        self.press(selector).await;
        self.eval(&format!("document.querySelector({}).select()", json!(selector))).await;
        self.call("Input.insertText", json!({"text": text})).await;
    }

    /// Presses keys, one after the other; `\r` is Enter.
    pub async fn keys(&self, keys: &str) {
        for key in keys.chars() {
            let (name, code) =
                if key == '\r' { ("Enter".to_owned(), 13) } else { (key.to_string(), 0) };
            let down = json!({
                "type": "keyDown", "key": name, "text": key, "windowsVirtualKeyCode": code,
            });
            self.call("Input.dispatchKeyEvent", down).await;
            self.call("Input.dispatchKeyEvent", json!({"type": "keyUp", "key": name})).await;
        }
    }

    /// How wide and high its window is, in pixels.
    pub async fn has_size(&self, width: u32, height: u32) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.call("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// What the reader's system prefers.
    pub async fn prefers(&self, scheme: Scheme) {
        let value = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let features = json!([{"name": "prefers-color-scheme", "value": value}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    /// What the window shows, as a PNG.
    ///
    /// # Panics
    /// The browser makes none.
    pub async fn picture(&self) -> Vec<u8> {
        let picture = self.call("Page.captureScreenshot", json!({"format": "png"})).await;
        STANDARD.decode(picture["data"].as_str().expect("a picture")).expect("base64")
    }

    /// Dialogs, errors of scripts, and what the content security policy forbade, since the tab is
    /// there.
    #[must_use]
    pub fn troubles(&self) -> Vec<String> {
        self.watch.troubles()
    }

    async fn call(&self, method: &str, params: Value) -> Value {
        let answer = self.pipe.call(Some(&self.session), method, params).await;
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        self.pipe.forget(&self.session);
        self.pipe.send(None, "Target.closeTarget", json!({"targetId": self.target}));
    }
}
