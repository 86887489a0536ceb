//! A shop that bills its users each month, for tests of the testing kit itself: three months of it
//! are one test.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jobqueue::{
    Client, DurationExt as _, Error, Failure, State, dead_letter::DeadLetter, job,
    testing::TestQueue,
};
use serde::{Deserialize, Serialize};

/// What the shop knows of its users.
#[derive(Clone, Default)]
struct Shop(Arc<Mutex<Books>>);

#[derive(Default)]
struct Books {
    declined: BTreeSet<u64>,
    paid: Vec<(u64, u32)>,
    reminded: usize,
    suspended: BTreeSet<u64>,
}

impl Shop {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Serialize, Deserialize)]
struct Bill {
    user: u64,
    month: u32,
}

#[job(queue = "bills", attempts = 3, backoff = fixed("3d"), dead_letter = "unpaid")]
async fn bill(due: Bill, shop: State<Shop>, client: State<Client>) -> Result<(), Failure> {
    let Bill { user, month } = due;
    if shop.books().declined.contains(&user) {
        return Err(Failure::retry("card declined"));
    }
    shop.books().paid.push((user, month));
    let next = month + 1;
    client.0.add(remind, user).delay(27.days()).await?;
    let bill = client.0.add(bill, Bill { user, month: next });
    bill.id(format!("bill-{user}-{next}")).delay(30.days()).await?;
    Ok(())
}

#[job(queue = "mails")]
async fn remind(_: u64, shop: State<Shop>) {
    shop.books().reminded += 1;
}

#[job(queue = "unpaid", name = "dead-letter")]
async fn suspend(dead: DeadLetter, shop: State<Shop>) -> Result<(), Failure> {
    let user = dead.payload::<Bill>()?.user;
    shop.books().suspended.insert(user);
    Ok(())
}

/// Three months of so many users, of whom one stops paying. How many runs that took.
///
/// # Errors
/// Something else happened than should.
pub async fn three_months(app: TestQueue, users: u64) -> Result<usize, Error> {
    let (shop, client) = (Shop::default(), app.client().clone());
    let app = app.handler(bill).handler(remind).handler(suspend);
    let app = app.state(shop.clone()).state(client);
    for user in 1..=users {
        app.client().add(bill, Bill { user, month: 1 }).await?;
    }
    let first = app.advance(29.days()).await?;
    shop.books().declined.insert(users);
    let rest = app.advance(61.days()).await?;
    let books = shop.books();
    let paying = usize::try_from(users - 1).unwrap_or_default();
    assert_eq!(books.paid.len(), paying * 4 + 1, "at once, and after 30, 60 and 90 days");
    assert_eq!(books.reminded, paying * 3 + 1);
    assert_eq!(books.suspended, BTreeSet::from([users]), "after three tries");
    assert_eq!((first.retried + rest.retried, first.failed + rest.failed), (2, 1));
    Ok(first.total() + rest.total())
}
