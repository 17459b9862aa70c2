//! What `latitude doctor` looks at in the OpenID provider.

use super::config::Config;
use super::doctor::Check;
use crate::env::Env;
use crate::http::fault::Fault;
use crate::web::openid;
use crate::web::settings::SignIn;

/// Whether the OpenID provider that people sign in with is there, where one is set.
pub async fn provider(config: &Config, env: &Env) -> Option<Check> {
    let SignIn::Openid(chosen) = &config.web.sign_in else {
        return None;
    };
    let issuer = &chosen.issuer;
    let provider = openid::provider(chosen, config.web.public_url.as_str());
    Some(match provider.look(env).await {
        Ok(()) => Check::good(
            "sign-in with OpenID",
            format!("{issuer} tells what it must"),
        ),
        Err(Fault::Setup(cause)) => Check::bad(
            "sign-in with OpenID",
            cause.to_string(),
            "correct web.sign_in.issuer: the provider's address as it names itself, under which \
             /.well-known/openid-configuration lies",
        ),
        Err(fault) => Check::bad(
            "sign-in with OpenID",
            format!("{issuer} does not answer: {}", fault.cause()),
            "nobody can sign in until it does; look whether it can be reached from here",
        ),
    })
}
