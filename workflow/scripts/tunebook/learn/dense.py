"""Dense networks, batched over R copies.

A layer's bias is the last row of its weights, and its inputs end with a column of ones: so a bias
costs no call of its own, forward or backward. Gradients are written out, as two products a layer,
straight into the matrix that the optimizer reads; recording and replaying small layers costs more
than their arithmetic. What is worked on lies at one place for each number of rows, and is looked up
there: for small layers, to make a new tensor or a view takes longer than to fill it.
"""

import torch

from . import products
from .network import Network, dropout_factors, initial, named

# By its full name, since to choose among functions of one name takes longer than the work.
threshold_backward = torch.ops.aten.threshold_backward.grad_input
# Rows that are predicted at once, so that what lies between the layers stays small.
ROWS = 4096


class DenseStack(Network):
    """Dense layers, each hidden one followed by ReLU and, in training, dropout.

    dropout: the rate of each copy, or one for all.
    """

    predicted = ROWS

    def __init__(self, inputs, widths, outputs, dropout, generators):
        self.sizes = [inputs, *widths, outputs]
        self.dropout = torch.tensor(dropout).view(-1, 1, 1) if any(dropout) else None
        self.library, self.spaces, self.layers = products.chosen(), {}, []
        for fan_in, fan_out in zip(self.sizes, self.sizes[1:], strict=False):
            weight = initial((fan_in, fan_out), fan_in, generators)
            bias = initial((1, fan_out), fan_in, generators)
            self.layers.append((weight, bias))
        super().__init__(named("dense", self.layers))

    def prepare(self, x):
        """Inputs [R, n, f], with a column of ones after them."""
        return torch.nn.functional.pad(x, (0, 1), value=1.0)

    def space(self, rows):
        """The Space for so many rows."""
        if rows not in self.spaces:
            self.spaces[rows] = Space(self, rows)
        return self.spaces[rows]

    def forward(self, x, generators=None):
        """(outputs [R, rows, outputs], trace for `backward`, which must come before the next call).

        x: prepared inputs. generators: for dropout, one a replicate; only while training.
        """
        space, multiply = self.space(x.shape[1]), self.library.multiply
        operand = self.library.operand
        given, factors = operand(x), []
        for weights, layer in zip(space.weights, space.hidden, strict=False):
            multiply(given, weights, out=layer.product)
            layer.whole.relu_()
            if self.dropout is not None and generators:
                shape = layer.values.shape[1:]
                factors.append(dropout_factors(shape, self.dropout, generators))
                layer.values.mul_(factors[-1])
            given = layer.given
        outputs = x.new_empty(*x.shape[:2], self.sizes[-1])
        multiply(given, space.weights[-1], out=operand(outputs))
        return outputs, (space, x, factors)

    def backward(self, trace, gradient, add=False, by_inputs=False):
        """Write, or add, the gradients by all parameters of a loss whose gradient by the outputs
        is given; returns that by the inputs where it is asked for.
        """
        space, x, factors = trace
        multiply, operand = self.library.multiply, self.library.operand
        for i in reversed(range(len(self.layers))):
            given = operand(gradient)
            inputs = space.hidden[i - 1].transposed if i else operand(x.mT)
            sums, out = space.gradients[i]
            if add:
                more = torch.empty_like(sums)
                multiply(inputs, given, out=operand(more))
                sums.add_(more)
            else:
                multiply(inputs, given, out=out)
            if not (i or by_inputs):
                return None
            transposed, (by, out) = space.transposed[i], space.by_inputs[i]
            if gradient.shape[-1] == 1:
                # A column times a row, which no library of products is good at.
                torch.mul(gradient, transposed, out=by)
            else:
                multiply(given, operand(transposed), out=out)
            if i:
                if factors:
                    by.mul_(factors[i - 1])
                # Above 0 just where ReLU let a value through and dropout kept it.
                values = space.hidden[i - 1].values
                threshold_backward(by, values, 0, grad_input=by)
            gradient = by
        return gradient


class Hidden:
    """Where the values of a hidden layer lie for some rows: `values` [R, rows, width].

    whole: these and the column of ones. product, given, transposed: for products, as what the layer
    is computed into, what the next one gets, and this turned round.
    """

    def __init__(self, count, rows, width, operand):
        self.whole = torch.ones(count, rows, width + 1)
        self.values = self.whole[..., :-1]
        self.product, self.given = operand(self.values), operand(self.whole)
        self.transposed = operand(self.whole.mT)


class Space:
    """Where a DenseStack works on some rows, and its numbers as products take them.

    weights: of each layer with its bias, for products; transposed: without, [R, fan_out, fan_in].
    gradients, by_inputs: of the loss by both, [R, fan_in + 1, fan_out] and [R, rows, fan_in], each
    a tensor and the same for products. hidden: a Hidden a layer.
    """

    def __init__(self, stack, rows):
        operand, count = stack.library.operand, len(stack.values)
        weights = [with_bias(*(each.value for each in layer)) for layer in stack.layers]
        gradients = [with_bias(*(each.gradient for each in layer)) for layer in stack.layers]
        by_inputs = [torch.empty(count, rows, width) for width in stack.sizes[:-1]]
        self.weights = [operand(each) for each in weights]
        self.transposed = [each[:, :-1].mT for each in weights]
        self.gradients = [(each, operand(each)) for each in gradients]
        self.by_inputs = [(each, operand(each)) for each in by_inputs]
        self.hidden = [Hidden(count, rows, width, operand) for width in stack.sizes[1:-1]]


def with_bias(weight, bias):
    """A layer's weights [R, fan_in, fan_out] and bias, which follow in memory, as one tensor."""
    count, fan_in, fan_out = weight.shape
    return weight.as_strided((count, fan_in + 1, fan_out), weight.stride(), weight.storage_offset())
