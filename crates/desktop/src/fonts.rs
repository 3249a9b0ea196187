//! The letters that are shipped: Inter for Latin, Greek and Cyrillic, Noto Sans
//! for Arabic and Hebrew (SIL Open Font License 1.1, `fonts/OFL.txt`). What
//! they lack, such as Chinese, comes from the system's own fonts.

use egui::{FontData, FontDefinitions, FontFamily};
use std::sync::Arc;

/// The family for what is emphasised: headings and what is chosen.
pub const STRONG: &str = "strong";

/// Every font file, with the name it has inside the toolkit.
pub const FILES: [(&str, &[u8]); 4] = [
    ("inter", include_bytes!("../fonts/Inter-Regular.otf")),
    (
        "inter-strong",
        include_bytes!("../fonts/Inter-SemiBold.otf"),
    ),
    (
        "noto-arabic",
        include_bytes!("../fonts/NotoSansArabic-Regular.ttf"),
    ),
    (
        "noto-hebrew",
        include_bytes!("../fonts/NotoSansHebrew-Regular.ttf"),
    ),
];

/// What the toolkit draws with.
#[must_use]
pub fn definitions() -> FontDefinitions {
    let mut definitions = FontDefinitions::empty();
    for (name, bytes) in FILES {
        let data = Arc::new(FontData::from_static(bytes));
        definitions.font_data.insert(name.to_owned(), data);
    }
    let rest = ["noto-arabic", "noto-hebrew"];
    let family = |first: &str| -> Vec<String> {
        std::iter::once(first)
            .chain(rest)
            .map(str::to_owned)
            .collect()
    };
    let families = &mut definitions.families;
    families.insert(FontFamily::Proportional, family("inter"));
    families.insert(FontFamily::Monospace, family("inter"));
    families.insert(FontFamily::Name(STRONG.into()), family("inter-strong"));
    definitions
}
