//! Whether an ordering could be weaker.
//!
//! The driver names the places in the source that ask for an ordering, each once for each kind of operation that meets
//! it and for each time that one does. The models run again with one of them a step weaker and all others as they are.
//! If no model breaks a law then, that ordering was stronger than the models need.

use super::laws::ask_one;
use super::laws::models::{Model, explore};
use crate::protocol::ordering::{Job, Operation, Order, Part, Site, Weakening};
use testkit::client::Client;
use testkit::{Fault, Judged};

/// What is told beside `SeqCst`, of which loom shows less than there is.
const SEQ_CST: &str = " Loom treats `SeqCst` loads and stores as acquire and release. What else they give, one order \
                       of all such operations, matters only where a thread stores one variable and then loads another.";

/// Weakens each ordering by a step, and tells of those that no model missed.
pub fn weakest<M: Model>(client: &Client<'_>, models: &[M]) -> Judged {
    for model in models {
        explore(client, model, None)?;
    }
    let sites = ask_one::<Vec<Site>>(client, Job::Sites)?;
    if sites.is_empty() {
        return Err(Fault::failed(
            "Under loom, no atomic operation of `heap_api::sync` was seen, so there is no ordering to weigh.",
        ));
    }
    let (mut strong, mut why) = (Vec::new(), "");
    for site in &sites {
        let weakenings = weaker(site).into_iter().map(|order| Weakening { site: site.clone(), order });
        for weakening in weakenings {
            if pass(client, models, &weakening)? {
                strong.push(describe(site));
                if site.order == Order::SeqCst && site.part != Part::Fence {
                    why = SEQ_CST;
                }
                break;
            }
        }
    }
    if strong.is_empty() {
        return Ok(());
    }
    Err(Fault::failed(format!(
        "Every model still passes with one of these orderings a step weaker, and the others as they are: {}.{why}",
        strong.join("; ")
    )))
}

/// Whether all models pass with a site weakened. A panic, loom's own included, is no pass.
fn pass<M: Model>(client: &Client<'_>, models: &[M], weakening: &Weakening) -> Judged<bool> {
    for model in models {
        match explore(client, model, Some(weakening.clone())) {
            Ok(()) => {}
            Err(Fault::Broke(why)) => return Err(Fault::Broke(why)),
            Err(_) => return Ok(false),
        }
    }
    Ok(true)
}

/// What is one step weaker than what a site asks for.
fn weaker(site: &Site) -> Vec<Option<Order>> {
    let steps: &[Option<Order>] = match (site.part, site.order) {
        (Part::Load | Part::FailedExchange, Order::SeqCst) => &[Some(Order::Acquire)],
        (Part::Store, Order::SeqCst) => &[Some(Order::Release)],
        (Part::Update | Part::Fence, Order::SeqCst) => &[Some(Order::AcqRel)],
        (Part::Update | Part::Fence, Order::AcqRel) => &[Some(Order::Acquire), Some(Order::Release)],
        (Part::Fence, _) => &[None],
        (_, Order::Relaxed) => &[],
        _ => &[Some(Order::Relaxed)],
    };
    steps.to_vec()
}

fn describe(site: &Site) -> String {
    let part = match site.part {
        Part::Load => "load",
        Part::Store => "store",
        Part::Update => "read-modify-write",
        Part::FailedExchange => "failing exchange",
        Part::Fence => "fence",
    };
    let file = site.file.rsplit_once("src/").map_or(site.file.as_str(), |(_, file)| file);
    let operation = match site.operation {
        Operation::In => "in a push or a write",
        Operation::Out => "in a pop or a read",
    };
    let time = match site.before {
        0 => String::new(),
        Site::OFTEN => format!(", from the {}th time on", Site::OFTEN + 1),
        before => format!(", the {} time", ["second", "third"][before as usize - 1]),
    };
    format!("the {part}'s {:?} at src/{file}:{}:{} ({operation}{time})", site.order, site.line, site.column)
}
