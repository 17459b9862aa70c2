//! What a stolen copy of the database gives away: no sign-in, in no form; and no way to use one
//! connection's sign-in for another.

use latitude::domain::ids::ConnectionId;
use latitude::http::token::Vault;
use latitude::ops::copy::export;
use latitude::store::tx::Tx;
use latitude::sync::report::RunState;
use latitude::sync::vault::StoreVault;
use secrecy::{ExposeSecret, SecretString};

use super::floor::{Floor, KEY, databases, executed};
use super::schema::{ran, tool};

/// Everything the database's files hold, its log included.
async fn files(database: &str) -> Vec<(String, Vec<u8>)> {
    if let Some(file) = database.strip_prefix("sqlite://") {
        let parts = ["", "-wal", "-shm"].map(|end| format!("{file}{end}"));
        let found = parts.into_iter().filter_map(|part| {
            let bytes = std::fs::read(&part).ok()?;
            Some((part, bytes))
        });
        return found.collect();
    }
    let Some(dump) = tool("pg_dump") else {
        return Vec::new();
    };
    let file = super::floor::folder().join("dump.sql");
    let place = file.to_str().unwrap();
    ran(&dump, &["--file", place, database]);
    vec![(place.to_owned(), std::fs::read(&file).unwrap())]
}

/// The forms in which a secret could stand in a file.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    use base64::Engine as _;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    vec![
        secret.to_vec(),
        BASE64_STANDARD.encode(secret).into_bytes(),
        BASE64_URL_SAFE_NO_PAD.encode(secret).into_bytes(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
    ]
}

#[tokio::test]
async fn no_copy_of_the_database_holds_a_secret() {
    for database in databases().await {
        let mut floor = Floor::laid(&database, 3, Some("authorization_code")).await;
        floor.settings.push_secret = Some("planted-push-secret".into());
        floor.settings.embed_secret = Some("planted-embed-secret".into());
        floor.engine = floor.another(&[KEY]).await;
        floor.sign_in().await;
        floor.set_up().await;
        assert_eq!(floor.reconcile().await.state, RunState::Ok);
        let vault = vault(&floor, &floor.id);
        let tokens = vault.load().await.unwrap().unwrap();
        let settings = &floor.settings;
        let exposed = |it: &SecretString| it.expose_secret().as_bytes().to_vec();
        let given = [
            &settings.client_secret,
            &settings.push_secret,
            &settings.embed_secret,
        ];
        let mut secrets: Vec<Vec<u8>> = given.into_iter().flatten().map(exposed).collect();
        secrets.push(exposed(&tokens.access));
        secrets.push(exposed(&tokens.refresh.unwrap()));
        secrets.push(KEY.to_vec());
        assert_eq!(secrets.len(), 6);

        let mut copies = files(&database).await;
        let mut exports = Vec::new();
        export(&floor.engine.store, &mut exports, floor.env.now())
            .await
            .unwrap();
        copies.push(("the export".to_owned(), exports));

        let looked_through = copies.iter().filter(|(_, bytes)| {
            let name = b"acme";
            bytes.windows(name.len()).any(|part| part == name)
        });
        assert!(
            looked_through.count() > 1,
            "{database}: the log and the export"
        );
        for (place, bytes) in &copies {
            let has = |form: &[u8]| bytes.windows(form.len()).any(|part| part == form);
            for (n, secret) in secrets.iter().enumerate() {
                for form in forms(secret) {
                    assert!(!has(&form), "secret {n} stands in {place}");
                }
            }
        }
    }
}

fn vault(floor: &Floor, id: &ConnectionId) -> StoreVault {
    StoreVault::new(floor.engine.store.clone(), floor.env.clone(), id.clone())
}

async fn sealed(floor: &Floor) -> Vec<u8> {
    let mut tx = floor.engine.store.read().await.unwrap();
    tx.tokens(&floor.id).await.unwrap().unwrap().tokens.unwrap()
}

async fn put(floor: &Floor, sealed: &[u8]) {
    const PUT: &str = "UPDATE connection SET tokens = $1 WHERE id = 'acme'";
    let mut tx = floor.engine.store.write().await.unwrap();
    match &mut tx {
        Tx::Sqlite(tx) => drop(
            sqlx::query(PUT)
                .bind(sealed)
                .execute(&mut **tx)
                .await
                .unwrap(),
        ),
        Tx::Postgres(tx) => drop(
            sqlx::query(PUT)
                .bind(sealed)
                .execute(&mut **tx)
                .await
                .unwrap(),
        ),
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_sign_in_moved_to_another_connection_or_changed_by_a_bit_is_refused() {
    for database in databases().await {
        let floor = Floor::laid(&database, 1, Some("authorization_code")).await;
        floor.sign_in().await;
        executed(
            &floor,
            "INSERT INTO connection (id, crm) VALUES ('other', 'x');
             UPDATE connection SET token_version = 1,
               tokens = (SELECT tokens FROM connection WHERE id = 'acme') WHERE id = 'other'",
        )
        .await;
        let refused = async |id: &ConnectionId| {
            let loaded = vault(&floor, id).load().await;
            loaded.err().and_then(|fault| fault.cause().code.clone())
        };

        assert_eq!(refused(&floor.id).await, None, "its own opens");
        let moved = refused(&ConnectionId::from("other")).await;
        assert_eq!(moved.as_deref(), Some("sealed"));
        let whole = sealed(&floor).await;
        // The name of the key, the nonce, the text, the seal itself.
        for at in [0, 3, 4, 27, 28, whole.len() / 2, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 1 << (at % 8);
            put(&floor, &changed).await;
            let told = refused(&floor.id).await;
            assert_eq!(told.as_deref(), Some("sealed"), "byte {at}");
        }
        for short in [0, 3, 27, 30] {
            put(&floor, &whole[..short]).await;
            assert_eq!(refused(&floor.id).await.as_deref(), Some("sealed"));
        }
        put(&floor, &whole).await;
        assert_eq!(refused(&floor.id).await, None, "and whole again, it does");
    }
}

#[tokio::test]
async fn a_process_with_another_key_does_not_start_and_says_which_sign_in_it_cannot_open() {
    for database in databases().await {
        let floor = Floor::laid(&database, 1, Some("authorization_code")).await;
        floor.sign_in().await;
        let mut config = floor.config();
        config.secrets.key = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=".into();

        let refused = config.store(&floor.env).await.err().unwrap().to_string();
        let key = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
        config.secrets.older_keys.push(key.into());
        let rotated = config.store(&floor.env).await;

        for word in ["secrets.key", "acme", "secrets.older_keys"] {
            assert!(refused.contains(word), "{word} is not in {refused}");
        }
        assert!(rotated.is_ok(), "with the old one beside it, it does");
    }
}
