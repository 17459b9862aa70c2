//! The sandbox as a third party meets it.

use serde_json::json;

use super::{Visitor, id_of, rule, salesforce};
use crate::bench::Bench;

const DATA: &str = "/services/data/v67.0";

#[tokio::test]
async fn bad_queries_are_refused_as_they_are_in_the_real_one() {
    let bench = Bench::ready(salesforce(), 20).await;
    let visitor = Visitor::arrive(&bench).await;
    let refused = [
        ("", "MALFORMED_QUERY"),
        ("SELECT", "MALFORMED_QUERY"),
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("SELECT Id FROM Opportunity WHERE", "MALFORMED_QUERY"),
        (
            "SELECT Id FROM Opportunity WHERE Name = 'open",
            "MALFORMED_QUERY",
        ),
        (
            "SELECT Id FROM Opportunity WHERE Name = \"x\"",
            "MALFORMED_QUERY",
        ),
        ("SELECT Id FROM Opportunity LIMIT x", "MALFORMED_QUERY"),
        ("SELECT Id FROM Opportunity; DROP", "MALFORMED_QUERY"),
        ("SELECT * FROM Opportunity", "MALFORMED_QUERY"),
        (
            "SELECT Id FROM Opportunity WHERE IsWon = true AND IsClosed = true OR Name = 'x'",
            "MALFORMED_QUERY",
        ),
        ("SELECT Bogus FROM Opportunity", "INVALID_FIELD"),
        (
            "SELECT Id FROM Opportunity WHERE Owner.Bogus = 'x'",
            "INVALID_FIELD",
        ),
        (
            "SELECT Id FROM Opportunity WHERE SystemModstamp > '2026-01-01T00:00:00Z'",
            "INVALID_FIELD",
        ),
        (
            "SELECT Id FROM Opportunity WHERE IsClosed = 'false'",
            "INVALID_FIELD",
        ),
        (
            "SELECT Id FROM Opportunity WHERE Latitude_Approach__c != null",
            "INVALID_FIELD",
        ),
        (
            "SELECT Id FROM Opportunity WHERE Id = 'nonsense'",
            "INVALID_QUERY_FILTER_OPERATOR",
        ),
        (
            "SELECT Id FROM Opportunity LIMIT 10 OFFSET 2001",
            "NUMBER_OUTSIDE_VALID_RANGE",
        ),
        ("SELECT Id FROM Nothing", "INVALID_TYPE"),
        (
            "SELECT Id FROM User WHERE Id IN (SELECT ManagerId FROM User)",
            "MALFORMED_QUERY",
        ),
        (
            "SELECT Id FROM User WHERE Id IN (SELECT Name FROM Opportunity)",
            "MALFORMED_QUERY",
        ),
    ];
    for (soql, code) in refused {
        let told = visitor.query(soql).await;
        assert_eq!(
            (told.status, told.code().as_str()),
            (400, code),
            "{soql}: {}",
            told.text
        );
    }
    let lost = visitor
        .get(&format!("{DATA}/query/0r8xx3d0bZ9KQ2LAAW-2000"))
        .await;
    assert_eq!(
        (lost.status, lost.code().as_str()),
        (400, "INVALID_QUERY_LOCATOR")
    );
}

#[tokio::test]
async fn queries_filter_order_count_and_reach_parents() {
    let bench = Bench::ready(salesforce(), 60).await;
    let visitor = Visitor::arrive(&bench).await;
    let total = async |soql: &str| {
        visitor.query(soql).await.json()["totalSize"]
            .as_u64()
            .unwrap()
    };

    let open = total("SELECT COUNT() FROM Opportunity WHERE IsClosed = false").await;
    let shut = total("select id from opportunity where not (isclosed = false)").await;
    let rich = visitor
        .query("SELECT Name, Amount, Owner.Manager.Email, Account.Name FROM Opportunity WHERE Amount > 100000.0 AND Name LIKE '%a%' AND StageName IN ('Proposal', 'Discovery') ORDER BY Amount DESC NULLS LAST, Name LIMIT 3")
        .await
        .json();
    let soon = total("SELECT Id FROM Opportunity WHERE CloseDate = NEXT_N_DAYS:400").await;

    assert_eq!((open, shut), (55, 5));
    assert_eq!(soon, 55);
    let records = rich["records"].as_array().unwrap();
    let amounts: Vec<f64> = records
        .iter()
        .map(|it| it["Amount"].as_f64().unwrap())
        .collect();
    assert!(
        amounts.is_sorted_by(|a, b| a >= b) && !amounts.is_empty(),
        "{amounts:?}"
    );
    assert_eq!(records[0]["attributes"]["type"], "Opportunity");
    assert_eq!(records[0]["Owner"]["attributes"]["type"], "User");
    assert!(
        records[0]["Owner"]["Manager"]["Email"]
            .as_str()
            .unwrap()
            .contains('@')
    );
}

