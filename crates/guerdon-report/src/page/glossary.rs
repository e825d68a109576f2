//! The words of the page, one line each.

use maud::{Markup, html};

const WORDS: &[(&str, &str)] = &[
    ("decision", "one moment at which a member could be offered something, \"nothing\" included"),
    ("policy", "a rule that says, for each member and moment, with which probability it offers what"),
    ("what was done", "the logging policy: the rule that was in force when the log was written"),
    (
        "net value",
        "margin on the revenue inside the attribution window, less the cost of the reward and of the contact",
    ),
    ("propensity", "the probability with which the logged offer was made; without it nothing else could be valued"),
    (
        "IPS",
        "inverse propensity scoring: logged outcomes, weighted by how much more often the policy would choose them",
    ),
    ("SNIPS", "the same, divided by the mean weight; steadier, with a little bias"),
    ("DM", "direct method: what a model of outcomes predicts; its interval leaves out the error of that model"),
    ("DR", "doubly robust: the model's prediction, corrected by the weighted outcomes; right if either part is"),
    ("interval", "a range that would contain the true value in the stated share of repetitions"),
    ("ESS", "effective sample size: how many decisions the weighted ones are worth"),
    (
        "not evaluable",
        "the log says too little of this policy for any number to be honest; the reason says what is missing",
    ),
    ("mature", "a decision whose whole attribution window lies inside the log"),
    ("incremental", "above what the reference, which makes no offers, brings"),
    ("ROI", "(incremental margin − cost) / cost: 0.5 returns 1.50 of margin for each 1.00 spent"),
];

pub(super) fn section() -> Option<Markup> {
    Some(html! {
        dl { @for (word, meaning) in WORDS { dt { (word) } dd { (meaning) } } }
    })
}
