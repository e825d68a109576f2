//! Writes golden bundles, each in the first format that can say it, and decisions that they must give for ever:
//! `cargo run -p guerdon-policy --example golden -- checkpoints/golden`. It never replaces a file.

#[path = "../tests/common/mod.rs"]
mod common;

use common::*;
use guerdon_core::{QuietHours, Seed, Timestamp, Value};
use guerdon_policy::{Exploration, OwnedRequest, Placement, Policy};
use serde_json::{Value as Json, json};
use std::path::Path;

const REQUESTS: u64 = 60;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: golden FOLDER")?;
    let folder = Path::new(&folder);
    for (name, model, exploration) in [
        ("v3-ensemble", ensemble(2), Exploration::Vote { floor: 0.3 }),
        ("v3-trees", trees(2), Exploration::Softmax { temperature: 1.0, floor: 0.1 }),
        ("v3-scores", scores(2), Exploration::Softmax { temperature: 1.0, floor: 0.0 }),
        ("v3-placed", mlp(2), Exploration::EpsilonGreedy { epsilon: 0.3 }),
        ("v4-chain", part_chain(2), Exploration::Softmax { temperature: 1.0, floor: 0.2 }),
        ("v5-log-revenue", log_revenue(2), Exploration::Softmax { temperature: 1.0, floor: 0.2 }),
    ] {
        let (bundle, answers) = (folder.join(format!("{name}.safetensors")), folder.join(format!("{name}.json")));
        if bundle.exists() || answers.exists() {
            println!("{name} is there already and stays");
            continue;
        }
        let mut parts = parts(model, 2, exploration);
        parts.name = format!("golden-{name}");
        parts.guardrails = guardrails();
        parts.guardrails.quiet_hours = Some(QuietHours { from: 23, to: 4 });
        if name == "v3-placed" {
            parts.objective.placement = Some(Placement { reach: 0.4 });
        }
        write(&Policy::new(parts)?, &bundle, &answers)?;
    }
    Ok(())
}

fn write(policy: &Policy, bundle: &Path, answers: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut lines = vec![];
    for i in 0..REQUESTS {
        let line = request_line(i);
        let owned = policy.parse_request(&line.to_string(), &format!("request {i}"))?;
        lines.push(json!({"request": line, "decision": answer(policy, &owned)}));
    }
    policy.save(bundle)?;
    let text = json!({"version": policy.version(), "decisions": lines});
    std::fs::write(answers, format!("{text:#}\n"))?;
    Ok(())
}

/// Requests of every kind: with and without values, at all hours, sometimes with an eligible set.
fn request_line(i: u64) -> Json {
    let seed = Seed(20).indexed(i);
    let draw = |what: &str| seed.uniform(what);
    let one_of = |what: &str, names: &[&str]| names.get((draw(what) * names.len() as f64) as usize).map(|n| json!(n));
    let unless_missing = |what: &str, share: f64, value: Json| {
        if seed.named("missing").uniform(what) < share { Json::Null } else { value }
    };
    let at = Timestamp(1_772_323_200_000_000 + (draw("at") * 86.4e9) as i64);
    let mut line = json!({
        "decision_id": format!("d-{i}"),
        "member_id": format!("m-{}", i / 2),
        "at": at.to_string(),
        "context": {
            "age": unless_missing("age", 0.1, json!((draw("age") * 600.0).round() / 8.0)),
            "offers_7d": unless_missing("offers", 0.05, json!((draw("offers_7d") * 3.4).floor())),
            "consent": unless_missing("consent", 0.05, json!(one_of("consent", &["yes", "yes", "yes", "yes", "yes", "yes", "yes", "no"]))),
            "region": unless_missing("region", 0.1, json!(one_of("region", &["north", "south", "west", "sea"]))),
        },
    });
    if draw("eligible") < 0.2
        && let Some(line) = line.as_object_mut()
    {
        line.insert("eligible".into(), json!(["offer2", "none"]));
    }
    line
}

fn answer(policy: &Policy, owned: &OwnedRequest) -> Json {
    let values: Vec<Value> = owned.values();
    let request = owned.request(&values);
    let mut scratch = policy.scratch();
    let decision = policy.decide(&request, &mut scratch);
    let bits = |p: f64| format!("{:016x}", p.to_bits());
    let reasons: Vec<_> = decision.reasons.iter().collect();
    let action = policy.action_name(decision.action);
    let propensity = bits(decision.propensity.get());
    let probabilities: Vec<_> = policy.probabilities(&request, &mut scratch).iter().copied().map(bits).collect();
    json!({"action": action, "propensity": propensity, "probabilities": probabilities, "reasons": reasons})
}
