//! Signing in in a browser: of this machine, or anywhere with a code.

use crate::context::Context;
use crate::failure::Failure;
use chancery_client::local::Agent;
use chancery_platform::opener;
use chancery_proto::local::{BeginRequest, BegunSignIn, SignInWay};

/// Begins one, where that is how it goes on; None where a password is asked for.
pub(crate) async fn begin(
    agent: &Agent,
    request: &BeginRequest,
) -> Result<Option<BegunSignIn>, Failure> {
    match agent.begin_sign_in(request).await {
        Ok(begun) if begun.way == SignInWay::Password => Ok(None),
        Ok(begun) => Ok(Some(begun)),
        // An older agent knows of passwords only.
        Err(_) if request.way.is_none() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Says where the person signs in, and opens the browser if there is one.
pub(crate) async fn show(context: &Context, begun: &BegunSignIn) {
    let address = begun.address.clone().unwrap_or_default();
    let minutes = (begun.seconds / 60).max(1);
    match &begun.code {
        Some(code) => context.output.note(&format!(
            "On any device, go to  {address}\nand type the code     {code}\nIt is good for {minutes} minutes. Ctrl-C ends the waiting."
        )),
        None => {
            context.output.note(&format!(
                "Sign in in your browser. If it does not open by itself, go to\n{address}\nCtrl-C ends the waiting."
            ));
            let opened = tokio::task::spawn_blocking(move || opener::open_address(&address));
            if !matches!(opened.await, Ok(Ok(()))) {
                context.output.note(
                    "No browser could be opened here. Open the address yourself, in a browser of this machine; from elsewhere use “--device”.",
                );
            }
        }
    }
}
