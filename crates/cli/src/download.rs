//! Downloads: into a sink, over as many answers as it takes.

use crate::checksum::agrees;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::outage;
use crate::progress::Bar;
use crate::sign_in::signed_in;
use crate::sink::{Done, Sink};
use crate::wording::size;
use crate::work::Work;
use chancery_client::local::{Agent, Answer, LocalError, empty_body};
use chancery_platform::file_names::for_this_system;
use chancery_proto::ids::DocumentId;
use chancery_proto::work::Data;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Deserialize;

/// A transfer that breaks so often in a row without a byte more is given up.
const BREAKS: u32 = 3;

/// What of a profile a download needs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) extension: String,
    pub(crate) size: Option<u64>,
    pub(crate) checksum: Option<String>,
}

/// The profile of a document that a person called `typed`.
pub(crate) async fn profile(
    context: &Context,
    work: &Work,
    id: &DocumentId,
    typed: &str,
) -> Result<Profile, Failure> {
    let answer: Data<Profile> = signed_in(context, work.agent(), async |_: &Agent| {
        work.get(&work.document(id)).await
    })
    .await
    .map_err(|failure| not_there(failure, typed))?;
    Ok(answer.data)
}

/// Fetches a document into `sink` and checks it; gives how much it was.
pub(crate) async fn fetch(
    context: &Context,
    work: &Work,
    id: &DocumentId,
    profile: &Profile,
    sink: Sink,
) -> Result<(Done, u64), Failure> {
    let transfer = Transfer {
        context,
        work,
        id,
        profile,
    };
    let to_output = sink.is_output();
    let (sink, received) = transfer.run(sink).await?;
    let done = sink.finish().await?;
    check(profile, received, &done.checksum, to_output)?;
    Ok((done, received))
}

/// Takes the body of an answer into `sink` and checks it, where it cannot be
/// asked for again.
pub(crate) async fn take(
    context: &Context,
    id: &DocumentId,
    profile: &Profile,
    mut answer: Answer,
    mut sink: Sink,
) -> Result<(Done, u64), Failure> {
    let bar = Bar::new(context.output, &id.to_string(), profile.size);
    let mut received = 0;
    while let Some(piece) = answer.chunk().await? {
        received += piece.len() as u64;
        bar.add(piece.len());
        sink.write(piece).await?;
    }
    bar.end();
    let done = sink.finish().await?;
    check(profile, received, &done.checksum, false)?;
    Ok((done, received))
}

pub(crate) fn not_there(failure: Failure, typed: &str) -> Failure {
    if failure.exit != Exit::NotFound {
        return failure;
    }
    Failure {
        sentence: format!("There is no document “{typed}”, or you may not see it."),
        ..failure
    }
    .with_hint("“chancery ls” shows what is there.")
}

/// A file name made of a document's name, which may hold anything: no path,
/// not hidden, nothing that steers a terminal, and short enough for a file system.
pub(crate) fn file_name(profile: &Profile, id: &str) -> String {
    const LONGEST: usize = 200;
    let clean = |text: &str| -> String {
        text.chars()
            .map(|character| match character {
                '/' | '\\' | '\0' => '_',
                steering if steering.is_control() => '_',
                other => other,
            })
            .collect()
    };
    let extension = clean(&profile.extension);
    let mut name = clean(&profile.name);
    while name.len() > LONGEST {
        name.pop();
    }
    let name = name.trim().trim_start_matches('.');
    let name = if name.is_empty() { id } else { name };
    let short_extension = extension.len() <= 32 && !extension.is_empty();
    let whole = if short_extension {
        format!("{name}.{}", extension.to_lowercase())
    } else {
        name.to_owned()
    };
    // What a system takes for something else than a file is for it to say.
    for_this_system(whole)
}

fn check(profile: &Profile, received: u64, own: &str, to_output: bool) -> Result<(), Failure> {
    let kept = if to_output {
        "Do not use what was written."
    } else {
        "Nothing was kept."
    };
    let fail = |what: String| {
        Err(Failure::new(
            Exit::Failed,
            "CHECKSUM",
            format!("{what} {kept} Try again; if it stays so, tell whoever runs the server."),
        ))
    };
    if let Some(announced) = profile.size.filter(|announced| *announced != received) {
        return fail(format!(
            "{received} bytes arrived, and the document has {announced}."
        ));
    }
    match profile.checksum.as_deref() {
        Some(told) if !agrees(told, own) => {
            fail("What arrived is not what the server keeps: the checksum differs.".to_owned())
        }
        _ => Ok(()),
    }
}

/// One download, over as many answers as it takes.
struct Transfer<'a> {
    context: &'a Context,
    work: &'a Work,
    id: &'a DocumentId,
    profile: &'a Profile,
}

