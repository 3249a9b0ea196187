//! Argon2id in its own bounded pool, so that a morning's sign-ins do not
//! starve other requests.

use crate::IdentityError;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use chancery_proto::secret::Secret;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;

/// OWASP's recommendation: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Sign-ins that may wait per thread; one takes about 25 ms.
const WAITING_PER_THREAD: usize = 200;

/// The pool. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Passwords {
    jobs: SyncSender<Job>,
    /// Verified for somebody who is unknown, so that it takes the same time.
    nobody: Arc<str>,
}

enum Job {
    Verify {
        hash: Arc<str>,
        password: Secret,
        answer: oneshot::Sender<bool>,
    },
    Hash {
        password: Secret,
        answer: oneshot::Sender<Option<String>>,
    },
}

fn argon2() -> Argon2<'static> {
    let parameters = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
}

fn hash(password: &Secret) -> Option<String> {
    let mut salt = [0_u8; 16];
    getrandom::fill(&mut salt).ok()?;
    let hash: PasswordHash = argon2()
        .hash_password_with_salt(password.reveal().as_bytes(), &salt)
        .ok()?;
    Some(hash.to_string())
}

impl Passwords {
    /// Starts `threads` threads; as many as there are cores is right.
    ///
    /// # Errors
    /// When a thread cannot be started or there are no random numbers.
    pub fn start(threads: usize) -> std::io::Result<Self> {
        let (jobs, receiver) = sync_channel(threads.max(1) * WAITING_PER_THREAD);
        let receiver = Arc::new(Mutex::new(receiver));
        for index in 0..threads.max(1) {
            let receiver = Arc::clone(&receiver);
            std::thread::Builder::new()
                .name(format!("passwords-{index}"))
                .spawn(move || run(&receiver, index == 0))?;
        }
        // A hash nobody has the password to: its text is as long and as costly
        // as a real one. Made by hand so that starting does not wait for one.
        let nobody = format!(
            "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${}${}",
            "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        );
        Ok(Self {
            jobs,
            nobody: Arc::from(nobody),
        })
    }

    /// Whether the password belongs to the hash. Without a hash the answer is
    /// no, after the same time.
    ///
    /// # Errors
    /// [`IdentityError::Busy`] when too many wait already.
    pub async fn verify(
        &self,
        hash: Option<&str>,
        password: Secret,
    ) -> Result<bool, IdentityError> {
        let known = hash.is_some();
        let hash = hash.map_or_else(|| Arc::clone(&self.nobody), Arc::from);
        let (answer, outcome) = oneshot::channel();
        self.send(Job::Verify {
            hash,
            password,
            answer,
        })?;
        let matches = outcome.await.map_err(|_| IdentityError::Busy(5))?;
        Ok(known && matches)
    }

    /// The hash of a new password, as a PHC string.
    ///
    /// # Errors
    /// [`IdentityError::PasswordRule`], or [`IdentityError::Busy`].
    pub async fn hash(&self, password: Secret) -> Result<String, IdentityError> {
        check_new_password(&password)?;
        let (answer, outcome) = oneshot::channel();
        self.send(Job::Hash { password, answer })?;
        outcome.await.ok().flatten().ok_or(IdentityError::Busy(5))
    }

    fn send(&self, job: Job) -> Result<(), IdentityError> {
        match self.jobs.try_send(job) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                Err(IdentityError::Busy(5))
            }
        }
    }
}

/// The niceness of the first thread that hashes: what it does takes long, and
/// whoever waits for it waits for a password and not for a document.
#[cfg(target_os = "linux")]
const POLITE: i32 = 19;

