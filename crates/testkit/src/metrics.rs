//! The server's counters, from the Prometheus text format.

/// What `/metrics` said.
#[derive(Debug, Clone)]
pub struct Metrics {
    text: String,
}

impl Metrics {
    /// Reads the text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self { text }
    }

    /// The sum of all samples of `name` that carry every one of `labels`.
    /// 0 where there is none: a counter that never counted is not shown.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.text
            .lines()
            .filter_map(|line| sample(line, name, labels))
            .sum()
    }

    /// Sign-ins that ended well, by any method.
    #[must_use]
    pub fn sign_ins(&self) -> f64 {
        self.sum("chancery_sign_ins_total", &[("outcome", "success")])
    }

    /// Passwords that were refused.
    #[must_use]
    pub fn refusals(&self) -> f64 {
        let labels = [("method", "password"), ("outcome", "refused")];
        self.sum("chancery_sign_ins_total", &labels)
    }

    /// The whole text, for a message.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn sample(line: &str, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let rest = line.strip_prefix(name)?;
    let (found, value) = if let Some(rest) = rest.strip_prefix('{') {
        rest.rsplit_once('}')?
    } else if rest.starts_with(' ') {
        ("", rest)
    } else {
        return None;
    };
    let all_there = labels.iter().all(|(label, wanted)| {
        found
            .split(',')
            .any(|pair| pair.trim() == format!("{label}=\"{wanted}\""))
    });
    if !all_there {
        return None;
    }
    value.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn samples_are_found_by_name_and_labels() {
        let metrics = Metrics::new(
            "# TYPE a counter\na{m=\"x\",o=\"ok\"} 2\na{m=\"y\",o=\"ok\"} 3\na{m=\"y\",o=\"no\"} 7\nab 5\na_b 6\n".to_owned(),
        );
        let near = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-9, "{found}");
        near(metrics.sum("a", &[("o", "ok")]), 5.0);
        near(metrics.sum("a", &[]), 12.0);
        near(metrics.sum("ab", &[]), 5.0);
        near(metrics.sum("c", &[]), 0.0);
    }
}