impl Transfer<'_> {
    /// Fetches everything into the sink; gives how much it was.
    async fn run(&self, mut sink: Sink) -> Result<(Sink, u64), Failure> {
        let bar = Bar::new(self.context.output, &self.id.to_string(), self.profile.size);
        let mut received = 0;
        let mut tag: Option<HeaderValue> = None;
        let mut breaks = 0;
        loop {
            let before = received;
            let ended = self.part(&mut sink, &mut received, &mut tag, &bar).await;
            match ended {
                Ok(()) => {
                    bar.end();
                    return Ok((sink, received));
                }
                Err(Stop::Here(failure)) => {
                    bar.end();
                    return Err(failure);
                }
                Err(Stop::Broken(error)) => {
                    breaks = if received > before { 1 } else { breaks + 1 };
                    let goes_on = breaks < BREAKS
                        && outage::is_over(self.context, self.work.agent(), &error).await;
                    if !goes_on {
                        bar.end();
                        return Err(Failure::from(error).with_hint(format!(
                            "{} arrived before that. Run the command again.",
                            size(received)
                        )));
                    }
                }
            }
        }
    }

    /// Fetches from where it stands to the end, or to where it breaks.
    async fn part(
        &self,
        sink: &mut Sink,
        received: &mut u64,
        tag: &mut Option<HeaderValue>,
        bar: &Bar,
    ) -> Result<(), Stop> {
        let from = *received;
        let mut answer = self.ask(from, tag.as_ref()).await?;
        if from > 0 && !goes_on_at(&answer, from) {
            // The server sends all of it again, or it is another document now.
            sink.restart().await.map_err(Stop::Here)?;
            *received = 0;
        }
        bar.set(*received);
        *tag = answer.headers().get(header::ETAG).cloned();
        while let Some(piece) = answer.chunk().await.map_err(Stop::Broken)? {
            let length = piece.len();
            sink.write(piece).await.map_err(Stop::Here)?;
            *received += length as u64;
            bar.add(length);
        }
        Ok(())
    }

    async fn ask(&self, from: u64, tag: Option<&HeaderValue>) -> Result<Answer, Stop> {
        let path = format!("{}/download?activity=export", self.work.document(self.id));
        let mut headers = HeaderMap::new();
        if from > 0 {
            let range = HeaderValue::from_str(&format!("bytes={from}-"))
                .map_err(|error| Stop::Here(LocalError::Request(error.to_string()).into()))?;
            headers.insert(header::RANGE, range);
            if let Some(tag) = tag {
                headers.insert(header::IF_RANGE, tag.clone());
            }
        }
        // In the middle, the agent may be renewing or the network be away for
        // a moment: that is a break like any other.
        let call = async |agent: &Agent| -> Result<Answer, LocalError> {
            agent
                .call(Method::GET, &path, headers.clone(), empty_body())
                .await?
                .success()
                .await
        };
        if from == 0 {
            return signed_in(self.context, self.work.agent(), call)
                .await
                .map_err(|failure| Stop::Here(not_there(failure, &self.id.to_string())));
        }
        call(self.work.agent()).await.map_err(|error| {
            if matches!(error, LocalError::Broken(_)) || outage::is_offline(&error) {
                Stop::Broken(error)
            } else {
                Stop::Here(error.into())
            }
        })
    }
}

/// Why a part of a transfer ended early.
enum Stop {
    /// The connection broke: it can go on from there.
    Broken(LocalError),
    /// It makes no sense to go on.
    Here(Failure),
}

/// Whether the answer is the rest, beginning exactly where it broke.
fn goes_on_at(answer: &Answer, from: u64) -> bool {
    answer.status() == StatusCode::PARTIAL_CONTENT
        && answer
            .headers()
            .get(header::CONTENT_RANGE)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.strip_prefix("bytes "))
            .and_then(|text| text.split_once('-'))
            .is_some_and(|(begin, _)| begin.trim().parse() == Ok(from))
}

#[cfg(test)]
mod tests {
    use super::{Profile, check, file_name};

    fn profile(name: &str, extension: &str) -> Profile {
        Profile {
            name: name.to_owned(),
            extension: extension.to_owned(),
            ..Profile::default()
        }
    }

    #[test]
    fn a_documents_name_becomes_a_file_here_and_nowhere_else() {
        for (name, extension, file) in [
            ("Letter", "DOCX", "Letter.docx"),
            ("../../etc/passwd", "", "_.._etc_passwd"),
            ("..", "txt", "ACTIVE!1.1.txt"),
            ("a\0b\u{1b}c\\d", "pdf", "a_b_c_d.pdf"),
            ("Büro/律", "a/b", "Büro_律.a_b"),
        ] {
            assert_eq!(file_name(&profile(name, extension), "ACTIVE!1.1"), file);
        }
        let long = file_name(&profile(&"ü".repeat(300), "txt"), "x");
        assert!(long.len() <= 205, "{}", long.len());
    }

    #[test]
    fn a_wrong_size_or_checksum_is_never_kept() {
        let mut profile = profile("a", "b");
        profile.size = Some(5);
        profile.checksum = Some("SHA256:AA".to_owned());
        assert!(check(&profile, 5, "SHA256:aa", false).is_ok());
        assert!(check(&profile, 4, "SHA256:AA", false).is_err());
        let failure = check(&profile, 5, "SHA256:AB", false).expect_err("another");
        assert!(
            failure.sentence.contains("Nothing was kept."),
            "{failure:?}"
        );
    }
}
