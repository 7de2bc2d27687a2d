"""Losses and metrics on values worked out by hand."""

import math

import pytest
import torch

from tunebook import losses

LOGITS = torch.tensor([[[0.0, 0.0], [math.log(3), 0.0]]])
LABELS = torch.tensor([[0, 1]])


def test_cross_entropy_of_logits():
    rows = losses.cross_entropy(LOGITS, LABELS)
    assert rows.shape == (1, 2)
    # Probabilities 1/2 for class 0, and 1/4 for class 1.
    assert rows[0].tolist() == pytest.approx([math.log(2), math.log(4)])


def test_mse_of_values_and_of_one_hot_labels():
    values = losses.mse(torch.tensor([[[3.0], [1.0]]]), torch.tensor([[[1.0], [1.0]]]))
    assert values.tolist() == [[4.0, 0.0]]
    one_hot = losses.mse(torch.tensor([[[1.0, 0.0], [1.0, 0.0]]]), LABELS)
    assert one_hot.tolist() == [[0.0, 1.0]]


def raw_variance(variance):
    """The output that `mean_and_variance` turns into this variance."""
    return math.log(math.expm1(variance - losses.SMALLEST_VARIANCE))


def test_gaussian_loss_without_its_constant():
    outputs = torch.tensor([[[2.0, raw_variance(4.0)], [0.0, raw_variance(0.01)]]])
    rows = losses.gaussian(outputs, torch.tensor([[[5.0], [0.0]]]))
    # log(4)/2 + 9/8, and log(0.01)/2 + 0: below zero, which a squared error never is.
    assert rows[0].tolist() == pytest.approx([0.5 * math.log(4) + 9 / 8, 0.5 * math.log(0.01)])
    with_constant = -torch.distributions.Normal(2.0, 2.0).log_prob(torch.tensor(5.0)).item()
    assert rows[0, 0].item() == pytest.approx(with_constant - 0.5 * math.log(2 * math.pi))


@pytest.mark.parametrize("raw", [-1e6, -50.0, 0.0, 50.0, 1e6])
def test_predicted_variance_is_positive_and_finite_for_every_output(raw):
    outputs = torch.tensor([[[0.0, raw]]], requires_grad=True)
    _, variance = losses.mean_and_variance(outputs)
    assert 0.999 * losses.SMALLEST_VARIANCE <= variance.item() <= 1e6 + 1
    loss = losses.gaussian(outputs, torch.ones(1, 1, 1)).sum()
    loss.backward()
    assert loss.isfinite() and outputs.grad.isfinite().all()


def test_losses_keep_replicates_apart():
    outputs = torch.randn(3, 7, 2, generator=torch.Generator().manual_seed(0))
    targets = torch.zeros(3, 7, 1)
    together = losses.gaussian(outputs, targets)
    for replicate in range(3):
        alone = losses.gaussian(outputs[replicate : replicate + 1], targets[:1])
        assert torch.equal(together[replicate], alone[0])


def test_accuracy_counts_right_classes():
    rows = losses.metric({"problem": "digits"}, LOGITS, LABELS, None)
    # Equal logits: the first class is taken, and is right; the second row is wrong.
    assert rows.tolist() == [[1.0, 0.0]]


def test_price_metric_is_in_squared_ranges_whatever_the_target():
    outputs = torch.tensor([[[110.0, 3.0]], [[0.55, 3.0]]])
    targets = torch.tensor([[[100.0]], [[0.5]]])
    unit = torch.tensor([200.0, 1.0])
    rows = losses.metric({"problem": "houses"}, outputs, targets, unit)
    assert rows.flatten().tolist() == pytest.approx([0.05**2, 0.05**2])


@pytest.mark.parametrize(
    ("name", "classes"), [("cross-entropy", 4), ("mse", 4), ("mse", 0), ("gaussian", 0)]
)
def test_written_gradients_are_those_of_autograd(name, classes):
    torch.manual_seed(0)
    outputs = (5 * torch.randn(3, 7, classes or (2 if name == "gaussian" else 1))).requires_grad_()
    targets = torch.randint(classes, (3, 7)) if classes else torch.randn(3, 7, 1)
    losses.LOSSES[name](outputs, targets).sum().backward()
    with torch.no_grad():
        written = losses.GRADIENTS[name](outputs, targets)
    torch.testing.assert_close(written, outputs.grad, rtol=1e-5, atol=1e-6)
