"""Decisions of plain reference models in the folds of a sweep, for `guerdon sweep --decisions NAME=FILE`.

For each fold the models are fitted on the members of the other folds alone, with all features of the decision log, on the
net value of each logged decision; each decision of the fold gets the action of highest prediction. One Parquet file a
model, with decision_id and action:
ridge-per-arm            one ridge regression an action (scikit-learn)
boosted-per-arm          one boosted model an action (LightGBM)
boosted-one              one boosted model with the action, and what its name says, among the features (LightGBM)
base-residual-ridge      a boosted model of the value whatever the action, then one ridge an action on what it leaves,
                         the base out of fold (LightGBM, scikit-learn)
Penalties and numbers of trees are chosen by 5-fold cross-validation over the members that are fitted on.
"""

import argparse
import json
import re
import time
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold

PENALTIES = 10.0 ** np.arange(-1, 8)
TREES = {"objective": "l2", "learning_rate": 0.05, "num_leaves": 8, "min_data_in_leaf": 50, "bagging_fraction": 0.8,
         "bagging_freq": 1, "feature_fraction": 0.8, "verbosity": -1, "deterministic": True}
MOST_ROUNDS = 500
MODELS = ["ridge-per-arm", "boosted-per-arm", "boosted-one", "base-residual-ridge"]


class Linear:
    """Ridge on standardised numbers (missing: the mean, and a column that says so) and one-hot categories."""

    def __init__(self, context, target, members):
        self.numbers = context.select_dtypes("number").columns
        self.categories = {c: sorted(context[c].dropna().unique()) for c in context.columns.difference(self.numbers)}
        self.mean, self.sd = context[self.numbers].mean(), context[self.numbers].std().replace(0.0, 1.0)
        x = self.encode(context)
        errors = np.zeros(len(PENALTIES))
        for fit, held in GroupKFold(5).split(x, groups=members):
            for place, penalty in enumerate(PENALTIES):
                model = Ridge(penalty).fit(x[fit], target[fit])
                errors[place] += np.square(target[held] - model.predict(x[held])).sum()
        self.model = Ridge(PENALTIES[errors.argmin()]).fit(x, target)

    def encode(self, context):
        numbers = context[self.numbers]
        parts = [((numbers - self.mean) / self.sd).fillna(0.0).to_numpy(), numbers.isna().to_numpy(float)]
        for column, values in self.categories.items():
            parts += [(context[[column]].to_numpy() == np.array([values], dtype=object)).astype(float)]
        return np.concatenate(parts, 1)

    def predict(self, context):
        return self.model.predict(self.encode(context))


class Boosted:
    """LightGBM, which takes missing numbers and categories as they are."""

    def __init__(self, context, target, members, options, rounds=None):
        settings = TREES | {"seed": options.seed, "num_threads": options.threads}
        data = lightgbm.Dataset(context, target, free_raw_data=False, params=settings)
        if rounds is None:
            folds = list(GroupKFold(5).split(context, groups=members))
            stop = [lightgbm.early_stopping(30, verbose=False)]
            found = lightgbm.cv(settings, data, MOST_ROUNDS, folds=folds, callbacks=stop)
            rounds = len(found["valid l2-mean"])
        self.rounds = rounds
        self.model = lightgbm.train(settings, lightgbm.Dataset(context, target), rounds)

    def predict(self, context):
        return self.model.predict(context)


def action_table(actions):
    """What the actions' names say: the action and its first word as categories, the numbers in it as numbers."""
    words = pd.Categorical([re.split(r"_\d", name)[0] for name in actions])
    numbers = [[float(n) for n in re.findall(r"\d+", name)] for name in actions]
    width = max(map(len, numbers))
    table = pd.DataFrame([n + [0.0] * (width - len(n)) for n in numbers], columns=[f"n{i}" for i in range(width)])
    return table.assign(action=pd.Categorical(range(len(actions))), word=words)


def with_action(context, chosen, table):
    parts = table.iloc[chosen].reset_index(drop=True)
    return pd.concat([context.reset_index(drop=True), parts], axis=1)