#[tokio::test]
async fn long_results_come_in_pages_of_the_size_asked_for() {
    let bench = Bench::bare(salesforce(), 4_100).await;
    let visitor = Visitor::arrive(&bench).await;

    let mut page = visitor.query("SELECT Id FROM Opportunity").await.json();
    let mut sizes = Vec::new();
    loop {
        sizes.push(page["records"].as_array().unwrap().len());
        let Some(next) = page["nextRecordsUrl"].as_str() else {
            break;
        };
        page = visitor.get(&format!("{next}?q=ignored")).await.json();
    }

    assert_eq!(sizes, [2000, 2000, 100]);
    assert_eq!(page["done"], true);
}

#[tokio::test]
async fn records_are_made_read_changed_and_deleted() {
    let bench = Bench::ready(salesforce(), 5).await;
    let visitor = Visitor::arrive(&bench).await;
    let at = |rest: &str| format!("{DATA}/sobjects/Opportunity{rest}");
    let half = json!({"Name": "New"});
    let refused = visitor.send_json("POST", &at(""), &half).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (400, "REQUIRED_FIELD_MISSING")
    );

    let whole = json!({"Name": "New", "StageName": "Proposal", "CloseDate": "2026-12-24"});
    let made = visitor.send_json("POST", &at("/"), &whole).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let changed = visitor
        .send_json("PATCH", &at(&format!("/{id}")), &json!({"Amount": 5}))
        .await;
    assert_eq!((changed.status, changed.text.as_str()), (204, ""));
    let read = visitor
        .get(&at(&format!(
            "/{}?fields=Amount,Probability",
            id.get(..15).unwrap()
        )))
        .await
        .json();
    assert_eq!(
        (&read["Amount"], &read["Probability"]),
        (&json!(5.0), &json!(75.0))
    );
    let unknown = visitor
        .send_json("PATCH", &at(&format!("/{id}")), &json!({"Nope__c": 5}))
        .await;
    assert_eq!(unknown.code(), "INVALID_FIELD");
    let broken = visitor
        .send(
            "PATCH",
            &at(&format!("/{id}")),
            Some(("application/json", "{\"Amount\":".to_owned())),
        )
        .await;
    assert_eq!(
        (broken.status, broken.code().as_str()),
        (400, "JSON_PARSER_ERROR")
    );

    assert_eq!(
        visitor
            .send("DELETE", &at(&format!("/{id}")), None)
            .await
            .status,
        204
    );
    let gone = visitor.get(&at(&format!("/{id}"))).await;
    assert_eq!(
        (gone.status, gone.code().as_str()),
        (404, "ENTITY_IS_DELETED")
    );
    let window = "start=2026-11-16T00%3A00%3A00%2B00%3A00&end=2026-11-18T00:00:00Z";
    let log = visitor
        .get(&at(&format!("/deleted/?{window}")))
        .await
        .json();
    assert_eq!(log["deletedRecords"][0]["id"], id);
    let old = visitor
        .get(&at(
            "/deleted/?start=2026-10-01T00:00:00Z&end=2026-11-18T00:00:00Z",
        ))
        .await;
    assert_eq!(old.code(), "INVALID_REPLICATION_DATE");
}

