//! `chancery disconnect`.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

pub(super) async fn disconnect(context: &Context) -> Result<Exit, Failure> {
    context.refuse_server_view("“chancery servers remove NAME” ends its session.")?;
    let status = context.own_agent().await?.disconnect().await?;
    super::status::report(context, &status)?;
    Ok(Exit::Done)
}
