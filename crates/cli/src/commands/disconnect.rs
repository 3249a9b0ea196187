//! `chancery disconnect`.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

pub(super) async fn disconnect(context: &Context) -> Result<Exit, Failure> {
    let own = context.own_agent().await?;
    let Some(entry) = context.viewed(&own).await? else {
        let status = own.disconnect().await?;
        super::status::report(context, &status)?;
        return Ok(Exit::Done);
    };
    let name = entry.name.clone();
    let status = own.viewing(&entry.id)?.disconnect().await?;
    if context.output.json {
        context.output.json(&status)?;
    } else {
        context.output.confirm(&format!(
            "Your session at “{name}” has ended, on the server too. Nothing else has changed."
        ))?;
    }
    Ok(Exit::Done)
}
