//! What a roll-out takes for granted, in sentences for whoever reads its figures.

use super::fit::FURTHEST;
use super::plan::Plan;
use super::sample::Sample;

/// One sentence each; `held_out` says whether the models never saw members that the policies were trained on.
pub(super) fn assumptions(plan: &Plan, sample: &Sample, held_out: bool) -> Vec<String> {
    let (members, rows, hours) = (sample.members_in_all, sample.rows_in_all, plan.window_hours);
    let fitted = if held_out {
        format!(
            "The models are fitted to the {rows} decisions of the {members} members that none of the policies was \
             trained on, and roll-outs start from them."
        )
    } else {
        format!(
            "The models are fitted to all {rows} decisions of {members} members of the log; a policy trained on some \
             of them may look better than it is."
        )
    };
    let mut all = vec![
        fitted,
        format!(
            "Each member gets one decision every {hours} hours, beginning {hours} hours after their last logged one; \
             nobody joins or leaves."
        ),
        "Given a member's features and the offer, stages follow from the stage before, and spend from the offer, by \
         chance alone; chances follow from scores that are linear in the features, amounts are linear in them."
            .into(),
        "What members did before their first logged decision is forgotten, and so is when exactly they bought: orders \
         spread evenly over a window."
            .into(),
        "Habits stay as they were at the log's end: what a member buys in the roll-out moves what the policies see, \
         but not what the member is taken to buy later. How many offers came of late does move on."
            .into(),
        format!(
            "Features further than {FURTHEST} standard deviations from their mean in the log count as {FURTHEST}: \
             states that the log hardly holds, such as months without an offer, are taken to be like the furthest \
             that it does hold."
        ),
        "Attributes stay as last logged; prices, competitors and seasons stay as they were in the log.".into(),
        "Intervals cover what differs between bootstraps of members, not what these assumptions get wrong.".into(),
    ];
    if plan.none.is_none() {
        all.push(
            "The catalogue has no \"none\": figures are set against the logged actions in their logged shares, and a \
             decision that is left without an action brings nothing and costs nothing."
                .into(),
        );
    }
    all
}
