"""Networks of the study's own: any torch.nn.Module class in a Python file of the study's folder.

The class is called with `inputs` (the number of features of a table; (channels, height, width) of
images), `outputs` (numbers for each row) and its arguments from the configuration. `forward` gets
[rows, features], or [rows, channels, height, width], and gives [rows, outputs], all of 32 bits.

R copies are trained by autograd, each with its own initial weights, buffers (running means) and
dropout. Where it is faster they are one computation, by torch.func.vmap; where vmap cannot (a
random operation besides torch.nn.Dropout, control flow that depends on the data), one by one. The
results are the same to float rounding.
"""

import importlib.util
import itertools
import math
import sys
import traceback
import warnings
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch

from ..jobs import TunebookError
from ..study.signature import arguments, code_hash
from .network import Network, parameter, pull_back

# Copies are one computation from so many on, and up to so many weights times rows of a step times
# pixels of an image. Measured on one thread, with small dense and convolutional modules, with and
# without batch-norm and dropout: a step of 10 copies is then 1.2 to 2.4 times as fast, of 5 copies
# 0.9 to 1.6 times, of 3 copies not faster; above the limit arithmetic outweighs what is saved.
FEWEST = 5
LARGEST = 4e6
# Rows of images that are predicted at once, so that their maps fit in memory.
IMAGES = 250


class Maker:
    """A class of the study's own, ready to be called; what fails in it is told by one message."""

    def __init__(self, configuration, inputs, outputs, folder):
        file, _, name = configuration["module"].rpartition(":")
        self.path = Path(folder, file)
        self.where = f"{self.path}:{name}"
        known = arguments(self.path, name)
        self.given = {key: configuration[key] for key in known if key in configuration}
        self.inputs, self.outputs = inputs, outputs
        self.shape = inputs if isinstance(inputs, tuple) else (inputs,)
        self.kind = load_module(self.path, name)
        if configuration.get("code") not in (None, code_hash(self.path)):
            raise TunebookError(f"{self.path}: changed since the study was started; start it again")

    def __call__(self, generator):
        """A new module, in training mode, its weights drawn from a generator, which stays as it is.

        Its first outputs, for two rows of zeros, are looked at; lazy layers find their sizes so.
        """
        with chance(generator.clone_state()), self.explained("could not be made"):
            module = self.kind(inputs=self.inputs, outputs=self.outputs, **self.given)
        with chance(generator.clone_state()), self.explained("forward failed"), torch.no_grad():
            found = module.eval()(torch.zeros(2, *self.shape))
        if not (torch.is_tensor(found) and found.shape == (2, self.outputs)):
            what = list(found.shape) if torch.is_tensor(found) else type(found).__name__
            self.refuse(f"forward gave {what} for 2 rows")
        trained = [each for each in module.parameters() if each.requires_grad]
        if not trained or any(t.dtype != torch.float32 for t in [found, *trained]):
            self.refuse("found no weights to train, or such of another type than 32-bit numbers")
        return module.train()

    @contextmanager
    def explained(self, what):
        """Whatever goes wrong in the study's own code, as one TunebookError with its line."""
        try:
            yield
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            lines = [frame.lineno for frame in frames if frame.filename == str(self.path)]
            line = f"line {lines[-1]}: " if lines else ""
            first = (str(error).splitlines() or [""])[0]
            self.refuse(f"{what}: {line}{type(error).__name__}: {first}")

    def refuse(self, what):
        """Raise the TunebookError that says what is wrong and what is expected."""
        given = "".join(f", {key}={value!r}" for key, value in self.given.items())
        sizes = ", ".join(map(str, self.shape))
        raise TunebookError(
            f"{self.where}: {what}; allowed: a torch.nn.Module that can be called with "
            f"inputs={self.inputs}, outputs={self.outputs}{given} and turns [rows, {sizes}] into "
            f"[rows, {self.outputs}]"
        ) from None


