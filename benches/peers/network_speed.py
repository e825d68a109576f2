"""Training speed of an ensemble of small PyTorch networks on two cores: one after another, in two processes, batched, or both.

Each network: 64 inputs -> 128 -> 128 (SiLU) -> 3 heads x 24 actions. The last layer's weights are an own matrix plus a
shared one that acts through 20 traits of each action: W = W_own + reshape(W_shared [128*3, 20] @ traits^T [20, 24]).
Loss at the logged action: binary cross-entropy of two heads plus half the squared error of the third. AdamW, one-cycle
(cosine) rate, each parameter's gradient clipped to norm 1, rows in a new order every epoch. The data are random numbers
made before the clock starts; processes have started and warmed up by then too.
"""

import argparse
import json
import math
import multiprocessing
import time

import torch
from torch.nn import functional as F

INPUTS, HIDDEN, HEADS, ACTIONS, TRAITS = 64, 128, 3, 24, 20


def make_data(rows, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return {
        "x": torch.randn(rows, INPUTS, generator=draw),
        "action": torch.randint(ACTIONS, (rows,), generator=draw),
        "target": torch.cat((
            (torch.rand(rows, 2, generator=draw) < 0.3).float(), torch.randn(rows, 1, generator=draw)), 1),
        "traits": (torch.rand(ACTIONS, TRAITS, generator=draw) < 0.3).float(),
    }


def parameters(members, seed):
    """Weights of `members` networks, each with a leading dimension of the members."""
    draw = torch.Generator().manual_seed(seed)

    def uniform(fan_in, *shape):
        return ((torch.rand(members, *shape, generator=draw) * 2 - 1) / math.sqrt(fan_in)).requires_grad_()

    return [
        uniform(INPUTS, INPUTS, HIDDEN), uniform(INPUTS, 1, HIDDEN),
        uniform(HIDDEN, HIDDEN, HIDDEN), uniform(HIDDEN, 1, HIDDEN),
        uniform(HIDDEN, HIDDEN, HEADS * ACTIONS), uniform(HIDDEN, 1, HEADS * ACTIONS),
        uniform(HIDDEN * TRAITS, HIDDEN * HEADS, TRAITS),
    ]


def loss_of(weights, x, action, target, traits):
    """Sum over the members of each member's mean loss; x [members, batch, inputs]."""
    w1, b1, w2, b2, own, b3, shared = weights
    w3 = own + (shared @ traits.T).view(-1, HIDDEN, HEADS * ACTIONS)
    hidden = F.silu(torch.baddbmm(b2, F.silu(torch.baddbmm(b1, x, w1)), w2))
    out = torch.baddbmm(b3, hidden, w3).unflatten(2, (HEADS, ACTIONS))
    chosen = out.gather(3, action[:, :, None, None].expand(-1, -1, HEADS, 1)).squeeze(3)
    chances = F.binary_cross_entropy_with_logits(chosen[..., :2], target[..., :2], reduction="sum")
    amount = 0.5 * (chosen[..., 2] - target[..., 2]).square().sum()
    return (chances + amount) / x.shape[1]


def loss_of_one(weights, x, action, target, traits):
    """The same for one member, without the leading dimension in the products."""
    w1, b1, w2, b2, own, b3, shared = (w.squeeze(0) for w in weights)
    w3 = own + (shared @ traits.T).view(HIDDEN, HEADS * ACTIONS)
    hidden = F.silu(torch.addmm(b2, F.silu(torch.addmm(b1, x[0], w1)), w2))
    out = torch.addmm(b3, hidden, w3).unflatten(1, (HEADS, ACTIONS))
    chosen = out.gather(2, action[0][:, None, None].expand(-1, HEADS, 1)).squeeze(2)
    chances = F.binary_cross_entropy_with_logits(chosen[:, :2], target[0][:, :2], reduction="sum")
    return (chances + 0.5 * (chosen[:, 2] - target[0][:, 2]).square().sum()) / x.shape[1]


def clip_each(weights):
    """Clips the gradient of each parameter of each member to norm 1."""
    grads = [w.grad for w in weights]
    if grads[0].shape[0] == 1:
        scales = torch._foreach_norm(grads)
        torch._foreach_clamp_min_(scales, 1.0)
        torch._foreach_div_(grads, scales)
        return
    for grad in grads:
        grad.div_(grad.flatten(1).norm(dim=1).clamp_min_(1.0)[:, None, None])


def train(data, members, options, seed, epochs=None):
    """Trains `members` networks at once; the mean loss of the last epoch."""
    epochs = epochs or options.epochs
    weights = parameters(members, seed)
    optimiser = torch.optim.AdamW(weights, lr=options.rate, weight_decay=0.01, fused=options.fused or None)
    rows = len(data["x"])
    steps = -(-rows // options.batch) * epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=options.rate, total_steps=steps)
    draw = torch.Generator().manual_seed(seed)
    loss_function = loss_of_one if members == 1 else loss_of
    if options.compile:
        loss_function = torch.compile(loss_function, dynamic=False)
    for _ in range(epochs):
        order, total = torch.stack([torch.randperm(rows, generator=draw) for _ in range(members)]), 0.0
        for index in order.split(options.batch, dim=1):
            optimiser.zero_grad(set_to_none=True)
            loss = loss_function(
                weights, data["x"][index], data["action"][index], data["target"][index], data["traits"])
            loss.backward()
            clip_each(weights)
            optimiser.step()
            schedule.step()
            total += loss.detach() * index.shape[1]
    return float(total) / rows / members


def worker(number, options, barrier, results):
    torch.set_num_threads(1)
    data = make_data(options.rows)
    mine = range(number, options.members, 2)
    at_once = len(mine) if options.mode == "processes-batched" else 1
    warm_up(data, at_once, options)
    barrier.wait()
    wall, cpu = time.perf_counter(), time.process_time()
    losses = [train(data, at_once, options, seed) for seed in mine[::at_once]]
    results.put((wall, time.perf_counter(), time.process_time() - cpu, losses))


def warm_up(data, members, options):
    train({k: v if k == "traits" else v[:2 * options.batch] for k, v in data.items()}, members, options, 0, 1)


def in_processes(options):
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(2), context.Queue()
    workers = [context.Process(target=worker, args=(n, options, barrier, results)) for n in range(2)]
    for process in workers:
        process.start()
    starts, ends, cpu, losses = zip(*[results.get() for _ in workers])
    for process in workers:
        process.join()
    return max(ends) - min(starts), sum(cpu), [loss for some in losses for loss in some]


def in_this_process(options):
    torch.set_num_threads(options.threads)
    data = make_data(options.rows)
    at_once = options.members if options.mode == "batched" else 1
    warm_up(data, at_once, options)
    wall, cpu = time.perf_counter(), time.process_time()
    losses = [train(data, at_once, options, seed) for seed in range(options.members // at_once)]
    return time.perf_counter() - wall, time.process_time() - cpu, losses


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["threads", "processes", "batched", "processes-batched"],
                        help="threads: one network after another; processes: two at a time, a thread each; batched: all at "
                             "once; processes-batched: two processes, each half of them at once")
    parser.add_argument("--rows", type=int, default=51_200)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--members", type=int, default=5)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=2, help="of the modes threads and batched")
    parser.add_argument("--fused", action=argparse.BooleanOptionalAction, default=True, help="AdamW's fused kernel")
    parser.add_argument("--compile", action="store_true", help="torch.compile the loss (compiling is not timed)")
    return parser.parse_args()


def main():
    options = arguments()
    two = options.mode.startswith("processes")
    wall, cpu, losses = in_processes(options) if two else in_this_process(options)
    seen = options.rows * options.epochs * options.members
    print(json.dumps({
        "mode": options.mode, "rows": options.rows, "epochs": options.epochs, "members": options.members,
        "batch": options.batch, "threads": 1 if two else options.threads,
        "fused": options.fused, "compile": options.compile,
        "wall_s": round(wall, 3), "cpu_s": round(cpu, 3),
        "wall_us_per_row_and_member": round(1e6 * wall / seen, 2),
        "cpu_us_per_row_and_member": round(1e6 * cpu / seen, 2),
        "loss": round(sum(losses) / len(losses), 4),
    }))


if __name__ == "__main__":
    main()
