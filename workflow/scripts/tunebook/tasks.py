"""Classification and regression: the only room where the two differ.

A task says which numbers judge a network, which side of each is better, how many outputs a row
needs, and what a predictor that never looks at its inputs would say. Metrics work on tensors of R
replicates at once, `outputs [R, n, outputs]` and `targets` (labels `[R, n]` or values `[R, n, 1]`),
and return `[R]`. PyTorch is imported where it is needed, since a task is also asked for at the
start of every `snakemake` call.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A number that says how well a network does on some rows.

    function: (outputs, targets, ruler) -> [R], blank (not a number) where it does not exist.
    label: in a sentence. unit: `share` (of one, shown in per cent), `squared ranges` (one range is
    the largest target less the smallest in all rows of the files, so that every replicate has the
    same), `target` (the target's own unit), `nats`, or "" for a plain number. better: the side that
    is better. least, most: what it can be. of_row: where the metric is a mean over rows, what each
    row adds to it, (outputs, targets, ruler) -> [R, n]; see `mean_over_rows`.
    """

    function: Callable
    label: str
    unit: str = "share"
    better: str = "higher"
    least: float = 0.0
    most: float = math.inf
    of_row: Callable | None = None

    def error(self, value):
        """`value` turned so that lower is better: one minus it where higher is better."""
        return 1 - value if self.better == "higher" else value


@dataclass(frozen=True)
class Ruler:
    """What errors of R replicates are measured in, tensors `[R]`.

    unit: how much of the target as trained is one range of the target, which differs where each
    replicate is scaled by rows of its own. range: that range in the target's own unit. logs:
    `[R, 2]`, the factor and the offset that make of a target as trained its logarithm, and then
    unit and range are the same; zeros where targets are trained as they are, None where all are.
    """

    unit: object
    range: object
    logs: object = None

    def straight(self, trained):
        """Targets or predictions as trained, [R, n, 1], so that their differences are errors:
        unchanged, or in the target's own unit where its logarithms are trained.
        """
        return self.where_logs(trained, lambda x, factor, offset: (x * factor + offset).exp())

    def bent(self, values):
        """Such values as they are trained: `straight`, the other way."""
        return self.where_logs(values, lambda x, factor, offset: (x.log() - offset) / factor)

    def where_logs(self, values, change):
        """Values [R, n, 1], changed in double precision where logarithms are trained.

        None is more than its type holds, whatever a network that ran away predicts.
        """
        import torch

        if self.logs is None or not self.logs.any():
            return values
        factor, offset = self.logs.T[..., None, None]
        changed = change(values.double(), factor, offset).clamp(max=torch.finfo(values.dtype).max)
        return torch.where(factor > 0, changed.to(values.dtype), values)


@dataclass(frozen=True)
class Task:
    """What is predicted: metrics by name (in configurations `balanced-accuracy`, in columns
    `balanced_accuracy`), the metric that judges unless a problem names another, how many outputs a
    row needs, the outputs of the constant predictor, and those of several predictors together.
    """

    name: str
    metrics: dict
    metric: str
    outputs: Callable
    constant: Callable
    average: Callable


def confusion(outputs, labels):
    """How many rows of each class are read as each: [R, classes, classes], true class first."""
    import torch

    classes = outputs.shape[-1]
    cells = labels * classes + outputs.argmax(dim=-1)
    found = torch.zeros(len(labels), classes * classes, dtype=torch.float64)
    found.scatter_add_(1, cells, torch.ones_like(cells, dtype=torch.float64))
    return found.view(-1, classes, classes)


def mean_over_rows(of_row, *about, **more):
    """The Metric that is the mean over rows of what `of_row` says of each."""
    return Metric(lambda *given: of_row(*given).mean(dim=1), *about, of_row=of_row, **more)


def right(outputs, labels, ruler):
    return (outputs.argmax(dim=-1) == labels).to(outputs.dtype)


def wrong(outputs, labels, ruler):
    return 1 - right(outputs, labels, ruler)


def balanced_accuracy(outputs, labels, ruler):
    """The mean over classes of the share of their rows that is read right (recall)."""
    table = confusion(outputs, labels)
    return (table.diagonal(dim1=1, dim2=2) / table.sum(2)).nanmean(dim=1)


def macro_f1(outputs, labels, ruler):
    """The mean of 2 TP / (2 TP + FP + FN) over the classes that occur or are predicted."""
    table = confusion(outputs, labels)
    right = table.diagonal(dim1=1, dim2=2)
    return (2 * right / (table.sum(1) + table.sum(2))).nanmean(dim=1)


