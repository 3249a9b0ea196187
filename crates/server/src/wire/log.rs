//! Lines of the logs as they travel: every value as it is marked, so that
//! whoever keeps them can compute the marks.

use chancery_proto::clock::Timestamp;
use chancery_store::audit::{Field, Log, LogLine};
use serde_json::{Map, Value, json};

/// One line.
pub(crate) fn line(log: Log, line: &LogLine) -> Value {
    let mut item = Map::new();
    item.insert("log".to_owned(), json!(log.name()));
    for (name, field) in log.columns().iter().zip(&line.fields) {
        let value = match field {
            Field::Number(number) => json!(number),
            Field::Text(text) => json!(text),
        };
        if *name == "at"
            && let Field::Number(at) = field
        {
            // For people; what is marked is the number.
            item.insert("date".to_owned(), json!(Timestamp(*at)));
        }
        item.insert((*name).to_owned(), value);
    }
    item.insert("mark".to_owned(), json!(chancery_content::hex(&line.mark)));
    Value::Object(item)
}
