//! Set-up as code: from what exists in a CRM to what should, step by step, there and back.

use crate::crm::Crm;
use crate::crm::session::Session;
use crate::crm::setup::{Blueprint, Setup, Step, VIEWS, steps_to_apply, steps_to_destroy};
use crate::http::fault::Fault;

/// What should exist for a connection.
pub fn blueprint(session: &Session) -> Blueprint {
    Blueprint {
        prefix: session.settings.prefix().to_owned(),
        mapped: session.settings.fields.clone(),
        views: VIEWS,
    }
}

/// A plan: what exists, what will be done, what an admin has to click.
pub struct Plan {
    /// What exists.
    pub found: Setup,
    /// Steps that go through the CRM's API.
    pub steps: Vec<Step>,
    /// Steps without an API, with what to click.
    pub by_hand: Vec<(Step, Vec<String>)>,
}

/// Which way a plan leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To everything Latitude needs.
    Apply,
    /// Back to how the CRM was.
    Destroy,
}

/// Looks at the CRM and plans.
///
/// # Errors
/// The CRM's fault.
pub async fn plan(crm: &dyn Crm, session: &Session, way: Way) -> Result<Plan, Fault> {
    let wanted = blueprint(session);
    let found = crm.setup(session, &wanted).await?;
    let steps = match way {
        Way::Apply => steps_to_apply(&wanted, &found),
        Way::Destroy => steps_to_destroy(&wanted, &found),
    };
    let mut plan = Plan {
        found,
        steps: Vec::new(),
        by_hand: Vec::new(),
    };
    for step in steps {
        match crm.by_hand(&wanted, &step) {
            Some(clicks) => plan.by_hand.push((step, clicks)),
            None => plan.steps.push(step),
        }
    }
    Ok(plan)
}

/// Carries a plan's steps out, telling each before it is done.
///
/// # Errors
/// The CRM's fault, with the step it happened at; the steps before it are done.
pub async fn carry_out(
    crm: &dyn Crm,
    session: &Session,
    plan: &Plan,
    mut told: impl FnMut(&Step),
) -> Result<(), (Step, Fault)> {
    let wanted = blueprint(session);
    for step in &plan.steps {
        told(step);
        crm.apply(session, &wanted, step)
            .await
            .map_err(|fault| (step.clone(), fault))?;
    }
    Ok(())
}

/// One line that says what a step does.
pub fn sentence(step: &Step) -> String {
    match step {
        Step::CreateField(field) => format!("create field {} ({})", field.name(), field.label()),
        Step::AddOptions(field, labels) => {
            format!("add to {}: {}", field.name(), labels.join(", "))
        }
        Step::Grant => "let people see and edit the fields".to_owned(),
        Step::CreateView(key) => {
            let title = VIEWS
                .iter()
                .find(|view| view.key == *key)
                .map_or(*key, |view| view.title);
            format!("create view \"{title}\"")
        }
        Step::RemoveView(key, _) => format!("remove view {key}"),
        Step::Revoke => "take back who may see and edit the fields".to_owned(),
        Step::RemoveField(_, name, _) => format!("remove field {name} and all it holds"),
    }
}
