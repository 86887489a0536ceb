//! The program `account`: what a process of an account does with its arguments.

use tokio::signal::unix::{SignalKind, signal};

use super::{Order, Shift, connect, fanout, flows, note::Book};

/// Runs as the worker, producer, publisher or receiver that the arguments describe.
///
/// # Errors
/// Invalid arguments, or an error of the worker or the client.
pub async fn run_child(arguments: &[String]) -> Result<(), String> {
    let [mode, url, prefix, notes, rest @ ..] = arguments else {
        return Err("it is started by tests: work|produce|publish|receive|keep URL PREFIX NOTES …"
            .to_owned());
    };
    // Handled from the first moment on, so that a process told to end before it began ends well.
    let terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let client = loop {
        // It may be started while the server is down.
        match connect(url, prefix).await {
            Ok(client) => break client,
            Err(error) if error.is_retryable() => {}
            Err(error) => return Err(error.to_string()),
        }
    };
    let book = Book::open(notes.as_ref());
    match mode.as_str() {
        "work" => {
            // The worker handles signals itself.
            drop(terminate);
            let shift = Shift::parse(rest).ok_or("no such shift")?;
            shift.work(client, book).await.map_err(|error| error.to_string())
        }
        "produce" => {
            let order = Order::parse(rest).ok_or("no such order")?;
            order.produce(client, book, terminate).await;
            Ok(())
        }
        "publish" => {
            fanout::publish(client, book).await;
            Ok(())
        }
        "receive" => {
            drop(terminate);
            fanout::receive(client).await.map_err(|error| error.to_string())
        }
        "start-flows" => {
            flows::start(client, book, terminate).await;
            Ok(())
        }
        "run-nodes" => {
            drop(terminate);
            flows::run(client, book).await.map_err(|error| error.to_string())
        }
        "keep" => {
            // It only has a client: of a folder, whose server it may be.
            let mut terminate = terminate;
            terminate.recv().await;
            drop(client);
            Ok(())
        }
        other => Err(format!("no mode {other}")),
    }
}
