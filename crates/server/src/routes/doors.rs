//! What is served at which address: one description, from which both the routes
//! and the published description of the API are made.

use crate::app::SharedApp;
use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;

/// Who is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// Everybody.
    Anyone,
    /// Whoever has a session; what they see and may do is another matter.
    Session,
    /// Whoever signed in as an administrator.
    Administrator,
}

/// What is sent along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Nothing.
    Nothing,
    /// A JSON object with these fields, none of which has to be there unless the
    /// answer says so.
    Json(&'static [&'static str]),
    /// A form with these fields.
    Form(&'static [&'static str]),
    /// A profile and a file, as `multipart/form-data`.
    Upload,
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gives {
    /// `{"data":{…}}`.
    Data,
    /// The same with 201.
    Made,
    /// `{"data":[…]}`.
    Array,
    /// `{"data":{"results":[…]}}`.
    Results,
    /// 200 without a body.
    Nothing,
    /// A document's bytes.
    Bytes,
    /// Server-sent events.
    Events,
    /// JSON of a shape of its own.
    Json,
    /// A page for a person.
    Page,
}

/// One thing that can be asked.
pub(crate) struct Door {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// What it does, in one sentence.
    pub(crate) says: &'static str,
    pub(crate) who: Who,
    /// What may stand behind the `?`.
    pub(crate) asks: &'static [&'static str],
    pub(crate) takes: Takes,
    pub(crate) gives: Gives,
    route: MethodRouter<SharedApp>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)
    }
}

fn door<H, T>(method: Method, path: &str, says: &'static str, handler: H) -> Door
where
    H: Handler<T, SharedApp>,
    T: 'static,
{
    let filter = match method {
        Method::POST => MethodFilter::POST,
        Method::PUT => MethodFilter::PUT,
        Method::PATCH => MethodFilter::PATCH,
        Method::DELETE => MethodFilter::DELETE,
        // Whose head alone is asked for, too.
        _ => MethodFilter::GET,
    };
    let takes = if [Method::GET, Method::DELETE].contains(&method) {
        Takes::Nothing
    } else {
        Takes::Json(&[])
    };
    let gives = if method == Method::DELETE {
        Gives::Nothing
    } else {
        Gives::Data
    };
    Door {
        method,
        path: path.to_owned(),
        says,
        who: Who::Session,
        asks: &[],
        takes,
        gives,
        route: on(filter, handler),
    }
}

/// One way to make a door for each method.
macro_rules! asked_with {
    ($($(#[$says:meta])* $name:ident $method:ident;)+) => {$(
        $(#[$says])*
        pub(crate) fn $name<H, T>(path: &str, says: &'static str, handler: H) -> Door
        where
            H: Handler<T, SharedApp>,
            T: 'static,
        {
            door(Method::$method, path, says, handler)
        }
    )+};
}

asked_with! {
    /// A door that is asked with GET, or HEAD.
    get GET;
    /// One that is asked with POST.
    post POST;
    /// One that is asked with PUT.
    put PUT;
    /// One that is asked with PATCH.
    patch PATCH;
    /// One that is asked with DELETE.
    delete DELETE;
}

impl Door {
    /// Everybody is let in.
    pub(crate) fn for_anyone(mut self) -> Self {
        self.who = Who::Anyone;
        self
    }

    /// Administrators alone are.
    pub(crate) fn for_administrators(mut self) -> Self {
        self.who = Who::Administrator;
        self
    }

    /// What may stand behind the `?`.
    pub(crate) fn asks(mut self, names: &'static [&'static str]) -> Self {
        self.asks = names;
        self
    }

    /// The fields of the JSON that it takes.
    pub(crate) fn fields(mut self, names: &'static [&'static str]) -> Self {
        self.takes = Takes::Json(names);
        self
    }

    /// What is sent along, where that is no JSON.
    pub(crate) fn takes(mut self, takes: Takes) -> Self {
        self.takes = takes;
        self
    }

    /// What is answered.
    pub(crate) fn gives(mut self, gives: Gives) -> Self {
        self.gives = gives;
        self
    }

    /// The same below another address.
    fn below(mut self, prefix: &str) -> Self {
        self.path.insert_str(0, prefix);
        self
    }
}

/// Doors below a common address.
pub(crate) fn below(prefix: &str, doors: Vec<Door>) -> Vec<Door> {
    doors.into_iter().map(|door| door.below(prefix)).collect()
}

/// The routes to all of them.
pub(crate) fn routes(doors: Vec<Door>) -> Router<SharedApp> {
    doors.into_iter().fold(Router::new(), |router, door| {
        router.route(&door.path, door.route)
    })
}
