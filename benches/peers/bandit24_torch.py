"""Direct method with a plain PyTorch network on the bandit24 log: f(x, kind, amount, timing, action) -> reward, best action by f.

Prints (value - logging) / (oracle - logging) on the 20,000 contexts whose expected reward of every action is known, for
each network alone and for their average (of logits).
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

ACTIONS = 24


def one_hot(index, count):
    return np.eye(count, dtype=np.float32)[index]


def action_features():
    """[24, 33]: kind (3), amount (4), timing (2) and the action itself (24), one-hot; action = kind*8 + amount*2 + timing."""
    action = np.arange(ACTIONS)
    parts = (one_hot(action // 8, 3), one_hot(action // 2 % 4, 4), one_hot(action % 2, 2), one_hot(action, ACTIONS))
    return np.concatenate(parts, 1)


def network(inputs, hidden, dropout):
    layers = []
    for width in hidden:
        layers += [nn.Linear(inputs, width), nn.SiLU(), nn.Dropout(dropout)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, 1))


def fit(x, action, reward, options, seed):
    torch.manual_seed(seed)
    features = torch.from_numpy(action_features())
    model = network(x.shape[1] + features.shape[1], options.hidden, options.dropout)
    optimiser = torch.optim.AdamW(model.parameters(), lr=options.rate, weight_decay=options.weight_decay)
    steps = -(-len(x) // options.batch) * options.epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=options.rate, total_steps=steps)
    loss = nn.BCEWithLogitsLoss()
    model.train()
    for _ in range(options.epochs):
        for rows in torch.randperm(len(x)).split(options.batch):
            optimiser.zero_grad()
            inputs = torch.cat((x[rows], features[action[rows]]), 1)
            loss(model(inputs).squeeze(1), reward[rows]).backward()
            optimiser.step()
            schedule.step()
    return model.eval()


@torch.no_grad()
def logits(model, x):
    features = torch.from_numpy(action_features())
    scores = [model(torch.cat((x, f.expand(len(x), -1)), 1)).squeeze(1) for f in features]
    return torch.stack(scores, 1).numpy()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with log_*.parquet, holdout_20000.parquet and truth.json")
    parser.add_argument("--log", default="log_10000.parquet", help="the log to learn from")
    parser.add_argument("--rows", type=int, help="only its first rows")
    parser.add_argument("--networks", type=int, default=3)
    parser.add_argument("--hidden", type=int, nargs="+", default=[256, 256])
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--rate", type=float, default=4e-3, help="highest learning rate of the one-cycle schedule")
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    log = pd.read_parquet(options.data / options.log).head(options.rows)
    holdout = pd.read_parquet(options.data / "holdout_20000.parquet")
    truth = json.loads((options.data / "truth.json").read_text())["holdout_20000"]
    names = [f"x{i}" for i in range(20)]
    x = torch.tensor(log[names].to_numpy(np.float32))
    action = torch.tensor(log["action"].to_numpy(np.int64))
    reward = torch.tensor(log["reward"].to_numpy(np.float32))
    fresh = torch.tensor(holdout[names].to_numpy(np.float32))
    q = holdout[[f"q_{a}" for a in range(ACTIONS)]].to_numpy()

    def score(scores):
        value = q[np.arange(len(q)), scores.argmax(1)].mean()
        return (value - truth["logging"]) / (truth["oracle"] - truth["logging"])

    wall, cpu = time.perf_counter(), time.process_time()
    models = [fit(x, action, reward, options, options.seed + i) for i in range(options.networks)]
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    scores = [logits(model, fresh) for model in models]
    print(json.dumps({
        "log": options.log, "rows": len(log), "hidden": options.hidden, "dropout": options.dropout,
        "rate": options.rate, "weight_decay": options.weight_decay, "epochs": options.epochs, "batch": options.batch,
        "one": [round(float(score(s)), 4) for s in scores],
        "averaged": round(float(score(np.mean(scores, 0))), 4),
        "wall_s": round(wall, 1), "cpu_s": round(cpu, 1),
    }), flush=True)


if __name__ == "__main__":
    main()
