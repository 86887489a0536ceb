//! What is noticed in a tab while a test does something else.

use std::sync::Mutex;

use serde_json::{Value, json};

use crate::pipe::{Pipe, lock};

/// Follows the events of one tab, on the thread that reads them.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    troubles: Mutex<Vec<String>>,
    sign_in: Mutex<Option<SignIn>>,
}

/// What is typed when the browser asks for a name and a password.
#[derive(Debug)]
struct SignIn {
    name: String,
    secret: String,
    /// How often it was asked for. The second time, it was wrong.
    asked: u32,
}

impl Watch {
    /// Has an answer for when the browser asks who it is.
    pub(crate) fn answer_with(&self, name: &str, secret: &str) {
        let (name, secret) = (name.to_owned(), secret.to_owned());
        *lock(&self.sign_in) = Some(SignIn { name, secret, asked: 0 });
    }

    /// How often the browser has asked who it is since there was an answer.
    pub(crate) fn asked(&self) -> u32 {
        lock(&self.sign_in).as_ref().map_or(0, |it| it.asked)
    }

    /// Dialogs, errors of scripts, and what the content security policy forbade.
    pub(crate) fn troubles(&self) -> Vec<String> {
        lock(&self.troubles).clone()
    }

    pub(crate) fn hear(&self, pipe: &Pipe, session: &str, method: &str, params: &Value) {
        match method {
            "Page.javascriptDialogOpening" => {
                self.note(format!("a dialog: {}", params["message"]));
                // Nothing else happens in the tab until it is answered.
                let answer = json!({"accept": false});
                pipe.send(Some(session), "Page.handleJavaScriptDialog", answer);
            }
            "Runtime.exceptionThrown" => {
                let details = &params["exceptionDetails"];
                let said = details["exception"]["description"].as_str();
                self.note(format!("a script failed: {}", said.unwrap_or(&details.to_string())));
            }
            "Log.entryAdded" if params["entry"]["source"] == "security" => {
                self.note(format!("a violation: {}", params["entry"]["text"]));
            }
            "Fetch.requestPaused" => {
                let request = json!({"requestId": params["requestId"]});
                pipe.send(Some(session), "Fetch.continueRequest", request);
            }
            "Fetch.authRequired" => {
                let answer = json!({
                    "requestId": params["requestId"],
                    "authChallengeResponse": self.challenged(),
                });
                pipe.send(Some(session), "Fetch.continueWithAuth", answer);
            }
            _ => {}
        }
    }

    fn challenged(&self) -> Value {
        match &mut *lock(&self.sign_in) {
            Some(SignIn { name, secret, asked }) => {
                *asked += 1;
                if *asked == 1 {
                    json!({"response": "ProvideCredentials", "username": name, "password": secret})
                } else {
                    json!({"response": "CancelAuth"})
                }
            }
            None => json!({"response": "CancelAuth"}),
        }
    }

    fn note(&self, trouble: String) {
        lock(&self.troubles).push(trouble);
    }
}
