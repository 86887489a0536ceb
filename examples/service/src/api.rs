//! The API: orders are taken at once, and done later.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jobqueue::{Client, Error, JobState, error::Refused};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::jobs::{Order, fulfil};

/// The routes.
pub fn router(client: Client) -> Router {
    Router::new()
        .route("/orders", post(order))
        .route("/orders/{id}", get(look))
        .route("/orders/{id}/paid", post(paid))
        .with_state(client)
}

/// What goes wrong, as an answer.
#[derive(Debug)]
struct Problem(StatusCode, String);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = match &error {
            // Redis is away, or the queue is full: the same request may succeed later.
            Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Error::Refused(Refused::NotFound { .. }) => StatusCode::NOT_FOUND,
            Error::Refused(_) => StatusCode::CONFLICT,
            Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        // Nothing of the inside goes out with an error of ours.
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(%error, "a request failed");
            return Self(status, "something went wrong here".to_owned());
        }
        Self(status, error.to_string())
    }
}

#[derive(Serialize)]
struct Taken {
    id: String,
    /// Whether the order was there already.
    existed: bool,
}

/// Takes an order. With an `Idempotency-Key` the same request may be sent again.
async fn order(
    State(client): State<Client>,
    headers: HeaderMap,
    Json(order): Json<Order>,
) -> Result<(StatusCode, Json<Taken>), Problem> {
    if order.cents == 0 {
        let what = "an order of nothing: give `cents`".to_owned();
        return Err(Problem(StatusCode::UNPROCESSABLE_ENTITY, what));
    }
    let customer = order.customer.clone();
    let mut add = client.add(fulfil, order).tag(format!("customer:{customer}"));
    if let Some(key) = headers.get("idempotency-key") {
        let key = key.to_str().map_err(|_| {
            let what = "the header `idempotency-key` is no text".to_owned();
            Problem(StatusCode::UNPROCESSABLE_ENTITY, what)
        })?;
        add = add.id(key);
    }
    let job = add.await?;
    let taken = Taken { id: job.id().to_string(), existed: job.existed() };
    Ok((StatusCode::ACCEPTED, Json(taken)))
}

#[derive(Serialize)]
struct Progress {
    state: JobState,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// How far an order is.
async fn look(
    State(client): State<Client>,
    Path(id): Path<String>,
) -> Result<Json<Progress>, Problem> {
    let id: jobqueue::JobId = id.parse().map_err(Error::from)?;
    let info = client.queue("orders")?.job(id).info().await?;
    let receipt = info.result().ok().flatten();
    let error = info.errors.first().map(|error| error.message.clone());
    Ok(Json(Progress { state: info.state, receipt, error }))
}

#[derive(Deserialize)]
struct Payment {
    when: String,
}

/// A customer has paid: the order goes on.
async fn paid(
    State(client): State<Client>,
    Path(id): Path<String>,
    Json(payment): Json<Payment>,
) -> Result<StatusCode, Problem> {
    let id: jobqueue::JobId = id.parse().map_err(Error::from)?;
    client.queue("orders")?.job(id).signal("paid", &payment.when).await?;
    Ok(StatusCode::NO_CONTENT)
}