def per_arm(fit, train, test, actions):
    scores = []
    for arm in range(len(actions)):
        rows = train["arm"] == arm
        model = fit(train["x"][rows], train["net"][rows], train["member"][rows])
        scores.append(model.predict(test["x"]))
    return np.stack(scores, 1)


def boosted_one(train, test, actions, options):
    table = action_table(actions)
    model = Boosted(with_action(train["x"], train["arm"], table), train["net"], train["member"], options)
    arms = range(len(actions))
    return np.stack([model.predict(with_action(test["x"], [arm] * len(test["x"]), table)) for arm in arms], 1)


def base_residual_ridge(train, test, actions, options):
    base = np.zeros(len(train["net"]))
    rounds = Boosted(train["x"], train["net"], train["member"], options).rounds
    for fit, held in GroupKFold(5).split(base, groups=train["member"]):
        model = Boosted(train["x"].iloc[fit], train["net"][fit], train["member"][fit], options, rounds)
        base[held] = model.predict(train["x"].iloc[held])
    # The base is the same for every action, so that it need not be added to compare them.
    return per_arm(Linear, train | {"net": train["net"] - base}, test, actions)


def read(options):
    log = pd.read_parquet(options.log).merge(pd.read_parquet(options.folds), on="member_id", validate="many_to_one")
    context = log[[name for name in log.columns if name.startswith("x.")]]
    context = context.rename(columns=lambda name: name[2:])
    for column in context.columns.difference(context.select_dtypes("number").columns):
        context[column] = context[column].astype(pd.CategoricalDtype(sorted(context[column].dropna().unique())))
    actions = sorted(log["action"].unique())
    return log, context, actions


def net_values(log, rows, options):
    """Net value of every decision, revenue cut at its quantile among those of `rows` that brought any, and loaded."""
    revenue = log["revenue"].astype(float).to_numpy()
    if options.winsorize < 1.0:
        seen = revenue[rows & (revenue > 0.0)]
        most = np.quantile(seen, options.winsorize, method="inverted_cdf")
        loading = seen.sum() / np.minimum(seen, most).sum()
        revenue = np.where(revenue > 0.0, np.minimum(revenue, most) * loading, revenue)
    offered = (log["action"] != "none").to_numpy()
    return options.margin * revenue - log["cost"].astype(float).to_numpy() - options.contact_cost * offered


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", type=Path, help="a decision log, as guerdon ingest writes it")
    parser.add_argument("folds", type=Path, help="folds.parquet of the sweep's folder")
    parser.add_argument("--out", type=Path, required=True, help="folder for the decisions")
    parser.add_argument("--margin", type=float, default=0.3)
    parser.add_argument("--contact-cost", type=float, default=0.0)
    parser.add_argument("--winsorize", type=float, default=1.0, help="quantile at which revenue is cut; 1: it is not")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS, metavar="NAME")
    return parser.parse_args()


def main():
    options = arguments()
    log, context, actions = read(options)
    arm = log["action"].map({name: place for place, name in enumerate(actions)}).to_numpy()
    members = log["member_id"].to_numpy()
    fold = log["fold"].to_numpy()

    def boosted(*data):
        return Boosted(*data, options)

    models = {
        "ridge-per-arm": lambda train, test: per_arm(Linear, train, test, actions),
        "boosted-per-arm": lambda train, test: per_arm(boosted, train, test, actions),
        "boosted-one": lambda train, test: boosted_one(train, test, actions, options),
        "base-residual-ridge": lambda train, test: base_residual_ridge(train, test, actions, options),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.models:
        model = models[name]
        start, chosen = time.process_time(), np.zeros(len(log), int)
        for held in np.unique(fold):
            rows = fold != held
            net = net_values(log, rows, options)
            train = {"x": context[rows], "arm": arm[rows], "net": net[rows], "member": members[rows]}
            chosen[~rows] = model(train, {"x": context[~rows]}).argmax(1)
        names = np.array(actions)[chosen]
        pd.DataFrame({"decision_id": log["decision_id"], "action": names}).to_parquet(options.out / f"{name}.parquet")
        taken = pd.Series(names).value_counts(normalize=True).round(3).to_dict()
        print(json.dumps({"model": name, "cpu_s": round(time.process_time() - start, 1), "actions": taken}), flush=True)


if __name__ == "__main__":
    main()
