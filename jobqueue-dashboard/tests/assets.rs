//! Style and scripts, and that pages have no others.

use std::{collections::BTreeSet, fs, path::Path};

use sha2::{Digest as _, Sha256};

use crate::site::Site;

fn links(page: &str) -> BTreeSet<String> {
    let places = ["href=\"", "src=\"", "action=\"", "hx-get=\"", "data-live=\""];
    let each = places.iter().flat_map(|place| page.split(place).skip(1));
    each.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

#[test]
fn files_of_others_are_as_they_were_published() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let told = fs::read_to_string(root.join("THIRD-PARTY.md")).expect("it is there");
    for (file, licence) in
        [("htmx.min.js", "htmx.LICENSE"), ("idiomorph.min.js", "idiomorph.LICENSE")]
    {
        let bytes = fs::read(root.join("src/assets").join(file)).expect("it is there");
        let hash: String =
            Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let row = told.lines().find(|line| line.contains(&format!("| `{file}`"))).expect("a row");
        assert!(row.contains(&hash), "{file} has {hash}, and {row}");
        assert!(root.join("src/assets").join(licence).exists(), "{licence}");
    }
}

#[tokio::test]
async fn assets_are_kept_for_ever_and_need_no_sign_in() {
    let site = Site::with_people().await;
    let page = site.by("vic").page("/").await;
    let assets: Vec<_> = links(&page).into_iter().filter(|it| it.contains("/-/assets/")).collect();
    assert_eq!(assets.len(), 5, "{assets:?}");
    for path in &assets {
        let answer = site.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        let again = site.with("if-none-match", answer.header("etag")).get(path).await;
        assert_eq!((again.status.as_u16(), &*again.body), (304, ""));
    }
    let old = site.get("/-/assets/0000000000000000/style.css").await;
    assert_eq!(old.status, 404);
    assert!(!old.header("cache-control").contains("immutable"));
}

#[tokio::test]
async fn our_own_scripts_are_small() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/assets");
    for (file, most) in [("live.js", 12_000), ("keys.js", 8_000), ("style.css", 16_000)] {
        let length = fs::metadata(root.join(file)).expect("it is there").len();
        assert!(length <= most, "{file} has {length} bytes, at most {most} are meant");
    }
}

#[tokio::test]
async fn no_page_names_another_origin() {
    let site = Site::open().await;
    let id = site.failed(serde_json::json!({"fail": "https://evil.example/"})).await;
    for path in ["/", "/q/mails/failed", &format!("/q/mails/job/{id}"), "/audit", "/jobs?where=x"] {
        let page = site.page(path).await;
        for link in links(&page) {
            let ours = link.starts_with('/') || link.starts_with('?') || link.starts_with('#');
            assert!(
                ours && !link.starts_with("//") || link == "data:," || link.is_empty(),
                "{path}: {link}"
            );
        }
        assert!(!page.contains("style=\"") && !page.contains("onclick"), "{path}");
    }
}
