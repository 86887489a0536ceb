//! The assertions.

/// Asserts that a job of this handler waits or is delayed: with a payload that fits, if a closure
/// on it is given; due after a time, give or take a second, if `due_in` is; and so many of them,
/// exactly, if `count` is.
///
/// ```
/// # use jobqueue::{job, testing::{assert_enqueued, refute_enqueued, TestQueue}, DurationExt, Error};
/// #[job(queue = "mails")]
/// async fn welcome(user: u64) {
///     println!("welcome, {user}");
/// }
///
/// #[jobqueue::test]
/// # async fn as_written(_: TestQueue) {}
/// async fn a_user_is_welcomed_the_next_day(app: TestQueue) -> Result<(), Error> {
///     app.client().add(welcome, 7).delay(1.days()).await?;
///     assert_enqueued!(app, welcome);
///     assert_enqueued!(app, welcome, |user| *user == 7);
///     assert_enqueued!(app, welcome, |user| *user == 7, due_in = 1.days());
///     assert_enqueued!(app, welcome, count = 1);
///     refute_enqueued!(app, welcome, |user| *user == 8);
///     Ok(())
/// }
/// # jobqueue::testing::run(a_user_is_welcomed_the_next_day).expect("it passes");
/// ```
///
/// # Panics
/// There is none, or another number of them; the text says what there is.
#[doc(hidden)]
#[macro_export]
macro_rules! __assert_enqueued {
    ($app:expr, $handler:expr $(, $($rest:tt)*)?) => {
        $crate::__enqueued!(true, $app, $handler $(, $($rest)*)?)
    };
}

/// Asserts that no such job waits or is delayed. See [`assert_enqueued!`](super::assert_enqueued).
///
/// # Panics
/// There is one; the text says which.
#[doc(hidden)]
#[macro_export]
macro_rules! __refute_enqueued {
    ($app:expr, $handler:expr $(, $($rest:tt)*)?) => {
        $crate::__enqueued!(false, $app, $handler $(, $($rest)*)?)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __enqueued {
    ($wanted:expr, $app:expr, $handler:expr $(, $what:ident = $value:expr)* $(,)?) => {
        $crate::__enqueued!(@ $wanted, $app, $handler,
            $crate::testing::Expected::default()$(.$what($value))*)
    };
    ($wanted:expr, $app:expr, $handler:expr, $fits:expr $(, $what:ident = $value:expr)* $(,)?) => {
        $crate::__enqueued!(@ $wanted, $app, $handler,
            $crate::testing::Expected::default().payload($fits)$(.$what($value))*)
    };
    (@ $wanted:expr, $app:expr, $handler:expr, $expected:expr) => {
        if let Err(text) = $app.find_enqueued($handler, $expected, $wanted).await {
            panic!("{text}");
        }
    };
}

/// Asserts that such a message was published since the test began: to this topic, under a routing
/// key that fits this pattern, if one is given, and with a payload that fits, if a closure on it is.
/// `count` says how many there are, exactly.
///
/// ```
/// # use jobqueue::{testing::{assert_published, refute_published, TestQueue}, Error};
/// #[jobqueue::test]
/// # async fn as_written(_: TestQueue) {}
/// async fn a_user_is_announced(app: TestQueue) -> Result<(), Error> {
///     app.client().publish("users", "user.created", 7_u64).await?;
///     assert_published!(app, "users");
///     assert_published!(app, "users", "user.*", count = 1);
///     assert_published!(app, "users", "user.created", |id: &u64| *id == 7);
///     refute_published!(app, "users", "user.deleted");
///     Ok(())
/// }
/// # jobqueue::testing::run(a_user_is_announced).expect("it passes");
/// ```
///
/// # Panics
/// There is none, or another number of them; the text says what there is.
#[doc(hidden)]
#[macro_export]
macro_rules! __assert_published {
    ($app:expr, $topic:expr $(, $($rest:tt)*)?) => {
        $crate::__published!(true, $app, $topic $(, $($rest)*)?)
    };
}

/// Asserts that no such message was published. See [`assert_published!`](super::assert_published).
///
/// # Panics
/// There is one; the text says which.
#[doc(hidden)]
#[macro_export]
macro_rules! __refute_published {
    ($app:expr, $topic:expr $(, $($rest:tt)*)?) => {
        $crate::__published!(false, $app, $topic $(, $($rest)*)?)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __published {
    ($wanted:expr, $app:expr, $topic:expr $(, count = $count:expr)? $(,)?) => {
        $crate::__published!(@ $wanted, $app, $topic,
            $crate::testing::ExpectedMessage::any("#")$(.count($count))?)
    };
    ($wanted:expr, $app:expr, $topic:expr, $key:expr $(, count = $count:expr)? $(,)?) => {
        $crate::__published!(@ $wanted, $app, $topic,
            $crate::testing::ExpectedMessage::any($key)$(.count($count))?)
    };
    ($wanted:expr, $app:expr, $topic:expr, $key:expr, $fits:expr
        $(, count = $count:expr)? $(,)?) => {
        $crate::__published!(@ $wanted, $app, $topic,
            $crate::testing::ExpectedMessage::with($key, $fits)$(.count($count))?)
    };
    (@ $wanted:expr, $app:expr, $topic:expr, $expected:expr) => {
        if let Err(text) = $app.find_published($topic, &$expected, $wanted) {
            panic!("{text}");
        }
    };
}
