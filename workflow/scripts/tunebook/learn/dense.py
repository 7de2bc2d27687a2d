"""Dense networks, batched over R copies.

A layer's bias is the last row of its weights, and its inputs end with a column of ones: so a bias
costs no call of its own, forward or backward. Gradients are written out, as two products a layer,
straight into the matrix that the optimizer reads; recording and replaying small layers costs more
than their arithmetic. What is worked on lies at one place for each number of rows, and is looked up
there: for small layers, to make a new tensor or a view takes longer than to fill it.
"""

import itertools

import torch

from . import products
from .activations import ACTIVATIONS
from .network import PAIR, Network, dropout_factors, initial, named
from .normalization import Normalization

# Rows that are predicted at once, so that what lies between the layers stays small.
ROWS = 4096


class DenseStack(Network):
    """Dense layers, each hidden one normalized, activated and, in training, thinned by dropout.

    dropout: the rate of each copy, or one for all; None: the configuration's. The bias of a layer
    that is normalized comes after that, where nothing takes it away again.
    """

    predicted = ROWS

    def __init__(self, configuration, inputs, outputs, generators, dropout=None):
        self.sizes = [inputs, *configuration["widths"], outputs]
        dropout = dropout or [configuration["dropout"]]
        self.dropout = torch.tensor(dropout).view(-1, 1, 1) if any(dropout) else None
        self.activation = ACTIVATIONS[configuration["activation"]]
        self.library, self.spaces, self.layers, self.norms = products.chosen(), {}, [], []
        kind, way = configuration["normalization"], configuration["initial_weights"]
        for i, fans in enumerate(itertools.pairwise(self.sizes), start=2):
            last = i == len(self.sizes)
            if last and configuration["last_layer"] == "zero":
                way = "zero"
            pair = initial((fans, (1, fans[1])), fans, generators, way)
            self.layers.append(dict(zip(PAIR, pair, strict=True)))
            if kind != "none" and not last:
                self.norms.append(Normalization(kind, len(generators), fans[1]))
                self.layers[-1] |= self.norms[-1].parameters
        buffers = named("dense", [norm.buffers for norm in self.norms])
        super().__init__(named("dense", self.layers), buffers)

    def prepare(self, x):
        """Inputs [R, n, f], with a column of ones after them."""
        return torch.nn.functional.pad(x, (0, 1), value=1.0)

    def space(self, rows, training):
        """The Space for so many rows, in training or not."""
        if (rows, training) not in self.spaces:
            self.spaces[rows, training] = Space(self, rows, training)
        return self.spaces[rows, training]

    def taken(self, whole, i):
        """What layer i takes of its inputs and the ones: not these, where its bias comes later."""
        return whole[..., :-1] if "scale" in self.layers[i] else whole

    def forward(self, x, generators=None):
        """(outputs [R, rows, outputs], trace for `backward`, which must come before the next call).

        x: prepared inputs. generators: for dropout, one a replicate; only while training.
        """
        training = generators is not None
        space, multiply = self.space(x.shape[1], training), self.library.multiply
        operand, activate = self.library.operand, self.activation.forward
        x = self.taken(x, 0)
        given, factors = operand(x), []
        for weights, layer in zip(space.weights, space.hidden, strict=False):
            multiply(given, weights, out=layer.product)
            if layer.norm:
                layer.rate = layer.norm.forward(layer.computed, layer.kept, training)
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
                layer = space.hidden[i - 1]
                self.activation.backward(by, layer.kept)
                if layer.norm:
                    layer.norm.backward(layer.rate, layer.computed, by, layer.kept, add)
            gradient = by
        return gradient


class Hidden:
    """Where the values of a hidden layer lie for some rows: `values` [R, rows, width].

    whole: these and the column of ones. product, given, transposed: for products, as what the layer
    is computed into, what the next one gets, and this turned round. computed: what is normalized,
    or activated. before, after: what the activation reads and writes; kept: what its gradient goes
    by; undropped: what dropout reads. norm: a Normalization or None, and `rate` its trace.
    """

    def __init__(self, stack, i, rows, training):
        count, width, operand = len(stack.values), stack.sizes[i + 1], stack.library.operand
        keeps, dropping = stack.activation.keeps, stack.dropout is not None
        self.norm = stack.norms[i] if stack.norms else None
        # All have a gap after each row, so that rows are worked on one by one whatever other copies
        # there are: some operations round the last numbers of a stretch in another way.
        self.whole = torch.ones(count, rows, width + 1)
        self.values = self.kept = self.whole[..., :-1]
        if training and (keeps == "input" or (keeps == "output" and dropping)):
            self.kept = torch.ones_like(self.whole)[..., :-1]
        self.before = self.whole if keeps == "sign" else self.kept
        self.after = self.values if keeps == "input" else self.before
        self.undropped = self.kept if keeps == "output" else self.values
        self.computed = torch.ones_like(self.whole)[..., :-1] if self.norm else self.kept
        given = stack.taken(self.whole, i + 1)
        self.product, self.given = operand(self.computed), operand(given)
        self.transposed = operand(given.mT)


class Space:
    """Where a DenseStack works on some rows, and its numbers as products take them.

    weights: of each layer with its bias, for products; transposed: without, [R, fan_out, fan_in].
    gradients, by_inputs: of the loss by both, [R, fan_in + 1, fan_out] and [R, rows, fan_in], each
    a tensor and the same for products. hidden: a Hidden a layer.
    """

    def __init__(self, stack, rows, training):
        operand, count = stack.library.operand, len(stack.values)
        weights = [joined(layer, "value") for layer in stack.layers]
        gradients = [joined(layer, "gradient") for layer in stack.layers]
        by_inputs = [torch.empty(count, rows, width) for width in stack.sizes[:-1]]
        self.weights = [operand(each) for each in weights]
        self.transposed = [layer["weight"].value.mT for layer in stack.layers]
        self.gradients = [(each, operand(each)) for each in gradients]
        self.by_inputs = [(each, operand(each)) for each in by_inputs]
        self.hidden = [Hidden(stack, i, rows, training) for i in range(len(stack.sizes) - 2)]


def joined(layer, which):
    """The `value` or `gradient` of a layer's weights and bias, which follow in memory, as one
    tensor [R, fan_in + 1, fan_out]; of the weights alone, where the bias comes later.
    """
    weight = getattr(layer["weight"], which)
    if "scale" in layer:
        return weight
    count, fan_in, fan_out = weight.shape
    return weight.as_strided((count, fan_in + 1, fan_out), weight.stride(), weight.storage_offset())