def load_module(path, name):
    """The torch.nn.Module class of that name in a Python file; TunebookError if there is none."""
    specification = importlib.util.spec_from_file_location(f"study_{path.stem}", path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise TunebookError(
            f"{path}: could not be loaded: {type(error).__name__}: {error}; allowed: a Python file "
            "that can be imported by itself"
        ) from None
    found = getattr(module, name, None)
    if not (isinstance(found, type) and issubclass(found, torch.nn.Module)):
        raise TunebookError(f"{path}:{name}: found {found!r}; allowed: a class of torch.nn.Module")
    return found


def module_stack(configuration, inputs, outputs, generators, folder, rows):
    """The ModuleStack of a configuration; see `models.build`."""
    make = Maker(configuration, inputs, outputs, folder)
    stack = ModuleStack(make, generators)
    pixels = math.prod(make.shape[1:])
    faster = len(generators) >= FEWEST and rows and rows * stack.size() * pixels <= LARGEST
    return ModuleStack(make, generators, True) if faster and agrees(make, generators) else stack


@contextmanager
def chance(generator):
    """Let PyTorch's own random numbers come from a generator, and leave its state where they end.

    None: always from the same state.
    """
    generator = generator or torch.Generator()
    before = torch.default_generator.get_state()
    torch.default_generator.set_state(generator.get_state())
    try:
        yield
    finally:
        generator.set_state(torch.default_generator.get_state())
        torch.default_generator.set_state(before)


class ModuleStack(Network):
    """R copies of a module. batched: whether they are one computation.

    One by one, each copy is a module whose numbers are views of those kept here; as one
    computation, a single module stands for all.
    """

    def __init__(self, make, generators, batched=False):
        self.make, self.batched, self.generators = make, batched, None
        self.predicted = IMAGES if len(make.shape) > 1 else None
        self.copies = [make(generator) for generator in generators]
        kinds = [tensors_of(copy) for copy in self.copies]
        trained, kept = (
            {name: torch.stack([kind[which][name].detach() for kind in kinds]) for name in first}
            for which, first in enumerate(kinds[0])
        )
        super().__init__({name: parameter(value) for name, value in trained.items()}, kept)
        if batched:
            self.prepare_batch(make(generators[0]))
        else:
            self.bind(kinds)

    def bind(self, kinds):
        """Let the copies hold views of the numbers that are kept here."""
        self.bound = []
        for slot, (copy, (trained, kept)) in enumerate(zip(self.copies, kinds, strict=True)):
            for name, value in trained.items():
                own = self.parameters[name]
                value.data, value.grad = own.value[slot], own.gradient[slot]
            views = {name: self.buffers[name][slot] for name in kept}
            for where, key, name in places(copy):
                if name in views:
                    where[key] = views[name]
                    self.bound.append((where, key, views[name]))

    def prepare_batch(self, template):
        """Let one module stand for all copies: its numbers are put in while it is called."""
        self.copies = [template]
        self.places = places(template)
        for module in template.modules():
            if type(module) is torch.nn.Dropout and module.p < 1:
                module.forward = partial(dropout, self, module)
        self.leaves = {}
        for name, own in self.parameters.items():
            self.leaves[name] = own.value.detach().requires_grad_()
            self.leaves[name].grad = own.gradient
        self.all_at_once = torch.func.vmap(self.call, randomness="error")

    def forward(self, x, generators=None):
        """(outputs [R, rows, outputs], trace for `backward`); see DenseStack.forward.

        generators: for all that is random in the module.
        """
        x = x.reshape(*x.shape[:2], *self.make.shape)
        for copy in self.copies:
            if copy.training != (generators is not None):
                copy.train(generators is not None)
        with torch.set_grad_enabled(generators is not None), self.make.explained("forward failed"):
            outputs = self.together(x, generators) if self.batched else self.apart(x, generators)
        if outputs.shape != (*x.shape[:2], self.make.outputs):
            self.make.refuse(f"forward gave {list(outputs.shape[1:])} for {x.shape[1]} rows")
        return outputs.detach(), outputs

    def backward(self, trace, gradient, add=False):
        """Write, or add, the gradients by all parameters; see DenseStack.backward."""
        if not add:
            self.gradients.zero_()
        with self.make.explained("its gradient failed"):
            pull_back([trace], [gradient])

    def apart(self, x, generators):
        """Outputs of the copies, one after the other."""
        outputs = []
        generators = generators or [None] * len(x)
        for copy, rows, generator in zip(self.copies, x, generators, strict=True):
            with chance(generator):
                # Of rows of its own, so that a module that works in place leaves the data alone.
                outputs.append(copy(rows.clone()))
        for where, key, view in self.bound:
            if where[key] is not view:
                view.copy_(where[key].detach())
                where[key] = view
        return torch.stack(outputs)

    def together(self, x, generators):
        """The same, as one computation."""
        self.generators = generators
        outputs, kept = self.all_at_once(self.leaves, self.buffers, x.clone())
        for name, value in kept.items():
            if value.data_ptr() != self.buffers[name].data_ptr():
                self.buffers[name].copy_(value.detach())
        return outputs

    def call(self, leaves, buffers, x):
        """Outputs and buffers of one copy, whose numbers are given by name."""
        numbers = leaves | buffers
        for where, key, name in self.places:
            where[key] = numbers[name]
        outputs = self.copies[0](x)
        return outputs, {name: where[key] for where, key, name in self.places if name in buffers}


def tensors_of(module):
    """({name: trained parameter}, {name: buffer or frozen parameter}) of a module."""
    named = dict(itertools.chain(module.named_parameters(), module.named_buffers()))
    trained = {name: tensor for name, tensor in named.items() if tensor.requires_grad}
    return trained, {name: tensor for name, tensor in named.items() if name not in trained}


def places(module):
    """[(dictionary, key, name)]: where the module and its parts keep each parameter and buffer."""
    names = {id(t): name for kind in tensors_of(module) for name, t in kind.items()}
    return [
        (where, key, names[id(tensor)])
        for part in module.modules()
        for where in (part._parameters, part._buffers)
        for key, tensor in where.items()
        if tensor is not None
    ]


class Kept(torch.autograd.Function):
    """Dropout's factors for copies that are one computation: each copy's from its own generator.

    They are drawn as torch.nn.functional.dropout draws them, so a copy by itself gets the same.
    """

    @staticmethod
    def forward(x, stack, rate):
        raise RuntimeError("only copies that are one computation come here")

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.mark_non_differentiable(output)

    @staticmethod
    def backward(ctx, gradient):
        return None, None, None

    @staticmethod
    def vmap(info, in_dims, x, stack, rate):
        factors = torch.empty(x.movedim(in_dims[0], 0).shape)
        for one, generator in zip(factors, stack.generators, strict=True):
            one.bernoulli_(1 - rate, generator=generator)
        return factors.div_(1 - rate), 0


def dropout(stack, module, x):
    """What a torch.nn.Dropout module does, for copies that are one computation."""
    if not module.training or module.p == 0:
        return x
    return x * Kept.apply(x, stack, module.p)


def agrees(make, generators):
    """Whether the copies, as one computation, give what they give one by one.

    Tried with two steps on a few made-up rows. vmap's own warning, that it goes through the copies
    one by one, counts as no.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            one, other = (trial(ModuleStack(make, generators, way)) for way in (True, False))
        return all(
            torch.allclose(a, b, rtol=1e-3, atol=1e-3, equal_nan=True)
            for a, b in zip(one, other, strict=True)
        )
    except Exception:
        return False


def trial(stack):
    """What two steps and a prediction leave: outputs, gradients, buffers."""
    count = len(next(iter(stack.parameters.values())).value)
    x = torch.randn(count, 5, *stack.make.shape, generator=torch.Generator().manual_seed(0))
    generators = [torch.Generator().manual_seed(seed) for seed in range(count)]
    found = []
    for _ in range(2):
        outputs, trace = stack.forward(x, generators)
        stack.backward(trace, torch.ones_like(outputs))
        found += [outputs, stack.gradients.clone()]
    return [*found, stack.predict(x), *stack.state().values()]
