//! How much a first look at a page costs: the page, its style and its scripts, none of them kept
//! from before.

use latitude::domain::grade::Grade;
use reqwest::header::{self, HeaderValue};

use super::site::{Browser, Site, plain_deal, strategy};

/// The most that a page and what it needs may weigh.
const MOST: usize = 100 * 1024;

/// Bytes of an answer as they travel.
#[expect(
    clippy::disallowed_methods,
    reason = "it must not unpack what it weighs"
)]
async fn bytes(browser: &Browser, base: &str, path: &str, packed: bool) -> Vec<u8> {
    let client = reqwest::Client::builder().no_gzip().build().unwrap();
    let mut request = client.get(format!("{base}{path}")).build().unwrap();
    let pairs = browser
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    let cookies = pairs.collect::<Vec<_>>().join("; ");
    let headers = request.headers_mut();
    headers.insert(header::COOKIE, HeaderValue::from_str(&cookies).unwrap());
    if packed {
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let reply = client.execute(request).await.unwrap();
    assert!(reply.status().is_success(), "{path}: {}", reply.status());
    let is_packed = reply.headers().get(header::CONTENT_ENCODING).is_some();
    assert_eq!(is_packed, packed, "{path}");
    reply.bytes().await.unwrap().to_vec()
}

/// Addresses of styles and scripts that a page names.
fn needs(page: &str) -> Vec<String> {
    let mut paths: Vec<String> = page
        .split('"')
        .filter(|it| it.starts_with("/assets/"))
        .map(str::to_owned)
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

#[tokio::test]
async fn a_first_look_at_any_page_weighs_at_most_a_hundred_kilobytes() {
    let site = Site::open().await;
    let long = "Ines wants to close the books in three days, because the board asked. ".repeat(12);
    for n in 0..60 {
        let mut deal = plain_deal(
            ["sam", "sue", "sid", "sol", "sky", "stu"][n % 6],
            &format!("n{n:02}"),
        );
        deal.name = format!("Harbour & Vale, consolidation of the northern plants, phase {n}");
        site.take_up("acme", &deal).await;
        let mut answers = strategy();
        answers.customer_outcome.clone_from(&long);
        site.write(&deal, 1, &answers, Grade::ALL[n % Grade::ALL.len()])
            .await;
    }
    let pages: [(&str, &[&str]); 4] = [
        (
            "sam",
            &[
                "/",
                "/board",
                "/panel/acme/n00",
                "/deals/acme/n00",
                "/deals/acme/n00/card",
                "/week",
                "/obstacles",
                "/library",
            ],
        ),
        (
            "mia",
            &[
                "/",
                "/board",
                "/board?grade=Thin",
                "/board/picture",
                "/deals/acme/n00",
                "/promise",
                "/answers",
            ],
        ),
        ("eva", &["/", "/pyramid"]),
        ("pat", &["/queue"]),
    ];
    for (person, paths) in pages {
        let browser = site.browser_of(person).await;
        for path in paths {
            let page = bytes(&browser, &site.base, path, false).await;
            let text = String::from_utf8(page.clone()).unwrap();
            let needed = needs(&text);
            assert!(needed.len() >= 2, "{path} names {needed:?}");
            let (mut plain, mut packed) = (page.len(), 0);
            packed += bytes(&browser, &site.base, path, true).await.len();
            for asset in &needed {
                plain += bytes(&browser, &site.base, asset, false).await.len();
                packed += bytes(&browser, &site.base, asset, true).await.len();
            }
            assert!(plain <= MOST, "{person} {path}: {plain} bytes");
            assert!(packed <= MOST / 3, "{person} {path}: {packed} bytes packed");
        }
    }
    let door = bytes(&site.browser(), &site.base, "/sign-in", false).await;
    assert!(door.len() <= MOST / 2, "{}", door.len());
}