def log_loss(outputs, labels, ruler):
    """The negative logarithm of the softmax probability of the true class."""
    scores = outputs.double().log_softmax(dim=-1)
    return -scores.gather(2, labels[..., None]).squeeze(-1)


def auc(outputs, labels, ruler):
    """The area under the ROC curve, one class against the rest, mean over classes.

    By ranks (Mann and Whitney, 1947), ties count half. Classes that all rows or none belong to have
    none. Two classes have one area.
    """
    import torch
    from scipy.stats import rankdata

    scores = outputs.double().softmax(dim=-1).numpy()
    ranks = torch.from_numpy(rankdata(scores, axis=1))
    member = torch.nn.functional.one_hot(labels, outputs.shape[-1]).double()
    inside = member.sum(dim=1)
    outside = labels.shape[1] - inside
    area = ((ranks * member).sum(dim=1) - inside * (inside + 1) / 2) / (inside * outside)
    return area.nanmean(dim=1)


def errors(outputs, targets, ruler):
    """Predicted less true values, [R, n, 1], of which `ruler.unit` are one range."""
    return ruler.straight(outputs[..., :1]) - ruler.straight(targets)


def squared_error(outputs, targets, ruler):
    return (errors(outputs, targets, ruler).squeeze(-1) / ruler.unit[:, None]).square()


def rmse(outputs, targets, ruler):
    # In double: the square of what a network that ran away predicts is more than a float holds.
    error = errors(outputs, targets, ruler).squeeze(-1).double() / ruler.unit[:, None]
    return error.square().mean(dim=1).sqrt() * ruler.range


def absolute_error(outputs, targets, ruler):
    error = errors(outputs, targets, ruler).squeeze(-1) / ruler.unit[:, None]
    return error.abs() * ruler.range[:, None]


def r2(outputs, targets, ruler):
    """The share of the targets' variance, among the same rows, that is explained."""
    left = errors(outputs, targets, ruler).double().square().mean(dim=(1, 2))
    return 1 - left / ruler.straight(targets).double().var(dim=(1, 2), correction=0)


def commonest(train_targets, rows, classes, ruler):
    """Outputs [R, rows, classes] of always saying the commonest class: logarithms of shares."""
    import torch

    counts = torch.nn.functional.one_hot(train_targets, classes).sum(dim=1).double()
    shares = (counts / counts.sum(dim=1, keepdim=True)).log()
    return shares[:, None].expand(-1, rows, -1)


def mean(train_targets, rows, classes, ruler):
    """Outputs [R, rows, 1] of always saying the mean of the training targets, however scaled."""
    same = ruler.straight(train_targets).mean(dim=1, keepdim=True)
    return ruler.bent(same).expand(-1, rows, -1)


def mean_of_probabilities(outputs):
    """Outputs [R, rows, classes] of K predictors together, from theirs [K, R, rows, classes]: the
    logarithms of the means of their probabilities.
    """
    return outputs.double().log_softmax(dim=-1).logsumexp(dim=0) - math.log(len(outputs))


def mean_of_predictions(outputs):
    """Outputs [R, rows, 1] of K predictors together, from theirs [K, R, rows, 1 or 2]: the mean of
    what they predict, without a variance.
    """
    return outputs[..., :1].double().mean(dim=0)


CLASSIFICATION = Task(
    name="classification",
    metrics={
        "accuracy": mean_over_rows(right, "accuracy", most=1.0),
        "error-rate": mean_over_rows(wrong, "error rate", better="lower", most=1.0),
        "balanced-accuracy": Metric(balanced_accuracy, "balanced accuracy", most=1.0),
        "macro-f1": Metric(macro_f1, "macro F1", most=1.0),
        "log-loss": mean_over_rows(log_loss, "log loss", "nats", "lower"),
        "auc": Metric(auc, "area under the ROC curve", most=1.0),
    },
    metric="accuracy",
    outputs=lambda loss, classes: classes,
    constant=commonest,
    average=mean_of_probabilities,
)
REGRESSION = Task(
    name="regression",
    metrics={
        "mse": mean_over_rows(squared_error, "squared error", "squared ranges", "lower"),
        "rmse": Metric(rmse, "root mean squared error of a replicate", "target", "lower"),
        "mae": mean_over_rows(absolute_error, "mean absolute error", "target", "lower"),
        "r2": Metric(r2, "R²", "", least=-math.inf, most=1.0),
    },
    metric="mse",
    # A Gaussian loss predicts a mean and a variance.
    outputs=lambda loss, classes: 2 if loss == "gaussian" else 1,
    constant=mean,
    average=mean_of_predictions,
)
TASKS = {task.name: task for task in (CLASSIFICATION, REGRESSION)}


def column(metric):
    """A metric's name as it stands in the columns of tables."""
    return metric.replace("-", "_")
