//! Judging a tracker that finds no memory for its tables.

use super::laws::model::Model;
use super::laws::{Call, client, free, look};
use crate::protocol::Request;
use crate::protocol::track::{Job, Reply, Stage, Staged};
use std::collections::BTreeSet;
use testkit::{Check, Fault, Judged};

/// Carries out stages on a fresh tracker. A block for which there is no memory may have no record: then it counts as
/// given back at once. All that was recorded before stays, and what comes when there is memory again is recorded. The
/// stages that are starved allocate only.
pub fn starve(check: &Check, stages: Vec<Stage>) -> Judged {
    let request = Request::Track(Job::Starve(stages.clone()));
    let answer = client(check)?.ask::<_, Staged>(&request);
    let (replies, fault) = match answer {
        Ok(transcript) => (transcript.replies, None),
        Err((fault, replies)) => (replies, Some(fault)),
    };
    let mut model = Model::default();
    let mut replies = replies.into_iter();
    let mut done = 0;
    for Stage { calls, starved } in &stages {
        done += calls.len();
        let memory = if *starved { "while there was no memory" } else { "with memory enough" };
        let place = format!("After {done} calls, the last {} of them {memory}: ", calls.len());
        let Some(Staged { withheld, live, totals }) = replies.next() else {
            let fault = fault.unwrap_or_else(|| Fault::failed("the driver gave no reply."));
            return Err(fault.map(|failure| failure.message.insert_str(0, &place)));
        };
        if withheld > 0 {
            return Err(Fault::failed(format!(
                "{place}{withheld} blocks that the heap gave were not handed out."
            )));
        }
        let recorded: BTreeSet<u64> = live.iter().map(|record| record.block).collect();
        for call in calls {
            model.make(*call);
            if let Call::Malloc { answer: Some(block), .. } = call
                && *starved
                && !recorded.contains(block)
            {
                model.make(free(*block));
            }
        }
        let seen = Reply::Seen { live, totals };
        model.observe(&look(), &seen).map_err(|why| Fault::failed(format!("{place}{why}.")))?;
    }
    fault.map_or(Ok(()), Err)
}
