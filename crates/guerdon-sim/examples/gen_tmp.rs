//! Temporary.
use guerdon_sim::coffeehouse::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let t = std::time::Instant::now();
    let o = Options { truth: a.len() < 5, ..Options::default() };
    let g = generate(
        a[1].parse().unwrap(),
        guerdon_core::Seed(a[2].parse().unwrap()),
        std::path::Path::new(&a[3]),
        &o,
        &guerdon_core::NoProgress,
    )
    .unwrap();
    println!("{} {:?}", serde_json::to_string_pretty(&g).unwrap(), t.elapsed());
}
