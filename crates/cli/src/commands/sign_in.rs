//! `chancery sign-in`.

use crate::arguments::SignIn;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::password_from_stdin;

pub(super) async fn sign_in(context: &Context, arguments: SignIn) -> Result<Exit, Failure> {
    if arguments.wait {
        return super::prompter::wait(context).await;
    }
    let password = match arguments.person.password_stdin {
        true => Some(password_from_stdin().await?),
        false => None,
    };
    let agent = context.agent().await?;
    let user = arguments.person.user.as_deref();
    let wish = crate::sign_in::How {
        force: arguments.force,
        way: arguments.person.way(),
    };
    let status = crate::sign_in::sign_in(context, &agent, user, password, wish).await?;
    super::status::report(context, &status)?;
    Ok(Exit::Done)
}
