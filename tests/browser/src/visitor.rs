//! Somebody who uses the browser.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{chromium, pipe::Pipe, tab::Tab, watch::Watch};

/// Somebody who looks at one site, with cookies and a sign-in of their own. What they have open is
/// closed when this is dropped.
#[derive(Debug)]
pub struct Visitor {
    pipe: Arc<Pipe>,
    /// Where the browser keeps what is theirs.
    context: String,
    origin: String,
}

impl Visitor {
    /// Somebody new, who isn't signed in.
    pub(crate) async fn new(origin: String) -> Self {
        let pipe = chromium::pipe();
        let made = browser(&pipe, "Target.createBrowserContext", json!({})).await;
        Self { pipe, context: text(&made["browserContextId"]), origin }
    }

    /// A new tab in a window of its own, so that it is as visible as all others.
    pub async fn tab(&self) -> Tab {
        let target = json!({
            "url": "about:blank",
            "browserContextId": self.context,
            "newWindow": true,
            "width": 1280,
            "height": 800,
        });
        let target = text(&browser(&self.pipe, "Target.createTarget", target).await["targetId"]);
        let attach = json!({"targetId": target, "flatten": true});
        let session =
            text(&browser(&self.pipe, "Target.attachToTarget", attach).await["sessionId"]);
        let watch = Arc::new(Watch::default());
        self.pipe.watch(&session, watch.clone());
        let tab = Tab::new((self.pipe.clone(), watch), target, session, self.origin.clone());
        tab.begin().await;
        tab
    }

    /// Opens the first page and types a name and a password when the browser asks, once. The tab, and
    /// how often the browser has asked.
    ///
    /// # Panics
    /// The page doesn't open.
    pub async fn sign_in(&self, name: &str, secret: &str) -> (Tab, u32) {
        let tab = self.tab().await;
        let asked = tab.go_as(name, secret, "/").await;
        (tab, asked)
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        let context = json!({"browserContextId": self.context});
        self.pipe.send(None, "Target.disposeBrowserContext", context);
    }
}

async fn browser(pipe: &Pipe, method: &str, params: Value) -> Value {
    let answer = pipe.call(None, method, params).await;
    answer.unwrap_or_else(|error| panic!("{method}: {error}"))
}

fn text(value: &Value) -> String {
    value.as_str().expect("the protocol has a text here").to_owned()
}