/// Lets everything else go first. On Linux a priority belongs to the thread: the
/// first one is as nice as can be, and so gets a little of a processor that is
/// always busy; the others get what nobody else wants (`SCHED_IDLE`), and whoever
/// wakes up takes their place at once.
fn stand_back(is_first: bool) {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::unix::{
            NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
            thread_native_id,
        };
        let done = if is_first {
            rustix::process::setpriority_process(Some(rustix::thread::gettid()), POLITE)
                .map_err(|error| error.to_string())
        } else {
            let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
            let lowest = thread_priority::ThreadPriority::Min;
            set_thread_priority_and_policy(thread_native_id(), lowest, idle)
                .map_err(|error| error.to_string())
        };
        if let Err(error) = done {
            tracing::warn!(error, "hashing keeps the priority of everything else");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = is_first;
}

fn run(receiver: &Mutex<Receiver<Job>>, is_first: bool) {
    stand_back(is_first);
    loop {
        let job = match receiver.lock() {
            Ok(receiver) => receiver.recv(),
            Err(_) => return,
        };
        match job {
            Ok(Job::Verify { answer, .. }) if answer.is_closed() => {}
            Ok(Job::Verify {
                hash,
                password,
                answer,
            }) => {
                let matches = argon2()
                    .verify_password(password.reveal().as_bytes(), &*hash)
                    .is_ok();
                let _ = answer.send(matches);
            }
            Ok(Job::Hash { password, answer }) => {
                let _ = answer.send(hash(&password));
            }
            Err(_) => return,
        }
    }
}

/// Whether a new password may be one: at least 8 characters, at most 1,024
/// bytes, not one that everybody tries first. Nothing about its composition.
///
/// # Errors
/// [`IdentityError::PasswordRule`] with the sentence for the person.
///
/// ```
/// use chancery_identity::check_new_password;
/// assert!(check_new_password(&"correct horse".into()).is_ok());
/// assert!(check_new_password(&"Password1".into()).is_err());
/// ```
pub fn check_new_password(password: &Secret) -> Result<(), IdentityError> {
    let text = password.reveal();
    if text.chars().count() < 8 {
        return Err(IdentityError::PasswordRule(
            "A password has at least 8 characters; 15 or more are better.",
        ));
    }
    if text.len() > 1_024 {
        return Err(IdentityError::PasswordRule(
            "A password has at most 1,024 bytes.",
        ));
    }
    // Endings such as 1, 123 or ! do not hide a word.
    let lowered = text.to_lowercase();
    let word = lowered.trim_end_matches(|character: char| !character.is_alphabetic());
    let one_character = text.chars().all(|character| text.starts_with(character));
    let run_of_digits =
        "01234567890123456789".contains(text) || "98765432109876543210".contains(text);
    if one_character || run_of_digits || COMMON.contains(&word) || COMMON.contains(&&*lowered) {
        return Err(IdentityError::PasswordRule(
            "That is one of the passwords that everybody tries first. Choose another one.",
        ));
    }
    Ok(())
}

const COMMON: &[&str] = &[
    "password",
    "passwort",
    "passw0rd",
    "p@ssword",
    "p@ssw0rd",
    "motdepasse",
    "contraseña",
    "qwertyui",
    "qwertyuiop",
    "qwerty",
    "qwertz",
    "qwertzui",
    "azertyui",
    "azerty",
    "asdfghjk",
    "asdfghjkl",
    "zxcvbnm",
    "letmein",
    "letmeinplease",
    "welcome",
    "willkommen",
    "bienvenue",
    "iloveyou",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "batman",
    "starwars",
    "trustno",
    "whatever",
    "computer",
    "internet",
    "administrator",
    "admin",
    "adminadmin",
    "changeme",
    "default",
    "secret",
    "hallo",
    "chancery",
    "abcdefgh",
    "abcd",
    "abc",
    "master",
    "michael",
    "jennifer",
    "charlie",
    "dragon",
    "monkey",
    "shadow",
    "passpass",
    "test",
    "testtest",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "1qaz2wsx",
    "q1w2e3r4",
    "zaq12wsx",
    "11223344",
    "12341234",
    "123123123",
    "12344321",
    "87654321",
    "147258369",
    "112233445566",
];

#[cfg(test)]
mod tests {
    use super::{Passwords, check_new_password};

    #[tokio::test]
    async fn a_password_matches_its_hash_and_nothing_else_does() {
        let passwords = Passwords::start(1).expect("a pool");
        let hash = passwords
            .hash("correct horse".into())
            .await
            .expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let verify = |password: &str| passwords.verify(Some(&hash), password.into());
        assert!(verify("correct horse").await.expect("answers"));
        assert!(!verify("correct horsf").await.expect("answers"));
        assert!(!verify("").await.expect("answers"));
    }

    #[tokio::test]
    async fn somebody_unknown_is_refused_after_the_same_work() {
        let passwords = Passwords::start(1).expect("a pool");
        assert!(
            !passwords
                .verify(None, "anything".into())
                .await
                .expect("answers")
        );
        let parsed = argon2::password_hash::phc::PasswordHash::new(&passwords.nobody);
        let parsed = parsed.expect("the hash of nobody is a real one");
        let parameters = argon2::Params::try_from(&parsed).expect("parameters");
        assert_eq!(parameters.m_cost(), super::MEMORY_KIB);
        assert_eq!(parameters.t_cost(), super::PASSES);
    }

    #[test]
    fn passwords_that_everybody_tries_are_refused() {
        for password in [
            "short",
            "password",
            "Passw0rd!",
            "12345678",
            "aaaaaaaaa",
            "qwertyui99",
        ] {
            assert!(check_new_password(&password.into()).is_err(), "{password}");
        }
        for password in ["seven of nine", "xK3-vv9-QQ", &"öß".repeat(32)] {
            assert!(check_new_password(&password.into()).is_ok(), "{password}");
        }
    }
}