#[tokio::test]
async fn a_batch_tells_of_each_record_and_too_much_is_refused() {
    let bench = Bench::ready(salesforce(), 10).await;
    let visitor = Visitor::arrive(&bench).await;
    let ids: Vec<String> = bench
        .served
        .world
        .state()
        .deals
        .iter()
        .map(|deal| deal.id.clone())
        .collect();
    let record =
        |id: &str, field: &str| json!({"attributes": {"type": "Opportunity"}, "id": id, field: 5});
    let path = format!("{DATA}/composite/sobjects");

    let records = [record(&ids[0], "Amount"), record(&ids[1], "Nope__c")];
    let each = visitor
        .send_json("PATCH", &path, &json!({"records": records}))
        .await;
    let many = vec![record(&ids[0], "Amount"); 201];
    let many = visitor
        .send_json("PATCH", &path, &json!({"records": many}))
        .await;
    let untyped = visitor
        .send_json("PATCH", &path, &json!({"records": [{"id": ids[0]}]}))
        .await;

    assert_eq!(each.status, 200);
    assert_eq!(each.json()[0]["success"], true);
    assert_eq!(each.json()[1]["errors"][0]["statusCode"], "INVALID_FIELD");
    assert_eq!((many.status, untyped.status), (400, 400));
    let read = format!("{path}/Opportunity?ids={}&fields=Name", ids[..2].join(","));
    assert_eq!(visitor.get(&read).await.json().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn all_or_none_means_none_when_one_record_is_refused() {
    let bench = Bench::ready(salesforce(), 10).await;
    let visitor = Visitor::arrive(&bench).await;
    let (one, two) = (id_of(&bench, 0), id_of(&bench, 1));
    let before = bench.served.world.state().deals[0].amount;
    let record =
        |id: &str, field: &str| json!({"attributes": {"type": "Opportunity"}, "id": id, field: 5});

    let records = [record(&one, "Amount"), record(&two, "Nope__c")];
    let body = json!({"allOrNone": true, "records": records});
    let path = format!("{DATA}/composite/sobjects");
    let told = visitor.send_json("PATCH", &path, &body).await.json();

    let codes: Vec<&str> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["errors"][0]["statusCode"].as_str().unwrap())
        .collect();
    assert_eq!(
        codes,
        ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_FIELD"]
    );
    assert_eq!(bench.served.world.state().deals[0].amount, before);
}

#[tokio::test]
async fn a_composite_call_carries_out_its_parts() {
    let bench = Bench::ready(salesforce(), 10).await;
    let visitor = Visitor::arrive(&bench).await;
    let part = |url: &str, name: &str| json!({"method": "GET", "url": url, "referenceId": name});
    let parts = [
        part(&format!("{DATA}/query?q=SELECT+Id+FROM+User"), "people"),
        part(&format!("{DATA}/sobjects/Nothing"), "nothing"),
    ];

    let body = json!({"compositeRequest": parts});
    let told = visitor
        .send_json("POST", &format!("{DATA}/composite/"), &body)
        .await
        .json();

    let parts = told["compositeResponse"].as_array().unwrap();
    assert_eq!(parts[0]["httpStatusCode"], 200);
    assert!(parts[0]["body"]["totalSize"].as_u64().unwrap() > 0);
    assert_eq!(
        (&parts[1]["httpStatusCode"], &parts[1]["referenceId"]),
        (&json!(400), &json!("nothing"))
    );
}

#[tokio::test]
async fn a_new_field_is_seen_by_nobody_until_it_is_granted() {
    let mut bench = Bench::bare(salesforce(), 5).await;
    let visitor = Visitor::arrive(&bench).await;
    let field = json!({"FullName": "Opportunity.Hidden__c", "Metadata": {"type": "Text", "label": "Hidden", "length": 20}});
    let path = format!("{DATA}/tooling/sobjects/CustomField");

    let made = visitor.send_json("POST", &path, &field).await;
    let twice = visitor.send_json("POST", &path, &field).await;
    let mut bad = field.clone();
    bad["FullName"] = "Opportunity.Bad__Name__c".into();
    let bad = visitor.send_json("POST", &path, &bad).await;
    let asked = visitor.query("SELECT Hidden__c FROM Opportunity").await;

    assert_eq!(made.status, 201);
    assert_eq!(twice.code(), "DUPLICATE_DEVELOPER_NAME");
    assert_eq!(bad.code(), "INVALID_FULL_NAME");
    assert_eq!(asked.code(), "INVALID_FIELD");
    bench.set_up().await;
    let asked = visitor
        .query("SELECT Latitude_Grade__c FROM Opportunity")
        .await;
    assert_eq!(asked.status, 200, "{}", asked.text);
    let views = visitor
        .get(&format!("{DATA}/sobjects/Opportunity/listviews"))
        .await
        .json();
    assert_eq!(views["size"], 6);
}

#[tokio::test]
async fn bulk_queries_come_as_csv_page_by_page() {
    let bench = Bench::ready(salesforce(), 30).await;
    let visitor = Visitor::arrive(&bench).await;
    bench
        .edit(&id_of(&bench, 0), json!({"name": "Two\nlines, \"quoted\""}))
        .await;

    let job = json!({"operation": "query", "query": "SELECT Id, Name, Account.Name FROM Opportunity ORDER BY Id"});
    let job = visitor
        .send_json("POST", &format!("{DATA}/jobs/query"), &job)
        .await
        .json();
    let id = job["id"].as_str().unwrap();
    let state = visitor.get(&format!("{DATA}/jobs/query/{id}")).await.json();
    let first = visitor
        .get(&format!("{DATA}/jobs/query/{id}/results?maxRecords=20"))
        .await;
    let locator = first.header("sforce-locator").to_owned();
    let last = visitor
        .get(&format!(
            "{DATA}/jobs/query/{id}/results?maxRecords=20&locator={locator}"
        ))
        .await;
    let other = visitor
        .get(&format!("/services/data/v60.0/jobs/query/{id}/results"))
        .await;

    assert_eq!(
        (&job["state"], &state["state"]),
        (&json!("UploadComplete"), &json!("JobComplete"))
    );
    assert!(first.text.starts_with("\"Id\",\"Name\",\"Account.Name\"\n"));
    assert!(first.text.contains("\"Two\nlines, \"\"quoted\"\"\""));
    assert_eq!(
        (
            first.header("sforce-numberofrecords"),
            last.header("sforce-numberofrecords")
        ),
        ("20", "10")
    );
    assert_eq!(last.header("sforce-locator"), "null");
    assert_eq!(other.status, 409);
}

#[tokio::test]
async fn every_answer_tells_how_much_of_the_day_is_used() {
    let bench = Bench::bare(salesforce(), 5).await;
    let visitor = Visitor::arrive(&bench).await;
    rule(
        &bench,
        json!({"calls_per_day": 15000, "used_by_others": 10}),
    )
    .await;

    let told = visitor.get(&format!("{DATA}/limits")).await;
    let unknown = visitor.get("/services/data/v12.0/limits").await;
    let versions = visitor.get("/services/data/").await.json();

    assert_eq!(told.header("sforce-limit-info"), "api-usage=11/15000");
    assert_eq!(told.json()["DailyApiRequests"]["Remaining"], 14_989);
    assert_eq!(
        (unknown.status, unknown.code().as_str()),
        (404, "NOT_FOUND")
    );
    assert!(
        versions
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["version"] == "67.0" && it["label"] == "Summer '26")
    );
    let verb = visitor
        .send("DELETE", &format!("{DATA}/limits"), None)
        .await;
    assert_eq!(
        (verb.status, verb.code().as_str()),
        (405, "METHOD_NOT_ALLOWED")
    );
}

#[tokio::test]
async fn describe_is_not_told_twice() {
    let bench = Bench::ready(salesforce(), 5).await;
    let visitor = Visitor::arrive(&bench).await;
    let path = format!("{DATA}/sobjects/Opportunity/describe");

    let told = visitor.get(&path).await;
    let since = told.header("last-modified").to_owned();
    let url = format!("{}{path}", visitor.base).parse().unwrap();
    let mut again = reqwest::Request::new(reqwest::Method::GET, url);
    again.headers_mut().insert(
        "authorization",
        format!("Bearer {}", visitor.token).parse().unwrap(),
    );
    again
        .headers_mut()
        .insert("if-modified-since", since.parse().unwrap());
    let again = visitor.client.execute(again).await.unwrap();

    let fields = told.json()["fields"].as_array().unwrap().clone();
    let grade = fields
        .iter()
        .find(|field| field["name"] == "Latitude_Grade__c")
        .unwrap();
    assert_eq!(grade["picklistValues"].as_array().unwrap().len(), 7);
    assert_eq!(again.status().as_u16(), 304);
}
