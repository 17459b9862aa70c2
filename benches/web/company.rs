//! A company in a database: 5,000 sellers, ten to a manager, a hundred managers to a director, and
//! as many open deals as asked for. What a deal is like follows from its number by a hash, so that
//! nothing goes with anything else.

use sqlx::Connection;

/// Sellers.
pub const SELLERS: u64 = 5_000;
/// Versions are spread over so many weeks before the bench's day.
const WEEKS: u64 = 52;

const PEOPLE: &str = "INSERT INTO person (connection, id, name, email, active, manager, time_zone)
    SELECT 'acme', id, 'Person ' || id, id || '@acme.test', true, manager, 'Europe/Berlin' FROM (
      SELECT 's' || n AS id, 'm' || (n / 10) AS manager FROM numbers WHERE n < 5000
      UNION ALL SELECT 'm' || n, 'd' || (n / 100) FROM numbers WHERE n < 500
      UNION ALL SELECT 'd' || n, 'boss' FROM numbers WHERE n < 5
      UNION ALL SELECT 'boss', NULL) AS everyone";

/// A number below `below` that follows from `n`; another for each `salt`.
fn drawn(salt: u32, below: u64) -> String {
    format!("((((n * 2654435761) % 4294967296) / {salt}) % {below})")
}

/// Half of the deals have a plan.
fn has_plan() -> String {
    format!("{} < 8", drawn(1009, 17))
}

fn grade() -> String {
    format!(
        "CASE {} WHEN 0 THEN 'Strong' WHEN 1 THEN 'Solid' WHEN 2 THEN 'Solid'
         WHEN 3 THEN 'Developing' WHEN 4 THEN 'Developing' WHEN 5 THEN 'Thin' WHEN 6 THEN 'Thin'
         WHEN 7 THEN 'Not enough yet' ELSE NULL END",
        drawn(1009, 17)
    )
}

fn deals(many: u64, close_on: &str, seen_at: &str) -> String {
    format!(
        "INSERT INTO deal (connection, id, name, account, pipeline, stage, amount, currency,
           close_on, seller, standing, seen_mark, answers_mark, question_mark, seen_at, version,
           assessed_version, grade, score, weakest, state)
         SELECT 'acme', 'deal' || n, 'Deal ' || n, 'Account ' || {account}, 'sales',
           's' || {stage}, {amount}, 'EUR', {close_on}, 's' || (n % {SELLERS}), 'open',
           'a', 'b', 'c', {seen_at}, CASE WHEN {has_plan} THEN 1 ELSE 0 END,
           CASE WHEN {has_plan} THEN 1 ELSE 0 END, {grade},
           CASE WHEN {has_plan} THEN {score} END,
           CASE WHEN {has_plan} THEN
             CASE {weakest} WHEN 0 THEN 'Goal' WHEN 1 THEN 'Approach' ELSE 'Ownership' END END,
           CASE {state} WHEN 0 THEN 'Past check date' WHEN 1 THEN 'Getting old' ELSE 'Current' END
         FROM numbers WHERE n < {many}",
        account = drawn(11, 90_001),
        stage = drawn(31, 6),
        amount = drawn(4099, 500_000),
        has_plan = has_plan(),
        grade = grade(),
        score = drawn(257, 101),
        weakest = drawn(63, 3),
        state = drawn(127, 11),
    )
}

fn versions(many: u64, at: &str, json: &str) -> [String; 2] {
    let (has_plan, grade) = (has_plan(), grade());
    [
        format!(
            "INSERT INTO strategy_version (connection, deal, version, answers, source, at, stage)
             SELECT 'acme', 'deal' || n, 1,
               CAST('{{\"approach\": \"Call Ines because she decides\"}}' AS {json}),
               'panel', {at}, 's1' FROM numbers WHERE n < {many} AND {has_plan}"
        ),
        format!(
            "INSERT INTO assessment (connection, deal, version, framework, assessment, at)
             SELECT 'acme', 'deal' || n, 1, 'default-1',
               CAST('{{\"grade\": \"' || ({grade}) || '\", \"score\": 50, \"overall\": 2,
                 \"dims\": {{\"customer\": 2, \"goal\": 2, \"approach\": 2, \"ownership\": 2,
                   \"next_step\": 2}}, \"findings\": [], \"notes\": [], \"private_notes\": []}}'
                 AS {json}), {at}
             FROM numbers WHERE n < {many} AND {has_plan}"
        ),
    ]
}

/// Fills a database through a door of its own: what is measured is reading. SQLite gets no
/// statistics, since nobody makes any in service; PostgreSQL's own workers would come by in a while,
/// and are not waited for.
#[expect(
    clippy::disallowed_methods,
    reason = "the text is made of numbers of ours"
)]
pub async fn fill(address: &str, many: u64) -> anyhow::Result<()> {
    let numbers = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers
         WHERE n + 1 < {}) ",
        many.max(SELLERS)
    );
    let stages =
        (0..6).map(|n| format!("('acme', 'sales', 's{n}', 'Sales', 'Stage {n}', 'open', {n})"));
    let stages: Vec<String> = stages.collect();
    let stages = format!(
        "INSERT INTO stage (connection, pipeline, id, pipeline_name, name, standing, position)
         VALUES {}",
        stages.join(", ")
    );
    let (day, weeks) = (drawn(17, 400), drawn(89, 7 * WEEKS));
    let texts = |date: &str, seen_at: &str, at: &str, json: &str| {
        let date = format!("CASE n % 50 WHEN 0 THEN NULL ELSE {date} END");
        let mut texts = vec![
            "INSERT INTO connection (id, crm) VALUES ('acme', 'sandbox')".to_owned(),
            stages.clone(),
            format!("{numbers}{PEOPLE}"),
            format!("{numbers}{}", deals(many, &date, seen_at)),
        ];
        texts.extend(versions(many, at, json).map(|text| format!("{numbers}{text}")));
        texts
    };
    if address.starts_with("sqlite") {
        let texts = texts(
            &format!("date('2026-11-20', '+' || {day} || ' days')"),
            "'2026-11-01T00:00:00+00:00'",
            &format!("date('now', '-' || {weeks} || ' days') || 'T08:00:00+00:00'"),
            "TEXT",
        );
        let mut door = sqlx::SqliteConnection::connect(address).await?;
        for text in texts {
            sqlx::raw_sql(sqlx::AssertSqlSafe(text))
                .execute(&mut door)
                .await?;
        }
    } else {
        let mut texts = texts(
            &format!("DATE '2026-11-20' + {day}::INT"),
            "TIMESTAMPTZ '2026-11-01 00:00:00+00:00'",
            &format!("CAST(CURRENT_DATE - {weeks}::INT AS TIMESTAMPTZ) + INTERVAL '8 hours'"),
            "JSONB",
        );
        texts.push("VACUUM ANALYZE".to_owned());
        let mut door = sqlx::PgConnection::connect(address).await?;
        for text in texts {
            let text = text.replace("2654435761", "2654435761::BIGINT");
            sqlx::raw_sql(sqlx::AssertSqlSafe(text))
                .execute(&mut door)
                .await?;
        }
    }
    Ok(())
}
