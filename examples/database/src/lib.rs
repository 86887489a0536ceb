//! What the programs have in common: the connection to Redis, and a database.

use jobqueue::{Client, Result};
use sqlx::{SqlitePool, sqlite::SqlitePoolOptions};

/// Connects to `REDIS_URL`, or to a server in the process itself.
///
/// # Errors
/// Redis can't be reached.
pub async fn connect() -> Result<Client> {
    let url = std::env::var("REDIS_URL").unwrap_or_else(|_| "embedded:".to_owned());
    Client::connect(&url).await
}

/// A database in memory with these tables. It belongs to its connection, hence there is one.
///
/// # Errors
/// The statements are no SQL.
pub async fn database(tables: &str) -> sqlx::Result<SqlitePool> {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
    sqlx::raw_sql(tables).execute(&pool).await?;
    Ok(pool)
}
