"""Dense networks, batched over R copies.

A layer's bias is the last row of its weights, and its inputs end with a column of ones: so a bias
costs no call of its own, forward or backward. Gradients are written out, as two products a layer,
straight into the matrix that the optimizer reads; recording and replaying small layers costs more
than their arithmetic. What is worked on lies at one place for each number of rows, and is looked up
there: for small layers, to make a new tensor or a view takes longer than to fill it.
"""

import torch

from . import products
from .activations import ACTIVATIONS
from .network import Network, dropout_factors, initial, named

# Rows that are predicted at once, so that what lies between the layers stays small.
ROWS = 4096


class DenseStack(Network):
    """Dense layers, each hidden one followed by an activation and, in training, dropout.

    dropout: the rate of each copy, or one for all; None: the configuration's.
    """

    predicted = ROWS

    def __init__(self, configuration, inputs, outputs, generators, dropout=None):
        self.sizes = [inputs, *configuration["widths"], outputs]
        dropout = dropout or [configuration["dropout"]]
        self.activation = ACTIVATIONS[configuration["activation"]]
        self.dropout = torch.tensor(dropout).view(-1, 1, 1) if any(dropout) else None
        self.library, self.spaces, self.layers = products.chosen(), {}, []
        way = configuration["initial_weights"]
        last = "zero" if configuration["last_layer"] == "zero" else way
        ways = [way] * (len(self.sizes) - 2) + [last]
        for *fans, way in zip(self.sizes, self.sizes[1:], ways, strict=False):
            self.layers.append(initial((fans, (1, fans[1])), fans, generators, way))
        super().__init__(named("dense", self.layers))

    def prepare(self, x):
        """Inputs [R, n, f], with a column of ones after them."""
        return torch.nn.functional.pad(x, (0, 1), value=1.0)

    def space(self, rows, training):
        """The Space for so many rows, in training or not."""
        if (rows, training) not in self.spaces:
            self.spaces[rows, training] = Space(self, rows, training)
        return self.spaces[rows, training]

    def forward(self, x, generators=None):
        """(outputs [R, rows, outputs], trace for `backward`, which must come before the next call).

        x: prepared inputs. generators: for dropout, one a replicate; only while training.
        """
        space, multiply = self.space(x.shape[1], generators is not None), self.library.multiply
        operand, activate = self.library.operand, self.activation.forward
        given, factors = operand(x), []
        for weights, layer in zip(space.weights, space.hidden, strict=False):
            multiply(given, weights, out=layer.product)
            activate(layer.before, layer.after)
            if self.dropout is not None and generators:
                shape = layer.values.shape[1:]
                factors.append(dropout_factors(shape, self.dropout, generators))
                torch.mul(layer.undropped, factors[-1], out=layer.values)
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
                self.activation.backward(by, space.hidden[i - 1].kept)
            gradient = by
        return gradient


class Hidden:
    """Where the values of a hidden layer lie for some rows: `values` [R, rows, width].

    whole: these and the column of ones. product, given, transposed: for products, as what the layer
    is computed into, what the next one gets, and this turned round. before, after: what the
    activation reads and writes; kept: what its gradient goes by; undropped: what dropout reads.
    keeps: see Activation. apart: whether what is kept is not what the next layer gets.
    """

    def __init__(self, count, rows, width, operand, keeps, apart):
        self.whole = torch.ones(count, rows, width + 1)
        self.values = self.whole[..., :-1]
        # With a gap after each row: so rows are worked on one by one, whatever other copies there
        # are. Of a row's last numbers some operations round in another way than of the others.
        self.kept = torch.ones(count, rows, width + 1)[..., :-1] if apart else self.values
        self.before = self.whole if keeps == "sign" else self.kept
        self.after = self.values if keeps == "input" else self.before
        self.undropped = self.kept if keeps == "output" else self.values
        self.product, self.given = operand(self.kept), operand(self.whole)
        self.transposed = operand(self.whole.mT)


class Space:
    """Where a DenseStack works on some rows, and its numbers as products take them.

    weights: of each layer with its bias, for products; transposed: without, [R, fan_out, fan_in].
    gradients, by_inputs: of the loss by both, [R, fan_in + 1, fan_out] and [R, rows, fan_in], each
    a tensor and the same for products. hidden: a Hidden a layer.
    """

    def __init__(self, stack, rows, training):
        operand, count, keeps = stack.library.operand, len(stack.values), stack.activation.keeps
        apart = training and (keeps == "input" or (keeps == "output" and stack.dropout is not None))
        weights = [with_bias(*(each.value for each in layer)) for layer in stack.layers]
        gradients = [with_bias(*(each.gradient for each in layer)) for layer in stack.layers]
        by_inputs = [torch.empty(count, rows, width) for width in stack.sizes[:-1]]
        self.weights = [operand(each) for each in weights]
        self.transposed = [each[:, :-1].mT for each in weights]
        self.gradients = [(each, operand(each)) for each in gradients]
        self.by_inputs = [(each, operand(each)) for each in by_inputs]
        self.hidden = [
            Hidden(count, rows, width, operand, keeps, apart) for width in stack.sizes[1:-1]
        ]


def with_bias(weight, bias):
    """A layer's weights [R, fan_in, fan_out] and bias, which follow in memory, as one tensor."""
    count, fan_in, fan_out = weight.shape
    return weight.as_strided((count, fan_in + 1, fan_out), weight.stride(), weight.storage_offset())
